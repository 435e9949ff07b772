/*
 * The proof that a writer's log was forked: two signed headers of one log and generation that can not both be true. Anyone
 * can check it with the writer's key alone, so it spreads and voids that generation for every peer alike. Neither body is
 * needed. Of the two headers the one with the smaller hash stands first: the same pair is always the same proof.
 */
import { compareBytes, equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
export type { SealedHeader } from './stored.ts'
import type { SealedHeader } from './stored.ts'
import { readSealedHeader, writeSealedHeader } from './stored.ts'

export interface Fork {
  a: SealedHeader
  b: SealedHeader
}

/** Whether both are of one log and generation, and at one place but different, or neighbours of which the later denies the earlier. */
export function contradicts(a: SealedHeader, b: SealedHeader): boolean {
  const one = a.header
  const two = b.header
  if (one.writer !== two.writer || one.prefixLen !== two.prefixLen) return false
  if (one.prefix !== two.prefix || one.generation !== two.generation) return false
  if (one.seq === two.seq) return !equalBytes(a.hash, b.hash)
  if (one.seq + 1 === two.seq) return !equalBytes(two.prev, a.hash)
  if (two.seq + 1 === one.seq) return !equalBytes(one.prev, b.hash)
  return false
}

/** The proof in its one order. Throws FormatError when the two do not contradict each other. */
export function makeFork(one: SealedHeader, two: SealedHeader): Fork {
  const fork = compareBytes(one.hash, two.hash) < 0 ? { a: one, b: two } : { a: two, b: one }
  checkFork(fork)
  return fork
}

export function encodeFork(fork: Fork): Uint8Array {
  checkFork(fork)
  const writer = new Writer(640)
  writeSealedHeader(writer, fork.a)
  writeSealedHeader(writer, fork.b)
  return writer.finish()
}

/** Checks both paths and the contradiction; the two seals' signatures are the caller's. Throws FormatError. */
export function decodeFork(bytes: Uint8Array, crypto: Crypto): Fork {
  const reader = new Reader(bytes)
  const fork = { a: readSealedHeader(reader, crypto), b: readSealedHeader(reader, crypto) }
  reader.end()
  checkFork(fork)
  return fork
}

function checkFork({ a, b }: Fork): void {
  if (!contradicts(a, b)) throw new FormatError('the two headers of a fork do not contradict each other')
  if (compareBytes(a.hash, b.hash) >= 0) throw new FormatError('the two headers of a fork are in the wrong order')
}
