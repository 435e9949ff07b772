/*
 * A seal is one signature over a commit of up to 64 entries: it signs the root of a Merkle tree over their hashes, together
 * with the writer's commit number and the previous commit's hash, from which a receiver sees that it missed something.
 * Nothing here verifies the signature; that is the caller's, with the writer's key:
 * verify(key, signedBytes('pinmesh/seal/1', meshId, sealedBytes(seal)), seal.sig).
 */
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { signedBytes } from '../crypto.ts'
import { checkLength, checkRange } from './check.ts'

/** Entries in one commit. */
export const commitEntriesMax = 64

export interface Seal {
  writer: number
  /** Counts this writer's commits, over all logs. */
  commit: number
  /** sealHash of the commit before; zeros where there is none. */
  prevCommit: Uint8Array
  /** Entries in the commit, 1..64. */
  n: number
  /** Merkle root over their hashes. */
  root: Uint8Array
  sig: Uint8Array
}

/** The part that is signed: all but sig. */
export function sealedBytes(seal: Omit<Seal, 'sig'>): Uint8Array {
  const writer = new Writer(80)
  writeSigned(writer, seal)
  return writer.finish()
}

/** What the next commit names as its prevCommit, 32 bytes. */
export function sealHash(seal: Omit<Seal, 'sig'>, meshId: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.hash(signedBytes('pinmesh/seal/1', meshId, sealedBytes(seal)))
}

export function encodeSeal(seal: Seal): Uint8Array {
  const writer = new Writer(144)
  writeSeal(writer, seal)
  return writer.finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeSeal(bytes: Uint8Array): Seal {
  const reader = new Reader(bytes)
  const seal = readSeal(reader)
  reader.end()
  return seal
}

/** One seal inside something larger; it knows its own end. */
export function writeSeal(writer: Writer, seal: Seal): void {
  writeSigned(writer, seal)
  writer.raw(checkLength(seal.sig, 64, 'a signature'))
}

/** The inverse of writeSeal. */
export function readSeal(reader: Reader): Seal {
  return {
    writer: reader.u32(),
    commit: reader.v(),
    prevCommit: reader.raw(32),
    n: checkRange(reader.u8(), 1, commitEntriesMax, 'the number of entries under a seal'),
    root: reader.raw(32),
    sig: reader.raw(64)
  }
}

function writeSigned(writer: Writer, seal: Omit<Seal, 'sig'>): void {
  writer
    .u32(seal.writer)
    .v(seal.commit)
    .raw(checkLength(seal.prevCommit, 32, 'the hash of the previous commit'))
  writer.u8(checkRange(seal.n, 1, commitEntriesMax, 'the number of entries under a seal'))
  writer.raw(checkLength(seal.root, 32, 'the root of a seal'))
}
