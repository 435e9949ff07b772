/*
 * An entry is one step of a writer's log in one leaf: a header that names its place in the log and the hash of a body, and
 * the body, a Yjs update. The hash of an entry covers the header only, so that a header without its body can prove a fork.
 * What the body may contain is judged elsewhere; here it is bounded bytes with the right hash.
 */
import { equalBytes, fromText } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { checkLength, checkRange, codeOf, isZero, nameAt } from './check.ts'

/** Bodies above it can not be encoded: a writer whose leaf is that full gets MESH_LOG_FULL. */
export const bodyBytesMax: number = 1 << 20
/** Longest header: 42 + 64 fixed bytes and five numbers of up to 8. */
export const headerBytesMax = 128

export type EntryKind = 'set' | 'reset'

export interface EntryHeader {
  kind: EntryKind
  /** 32-bit client id. */
  writer: number
  prefixLen: 12 | 16
  /** The first bits of every key in the body, in 16 bits; the low four are zero for a prefix of 12. */
  prefix: number
  generation: number
  /** Starts at 1 in each generation. */
  seq: number
  /** Hash of the entry before; zero at seq 1 and only there. */
  prev: Uint8Array
  /** The author's position in the key log. */
  keySeq: number
  /** The body holds this writer's Yjs clocks [clock, clock + count); a reset and a first entry start at 0. */
  clock: number
  count: number
  bodyHash: Uint8Array
}

export interface Entry extends EntryHeader {
  /** The exact header bytes, up to and with bodyHash. */
  header: Uint8Array
  /** SHA-256('pinmesh/entry/1' ‖ header). */
  hash: Uint8Array
  /** A Yjs v1 update. */
  body: Uint8Array
}

export type EntryFields = Omit<EntryHeader, 'bodyHash'> & { body: Uint8Array }

const version = 1
const kinds: readonly EntryKind[] = ['set', 'reset']
const tag = fromText('pinmesh/entry/1')

/** Hashes and frames a new entry; keeps `prev` and `body` as they are, uncopied. Throws FormatError. */
export function makeEntry(fields: EntryFields, crypto: Crypto): Entry {
  checkRange(fields.body.length, 0, bodyBytesMax, 'the length of a body')
  const { kind, writer, prefixLen, prefix, generation, seq, prev, keySeq, clock, count, body } = fields
  const bodyHash = crypto.hash(body)
  const plain = { kind, writer, prefixLen, prefix, generation, seq, prev, keySeq, clock, count, bodyHash }
  const header = encodeHeader(plain)
  return { ...plain, header, hash: headerHash(header, crypto), body }
}

/** The header bytes, then the body with its length. */
export function encodeEntry(entry: Entry): Uint8Array {
  const writer = new Writer(entry.header.length + entry.body.length + varLength(entry.body.length))
  writeEntry(writer, entry)
  return writer.finish()
}

/** Throws FormatError, also when the body does not have the hash the header states. Byte fields are views into `bytes`. */
export function decodeEntry(bytes: Uint8Array, crypto: Crypto): Entry {
  const reader = new Reader(bytes)
  const entry = readEntry(reader, crypto)
  reader.end()
  return entry
}

/** One entry inside something larger; it knows its own end. */
export function writeEntry(writer: Writer, entry: Entry): void {
  checkRange(entry.body.length, 0, bodyBytesMax, 'the length of a body')
  writer.raw(entry.header).blob(entry.body)
}

/** The inverse of writeEntry. */
export function readEntry(reader: Reader, crypto: Crypto): Entry {
  const start = reader.at
  const plain = readHeader(reader)
  const header = reader.since(start)
  const body = reader.blob(bodyBytesMax)
  if (!equalBytes(crypto.hash(body), plain.bodyHash)) throw new FormatError('the body of an entry has another hash')
  return { ...plain, header, hash: headerHash(header, crypto), body }
}

/** SHA-256 over the tag and the header bytes: the hash of the entry. */
export function headerHash(header: Uint8Array, crypto: Crypto): Uint8Array {
  const bytes = new Uint8Array(tag.length + header.length)
  bytes.set(tag)
  bytes.set(header, tag.length)
  return crypto.hash(bytes)
}

export function encodeHeader(header: EntryHeader): Uint8Array {
  checkHeader(header)
  const writer = new Writer(headerBytesMax).u8(version).u8(codeOf(kinds, header.kind, 'the kind of an entry'))
  writer.u32(header.writer).u8(header.prefixLen).u16(header.prefix).v(header.generation).v(header.seq)
  writer
    .raw(checkLength(header.prev, 32, 'the previous hash'))
    .v(header.keySeq)
    .v(header.clock)
    .v(header.count)
  return writer.raw(checkLength(header.bodyHash, 32, 'the hash of a body')).finish()
}

/** Exactly one header. Throws FormatError. */
export function decodeHeader(bytes: Uint8Array): EntryHeader {
  const reader = new Reader(bytes)
  const header = readHeader(reader)
  reader.end()
  return header
}

/** One header inside something larger. */
export function readHeader(reader: Reader): EntryHeader {
  if (reader.u8() !== version) throw new FormatError('an entry is of an unknown version')
  const kind = nameAt(kinds, reader.u8(), 'the kind of an entry')
  const writer = reader.u32()
  const prefixLen = reader.u8()
  if (prefixLen !== 12 && prefixLen !== 16) throw new FormatError('the prefix of an entry has neither 12 nor 16 bits')
  const header: EntryHeader = {
    kind,
    writer,
    prefixLen,
    prefix: reader.u16(),
    generation: reader.v(),
    seq: reader.v(),
    prev: reader.raw(32),
    keySeq: reader.v(),
    clock: reader.v(),
    count: reader.v(),
    bodyHash: reader.raw(32)
  }
  checkHeader(header)
  return header
}

function checkHeader(header: EntryHeader): void {
  const { prefixLen, prefix, seq, prev, clock, count, kind } = header
  if (prefixLen !== 12 && prefixLen !== 16) throw new FormatError('the prefix of an entry has neither 12 nor 16 bits')
  if (prefixLen === 12 && (prefix & 15) !== 0) throw new FormatError('the prefix of an entry has more than 12 bits')
  if (seq < 1) throw new FormatError('the sequence of an entry is 0')
  if ((seq === 1) !== isZero(prev)) throw new FormatError('an entry has a previous hash at seq 1, or none after it')
  if ((kind === 'reset' || seq === 1) && clock !== 0)
    throw new FormatError('a first entry does not start its clock at 0')
  if (!Number.isSafeInteger(clock + count)) throw new FormatError('the clocks of an entry exceed 2^53 - 1')
}

function varLength(n: number): number {
  let length = 1
  for (let left = n; left >= 0x80; left /= 0x80) length++
  return length
}
