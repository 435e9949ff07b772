/*
 * A commit is what a writer publishes: one seal and the entries under it, in the order of the Merkle tree. It needs no paths,
 * because whoever has all the entries can compute the root.
 */
import { equalBytes, toHex } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { checkRange } from './check.ts'
import type { Entry } from './entry.ts'
import { readEntry, writeEntry } from './entry.ts'
import { merkleRoot } from './merkle.ts'
import type { Seal } from './plain-seal.ts'
import { readSeal, writeSeal } from './plain-seal.ts'

/** One gossip message; a larger commit is announced by its heads and fetched by sync. */
export const commitBytesMax: number = 64 * 1024

export interface Commit {
  seal: Seal
  /** seal.n of them, all of seal.writer, no two alike. */
  entries: Entry[]
}

export function encodeCommit(commit: Commit): Uint8Array {
  const { seal, entries } = commit
  let length = 160
  for (const entry of entries) length += entry.header.length + entry.body.length + 3
  const writer = new Writer(length)
  checkEntries(commit)
  writeSeal(writer, seal)
  for (const entry of entries) writeEntry(writer, entry)
  const bytes = writer.finish()
  checkRange(bytes.length, 0, commitBytesMax, 'the length of a commit')
  return bytes
}

/** Checks every body's hash, the number, the writer and the root; the signature is the caller's. Throws FormatError. */
export function decodeCommit(bytes: Uint8Array, crypto: Crypto): Commit {
  checkRange(bytes.length, 0, commitBytesMax, 'the length of a commit')
  const reader = new Reader(bytes)
  const seal = readSeal(reader)
  const entries: Entry[] = []
  for (let i = 0; i < seal.n; i++) entries.push(readEntry(reader, crypto))
  reader.end()
  const commit = { seal, entries }
  checkEntries(commit)
  const hashes = entries.map((entry) => entry.hash)
  if (!equalBytes(merkleRoot(hashes, crypto), seal.root))
    throw new FormatError('a commit has another root than its seal')
  return commit
}

function checkEntries(commit: Commit): void {
  const { seal, entries } = commit
  if (entries.length !== seal.n) throw new FormatError(`a seal over ${seal.n} entries comes with ${entries.length}`)
  if (entries.some((entry) => entry.writer !== seal.writer)) throw new FormatError('a commit has more than one writer')
  const distinct = new Set(entries.map((entry) => toHex(entry.hash)))
  if (distinct.size !== entries.length) throw new FormatError('a commit holds an entry twice')
}
