/*
 * The checks that encoders and decoders share: a length, a range, strict order, a name out of a short list. Each says in one
 * sentence what was wrong.
 */
import { compareBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { textLength } from '../bytes/utf8.ts'

export function checkLength(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length !== length) throw new FormatError(`${what} has ${bytes.length} bytes instead of ${length}`)
  return bytes
}

export function checkRange(n: number, min: number, max: number, what: string): number {
  if (!Number.isInteger(n) || n < min || n > max) throw new FormatError(`${what} is ${n}, not ${min} to ${max}`)
  return n
}

/** Length in UTF-8 bytes. */
export function checkText(text: string, min: number, max: number, what: string): string {
  const length = textLength(text)
  if (length < min || length > max) throw new FormatError(`${what} has ${length} bytes, not ${min} to ${max}`)
  return text
}

/** Strictly ascending: `before` must come before `after`, so neither order nor a duplicate is left open. */
export function checkOrder(before: Uint8Array | undefined, after: Uint8Array, what: string): void {
  if (before !== undefined && compareBytes(before, after) >= 0)
    throw new FormatError(`${what} are not sorted or repeat`)
}

export function checkDistinct(texts: readonly string[], what: string): void {
  if (new Set(texts).size !== texts.length) throw new FormatError(`${what} repeat`)
}

export function checkFlags(flags: number, known: number, what: string): number {
  if ((flags & ~known) !== 0) throw new FormatError(`${what} has unknown flags`)
  return flags
}

/** Names on the wire are their place in a list, counted from 1. */
export function nameAt<T extends string>(names: readonly T[], code: number, what: string): T {
  const name = names[code - 1]
  if (name === undefined) throw new FormatError(`${what} ${code} is unknown`)
  return name
}

export function codeOf<T extends string>(names: readonly T[], name: T, what: string): number {
  const at = names.indexOf(name)
  if (at < 0) throw new FormatError(`${what} ${String(name)} is unknown`)
  return at + 1
}

export const zeroHash: Uint8Array = new Uint8Array(32)

export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false
  return true
}
