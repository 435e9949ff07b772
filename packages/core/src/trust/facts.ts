/**
 * Facts: what peers know about the mesh itself, all of it signed: the key log, member records, fork proofs.
 * They have a root of their own, compared before the pinset's, since an entry can be judged only by a key log as new as its author's.
 * Everything is checked here, once, at the door; what is kept is kept as the bytes that came, so that it can be passed on.
 */
import { compareBytes, concatBytes, fromText } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer as BytesWriter } from '../bytes/writer.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import type { KeyValue } from '../events.ts'
import type { Row } from '../effects.ts'
import { decodeFork, type Fork, type SealedHeader } from '../formats/fork.ts'
import { keyOfPeer } from '../formats/peer-id.ts'
import { decodeRecord, type MemberRecord, recordBytes, recordHash8, stampBits } from '../formats/record.ts'
import { merkleVerify, sealedBytes } from '../formats/seal.ts'
import { Admissions } from './admissions.ts'
import { KeyLog, logName } from './key-log.ts'

/** A record says at most so long ahead until when it is valid: twice the longest life. A peer whose clock is ahead would stay a member for ever. */
export const recordAheadMaxMs: number = 14 * 24 * 60 * 60 * 1000
/** A mesh larger than this needs partial replication of records first. */
export const recordsMax = 10_000
export const forksMax = 10_000

interface HeldRecord {
  readonly record: MemberRecord
  readonly bytes: Uint8Array
  readonly hash8: Uint8Array
}

/** fork: the root key has signed another operation with that number */
export type Outcome = 'new' | 'old' | 'gap' | 'unfit' | 'fork'

const rowKind = { admission: 0x61, op: 0x6b, record: 0x72, fork: 0x66 }

export class Facts {
  readonly keyLog: KeyLog
  readonly admissions: Admissions
  readonly #meshId: Uint8Array
  readonly #crypto: Crypto
  readonly #records = new Map<string, HeldRecord>()
  readonly #forks = new Map<string, Uint8Array>()
  #root: Uint8Array | undefined

  constructor(init: { meshId: Uint8Array; root: Uint8Array; crypto: Crypto }) {
    this.#meshId = init.meshId
    this.#crypto = init.crypto
    this.keyLog = new KeyLog(init)
    this.admissions = new Admissions({ ...init, keyLog: this.keyLog })
  }

  /** Takes the rows of table `fact` at start, in key order. */
  load(rows: readonly KeyValue[]): void {
    const of = (kind: number): KeyValue[] => rows.filter((row) => row.key[0] === kind)
    for (const row of of(rowKind.op)) this.keyLog.append(row.value)
    for (const row of of(rowKind.admission)) this.admissions.keep(row.value)
    for (const row of of(rowKind.fork)) this.takeFork(row.value)
    for (const row of of(rowKind.record)) this.#keep(row.value, decodeRecord(row.value))
  }

  takeOp(bytes: Uint8Array): { outcome: Outcome; rows: Row[] } {
    const seq = this.keyLog.seq + 1
    const outcome = this.keyLog.append(bytes)
    if (outcome !== 'next') return { outcome, rows: [] }
    this.#root = undefined
    return { outcome: 'new', rows: [opRow(seq, bytes)] }
  }

  takeAdmission(bytes: Uint8Array): ReturnType<Admissions['take']> {
    const taken = this.admissions.take(bytes)
    if (taken.outcome === 'new') this.#root = undefined
    return taken
  }

