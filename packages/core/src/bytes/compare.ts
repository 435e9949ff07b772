/*
 * Small pure helpers on byte arrays: order, equality, joining, and the three text forms in use (hex, base64url, UTF-8).
 * The decoders of text are strict: exactly one text stands for some bytes, every other text throws FormatError.
 */
import { FormatError } from './format-error.ts'
import { readText, textLength, writeText } from './utf8.ts'

const hexDigits = '0123456789abcdef'
const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const hexUnits = unitsOf(hexDigits)
const base64Units = unitsOf(base64Digits)
/** Arguments that one call takes without trouble. */
const chunkUnits = 4096
const base64Values = valuesOf(base64Digits)
const hexValues = valuesOf(hexDigits)

/** Order of the unsigned bytes, a prefix before what it begins; negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Not constant in time: nothing that is secret is compared here. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Lower case. */
export function toHex(bytes: Uint8Array): string {
  const units = new Array<number>(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    units[2 * i] = hexUnits[byte >> 4] as number
    units[2 * i + 1] = hexUnits[byte & 15] as number
  }
  return textOf(units)
}

/** Lower case only. Throws FormatError. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new FormatError('a hex text has an odd length')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digit(hexValues, text, 2 * i) << 4) | digit(hexValues, text, 2 * i + 1)
  }
  return bytes
}

/** Without padding. */
export function toBase64url(bytes: Uint8Array): string {
  const units: number[] = []
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    units.push(base64Units[group >> 18] as number, base64Units[(group >> 12) & 63] as number)
    if (left > 1) units.push(base64Units[(group >> 6) & 63] as number)
    if (left > 2) units.push(base64Units[group & 63] as number)
  }
  return textOf(units)
}

/** Without padding, spare bits zero. Throws FormatError. */
export function fromBase64url(text: string): Uint8Array {
  if (text.length % 4 === 1) throw new FormatError('a base64url text has an impossible length')
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let at = 0
  let held = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    held = ((held << 6) | digit(base64Values, text, i)) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 255
    }
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw new FormatError('a base64url text has spare bits that are not zero')
  return bytes
}

/** Strict UTF-8. Throws FormatError. */
export function toText(bytes: Uint8Array): string {
  return readText(bytes)
}

/** UTF-8. Throws FormatError on a lone surrogate. */
export function fromText(text: string): Uint8Array {
  const bytes = new Uint8Array(textLength(text))
  writeText(text, bytes, 0)
  return bytes
}

function valuesOf(digits: string): Uint8Array {
  const values = new Uint8Array(128).fill(255)
  for (let i = 0; i < digits.length; i++) values[digits.charCodeAt(i)] = i
  return values
}

function digit(values: Uint8Array, text: string, at: number): number {
  const value = values[text.charCodeAt(at)] ?? 255
  if (value === 255) throw new FormatError('a text holds a character outside its alphabet')
  return value
}

/** Made at once: a text put together from pieces is kept as its pieces, at ten times the memory. */
function textOf(units: readonly number[]): string {
  if (units.length <= chunkUnits) return String.fromCharCode(...units)
  let text = ''
  for (let at = 0; at < units.length; at += chunkUnits) text += String.fromCharCode(...units.slice(at, at + chunkUnits))
  return text
}

function unitsOf(digits: string): Uint8Array {
  return Uint8Array.from(digits, (digit) => digit.charCodeAt(0))
}
