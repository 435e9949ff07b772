/*
 * An entry as it is kept and synced: alone, with the proof that its writer signed it (the seal, its place under it and the
 * Merkle path), or without where a later entry of the same run carries the proof. A sealed header is the same without the
 * body, and is all that a fork proof needs.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { checkFlags, checkLength } from './check.ts'
import type { Entry, EntryHeader } from './entry.ts'
import { bodyBytesMax, decodeHeader, headerBytesMax, headerHash, readEntry, readHeader, writeEntry } from './entry.ts'
import { merkleDepth, merklePath, merkleVerify } from './merkle.ts'
import type { Seal } from './plain-seal.ts'
import { readSeal, writeSeal } from './plain-seal.ts'

export interface Proof {
  seal: Seal
  /** Place of the entry in its commit, 0..n-1. */
  index: number
  /** From the leaf up; empty for n = 1. */
  path: Uint8Array[]
}

/** `proof` is absent where the entry is vouched for by a later one of its run. */
export interface StoredEntry {
  entry: Entry
  proof?: Proof
  /** What it was read from, where that is at hand: exactly its encoding. */
  bytes?: Uint8Array
}

export interface SealedHeader extends Proof {
  header: EntryHeader
  /** The exact header bytes. */
  bytes: Uint8Array
  /** The hash of the entry. */
  hash: Uint8Array
}

const hasProof = 1

/** The proof of entry `index` of a commit. */
export function proofOf(seal: Seal, entries: readonly Entry[], index: number, crypto: Crypto): Proof {
  const hashes = entries.map((entry) => entry.hash)
  return { seal, index, path: merklePath(hashes, index, crypto) }
}

export function encodeStored(stored: StoredEntry): Uint8Array {
  const { entry, proof } = stored
  const proofLength = proof === undefined ? 0 : 145 + 32 * proof.path.length
  const writer = new Writer(8 + proofLength + entry.header.length + entry.body.length)
  writer.u8(proof === undefined ? 0 : hasProof)
  if (proof !== undefined) writeProof(writer, proof)
  writeEntry(writer, entry)
  return writer.finish()
}

/** Checks the body's hash, the path and that entry and seal name one writer; the signature is the caller's. Throws FormatError. */
export function decodeStored(bytes: Uint8Array, crypto: Crypto): StoredEntry {
  const { entry, proof } = readStored(bytes, crypto)
  if (proof === undefined) return { entry }
  checkProof(entry.writer, entry.hash, proof, crypto)
  return { entry, proof }
}

/** As decodeStored for whoever judges the proof, or did before it was stored: of that only the form is checked. Throws FormatError. */
export function readStored(bytes: Uint8Array, crypto: Crypto): StoredEntry {
  const reader = new Reader(bytes)
  const proof = readFlags(reader) & hasProof ? readProof(reader) : undefined
  const entry = readEntry(reader, crypto)
  reader.end()
  return proof === undefined ? { entry, bytes } : { entry, proof, bytes }
}

/** The body of a stored entry that was read before; a view. */
export function storedBody(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes)
  if (readFlags(reader) & hasProof) readProof(reader)
  readHeader(reader)
  return reader.blob(bodyBytesMax)
}

function readFlags(reader: Reader): number {
  return checkFlags(reader.u8(), hasProof, 'a stored entry')
}

/** One sealed header inside something larger. */
export function writeSealedHeader(writer: Writer, sealed: SealedHeader): void {
  writer.blob(sealed.bytes)
  writeProof(writer, sealed)
}

/** The inverse of writeSealedHeader, with the path checked; the signature is the caller's. */
export function readSealedHeader(reader: Reader, crypto: Crypto): SealedHeader {
  const bytes = reader.blob(headerBytesMax)
  const header = decodeHeader(bytes)
  const hash = headerHash(bytes, crypto)
  const proof = readProof(reader)
  checkProof(header.writer, hash, proof, crypto)
  return { header, bytes, hash, ...proof }
}

function writeProof(writer: Writer, proof: Proof): void {
  writeSeal(writer, proof.seal)
  writer.u8(checkIndex(proof))
  if (proof.path.length !== merkleDepth(proof.index, proof.seal.n)) throw new FormatError('a path has a wrong length')
  for (const hash of proof.path) writer.raw(checkLength(hash, 32, 'a hash of a path'))
}

function readProof(reader: Reader): Proof {
  const seal = readSeal(reader)
  const proof: Proof = { seal, index: reader.u8(), path: [] }
  const depth = merkleDepth(checkIndex(proof), seal.n)
  for (let i = 0; i < depth; i++) proof.path.push(reader.raw(32))
  return proof
}

function checkIndex(proof: Proof): number {
  if (!(proof.index < proof.seal.n)) throw new FormatError('the place of an entry is outside its commit')
  return proof.index
}

/** Does the path lead from this hash to the root of the seal? */
export function leadsToRoot(hash: Uint8Array, { seal, index, path }: Proof, crypto: Crypto): boolean {
  return merkleVerify(hash, index, seal.n, path, seal.root, crypto)
}

function checkProof(writer: number, hash: Uint8Array, proof: Proof, crypto: Crypto): void {
  if (proof.seal.writer !== writer) throw new FormatError('a seal is of another writer than its entry')
  if (!leadsToRoot(hash, proof, crypto)) {
    throw new FormatError('the path of an entry does not lead to the root of its seal')
  }
}