  /**
   * `unfit`: well signed, but not of somebody who may be a member (not vouched for, no work done, out of date or too far ahead).
   * `date`: wall ms; undefined: not judged by its date.
   */
  takeRecord(bytes: Uint8Array, date: number | undefined): { outcome: Outcome; rows: Row[]; record: MemberRecord } {
    const record = decodeRecord(bytes)
    const held = this.#records.get(record.peer)?.record
    if (held !== undefined && !newer(record, held)) return { outcome: 'old', rows: [], record }
    const key = keyOfPeer(record.peer)
    if (!this.#crypto.verify(key, signedBytes('pinmesh/record/1', this.#meshId, recordBytes(record)), record.sig)) {
      throw new FormatError('a member record is not signed by its peer')
    }
    if (!this.admissible(record, date)) return { outcome: 'unfit', rows: [], record }
    if (held === undefined && this.#records.size >= recordsMax) return { outcome: 'unfit', rows: [], record }
    this.#keep(bytes, record)
    return { outcome: 'new', rows: [{ table: 'fact', key: recordRowKey(record.peer), value: bytes }], record }
  }

  /** Both headers must be sealed by the writer that they name. */
  takeFork(bytes: Uint8Array): { outcome: Outcome; rows: Row[]; fork: Fork } {
    const fork = decodeFork(bytes, this.#crypto)
    const { writer, prefixLen, prefix, generation } = fork.a.header
    const name = forkName({ writer, prefixLen, prefix }, generation)
    if (this.#forks.has(name)) return { outcome: 'old', rows: [], fork }
    if (this.keyLog.writer(writer) === undefined) return { outcome: 'gap', rows: [], fork }
    if (!this.#sealed(fork.a) || !this.#sealed(fork.b))
      throw new FormatError('a fork proof is not sealed by its writer')
    if (this.#forks.size >= forksMax) return { outcome: 'unfit', rows: [], fork }
    this.#forks.set(name, bytes)
    this.#root = undefined
    const key = new BytesWriter().u8(rowKind.fork).raw(fromText(name)).finish()
    return { outcome: 'new', rows: [{ table: 'fact', key, value: bytes }], fork }
  }

  /** Reads a proof that was taken. */
  readFork(bytes: Uint8Array): Fork {
    return decodeFork(bytes, this.#crypto)
  }

  /** May this record make a member? A function of signed facts and the date alone; without a date, of the facts. */
  admissible(record: MemberRecord, date: number | undefined): boolean {
    const policy = this.keyLog.policy
    if (policy === undefined || this.keyLog.removedPeer(record.peer)) return false
    const leftMs = date === undefined ? 1 : record.until * 1000 - date
    if (leftMs <= 0 || leftMs > recordAheadMaxMs) return false
    if (this.trusted(record.peer)) return true
    return (
      policy.admission === 'open' && stampBits(record.peer, this.#meshId, record.stamp, this.#crypto) >= policy.workBits
    )
  }

  /** Vouched for by the owner, or by an invitation. */
  trusted(peer: string): boolean {
    return this.keyLog.vouched(peer) || this.admissions.admitted(peer)
  }

  /** Has it, or had it, a place in the mesh, as far as is known here? */
  knows(peer: string): boolean {
    const { keyLog } = this
    return this.#records.has(peer) || this.trusted(peer) || keyLog.denied(peer) || keyLog.writerOf(peer) !== undefined
  }

  /** Is (log, generation) void, because its writer forked it? */
  voided(id: { writer: number; prefixLen: number; prefix: number }, generation: number): boolean {
    return this.#forks.size > 0 && this.#forks.has(forkName(id, generation))
  }

  record(peer: string): MemberRecord | undefined {
    return this.#records.get(peer)?.record
  }

  recordBytes(peer: string): Uint8Array | undefined {
    return this.#records.get(peer)?.bytes
  }

  hash8(peer: string): Uint8Array | undefined {
    return this.#records.get(peer)?.hash8
  }

  records(): Iterable<HeldRecord> {
    return this.#records.values()
  }

  forks(): Iterable<[string, Uint8Array]> {
    return this.#forks
  }

  /**
   * Forgets records that no longer make a member (that of `self` is never out of date) and uses of invitations that ended.
   * Returns the rows that say so.
   */
  expire(date: number | undefined, self?: string): Row[] {
    const rows = this.admissions.prune()
    if (rows.length > 0) this.#root = undefined
    for (const { record } of this.#records.values()) {
      if (this.admissible(record, record.peer === self ? undefined : date)) continue
      this.#records.delete(record.peer)
      this.#root = undefined
      rows.push({ table: 'fact', key: recordRowKey(record.peer), value: null })
    }
    return rows
  }

  /** 16 bytes over the key log's head, the fork proofs' places and the records. */
  get root(): Uint8Array {
    this.#root ??= this.#computeRoot()
    return this.#root
  }

  #computeRoot(): Uint8Array {
    const records = [...this.#records.values()].map((held) => held.hash8).sort(compareBytes)
    const forks = [...this.#forks.keys()].sort().map((name) => fromText(`${name};`))
    const admissions = [...this.admissions.all()].map((held) => held.hash8).sort(compareBytes)
    return this.#crypto.hash(concatBytes(this.keyLog.head, ...forks, ...records, ...admissions)).subarray(0, 16)
  }

  #keep(bytes: Uint8Array, record: MemberRecord): void {
    this.#records.set(record.peer, { record, bytes, hash8: recordHash8(bytes, this.#crypto) })
    this.#root = undefined
  }

  #sealed(header: SealedHeader): boolean {
    const writer = this.keyLog.writer(header.header.writer)
    if (writer === undefined || header.seal.writer !== writer.id) return false
    if (!merkleVerify(header.hash, header.index, header.seal.n, header.path, header.seal.root, this.#crypto))
      return false
    const bytes = signedBytes('pinmesh/seal/1', this.#meshId, sealedBytes(header.seal))
    return this.#crypto.verify(keyOfPeer(writer.peer), bytes, header.seal.sig)
  }
}

/** By incarnation, then by `until`; of two that differ otherwise every peer keeps the same, or their facts would never be equal. */
export function newer(a: MemberRecord, b: MemberRecord): boolean {
  if (a.incarnation !== b.incarnation) return a.incarnation > b.incarnation
  return a.until === b.until ? compareBytes(a.sig, b.sig) > 0 : a.until > b.until
}

export function forkName(id: { writer: number; prefixLen: number; prefix: number }, generation: number): string {
  return `${logName(id)}/${generation}`
}

/** The row of operation number `seq` of the key log. */
export function opRow(seq: number, bytes: Uint8Array): Row {
  return { table: 'fact', key: new BytesWriter().u8(rowKind.op).u32(seq).finish(), value: bytes }
}

/** Is this row of table `fact` an operation of the key log after number `seq`? */
export function isOpBeyond({ key }: KeyValue, seq: number): boolean {
  return key[0] === rowKind.op && new Reader(key.subarray(1)).u32() > seq
}

function recordRowKey(peer: string): Uint8Array {
  return new BytesWriter().u8(rowKind.record).raw(keyOfPeer(peer)).finish()
}
