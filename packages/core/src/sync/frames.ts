/**
 * Frames of `/pinmesh/sync/1`: one side asks, the other answers, and the server keeps no state between two asks.
 * A frame is one byte of kind and a body; lists are bounded; everything signed in them is checked by whoever takes it.
 * Frames grow to about 256 KiB (one run may reach 1.1 MiB); the transport cuts them into pieces of 64 KiB.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { admissionBytesMax } from '../formats/admission.ts'
import { grantBytesMax } from '../formats/invite.ts'
import { encodeHead, type HeadRow, levelSizes } from '../pinset/heads.ts'
import type { LogId } from '../pinset/log.ts'

export const protocolVersion = 1
/** What an answer is filled up to. */
export const answerBytesTarget: number = 192 * 1024
/** A single item that an answer may carry beyond that: the longest log. */
export const itemBytesMax: number = 1200 * 1024
export const nodesMax = 64
export const leavesPerAskMax = 64
export const logsPerAskMax = 256
const membersMax = 10_000

export interface Wanted extends LogId {
  readonly generation: number
  /** the first entry wanted; 0 = all that stand */
  readonly from: number
}

export interface Known {
  readonly peer: Uint8Array
  readonly incarnation: number
  readonly n: number
  /** over the (shard, seq) of its claims */
  readonly claims: Uint8Array
}

export type Frame =
  | { readonly kind: 'hello'; readonly version: number; readonly facts: Uint8Array; readonly pinset: Uint8Array }
  | { readonly kind: 'charter'; readonly bytes: Uint8Array }
  /** `records`, `admissions`: hashes of those that are held */
  | {
      readonly kind: 'facts-wanted'
      readonly keySeq: number
      readonly records: readonly Uint8Array[]
      readonly admissions: readonly Uint8Array[]
    }
  | {
      readonly kind: 'facts'
      readonly ops: readonly Uint8Array[]
      readonly admissions: readonly Uint8Array[]
      readonly records: readonly Uint8Array[]
      readonly forks: readonly Uint8Array[]
      readonly more: boolean
    }
  | {
      readonly kind: 'nodes'
      readonly level: number
      readonly ids: readonly number[]
      readonly digests: readonly Uint8Array[]
    }
  | { readonly kind: 'heads'; readonly leaves: readonly number[]; readonly heads: readonly HeadRow[] }
  | { readonly kind: 'want'; readonly logs: readonly Wanted[] }
  | { readonly kind: 'data'; readonly runs: readonly (readonly Uint8Array[])[]; readonly more: boolean }
  | { readonly kind: 'vector'; readonly known: readonly Known[]; readonly beats: readonly Uint8Array[] }
  | {
      readonly kind: 'claims-wanted'
      readonly peer: Uint8Array
      readonly have: ReadonlyArray<readonly [shard: number, seq: number]>
    }
  | { readonly kind: 'claims'; readonly claims: readonly Uint8Array[]; readonly more: boolean }
  /** how far the key log of its sender goes, asked and answered alike */
  | { readonly kind: 'key-head'; readonly seq: number; readonly head: Uint8Array }
  /** an invitation is to be used by whoever asks; `proof` by its one-time key */
  | { readonly kind: 'admit'; readonly grant: Uint8Array; readonly proof: Uint8Array }
  /** its use, witnessed; empty: the asker is trusted without it */
  | { readonly kind: 'admitted'; readonly admission: Uint8Array }
  | { readonly kind: 'busy'; readonly ms: number }
  | { readonly kind: 'error'; readonly code: string; readonly text: string }

const kinds = [
  'hello',
  'charter',
  'facts-wanted',
  'facts',
  'nodes',
  'heads',
  'want',
  'data',
  'vector',
  'claims-wanted',
  'claims',
  'busy',
  'error',
  'key-head',
  'admit',
  'admitted'
] as const

export function encodeFrame(frame: Frame): Uint8Array {
  const out = new Writer().u8(kinds.indexOf(frame.kind) + 1)
  switch (frame.kind) {
    case 'hello':
      return out.v(frame.version).raw(frame.facts).raw(frame.pinset).finish()
    case 'charter':
      return out.blob(frame.bytes).finish()
    case 'facts-wanted':
      blobs(out.v(frame.keySeq), frame.records)
      blobs(out, frame.admissions)
      return out.finish()
    case 'facts':
      for (const list of [frame.ops, frame.admissions, frame.records, frame.forks]) blobs(out, list)
      return out.u8(frame.more ? 1 : 0).finish()
    case 'nodes':
      out.u8(frame.level).v(frame.ids.length)
      for (const id of frame.ids) out.v(id)
      for (const digest of frame.digests) out.raw(digest)
      return out.finish()
    case 'heads':
      out.v(frame.leaves.length)
      for (const leaf of frame.leaves) out.v(leaf)
      out.v(frame.heads.length)
      for (const head of frame.heads) out.raw(encodeHead(head))
      return out.finish()
    case 'want':
      out.v(frame.logs.length)
      for (const log of frame.logs) out.u32(log.writer).u8(log.prefixLen).u16(log.prefix).v(log.generation).v(log.from)
      return out.finish()
    case 'data':
      out.v(frame.runs.length)
      for (const run of frame.runs) blobs(out, run)
      return out.u8(frame.more ? 1 : 0).finish()
    case 'vector':
      out.v(frame.known.length)
      for (const known of frame.known) out.raw(known.peer).v(known.incarnation).v(known.n).raw(known.claims)
      blobs(out, frame.beats)
      return out.finish()
    case 'claims-wanted':
      out.raw(frame.peer).v(frame.have.length)
      for (const [shard, seq] of frame.have) out.u8(shard).v(seq)
      return out.finish()
    case 'claims':
      blobs(out, frame.claims)
      return out.u8(frame.more ? 1 : 0).finish()
    case 'admit':
      return out.blob(frame.grant).raw(frame.proof).finish()
    case 'admitted':
      return out.blob(frame.admission).finish()
    case 'key-head':
      return out.v(frame.seq).raw(frame.head).finish()
    case 'busy':
      return out.v(frame.ms).finish()
    case 'error':
      return out.text(frame.code).text(frame.text).finish()
  }
}

/** Throws FormatError on anything that is not exactly a frame. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const from = new Reader(bytes)
  const kind = kinds[from.u8() - 1]
  if (kind === undefined) throw new FormatError('a sync frame of an unknown kind')
  const frame = bodies[kind](from)
  from.end()
  return frame
}

const bodies: Record<(typeof kinds)[number], (from: Reader) => Frame> = {
  hello: (from) => ({ kind: 'hello', version: from.v(1000), facts: from.raw(16), pinset: from.raw(16) }),
  charter: (from) => ({ kind: 'charter', bytes: from.blob(256) }),
  'facts-wanted': (from) => ({
    kind: 'facts-wanted',
    keySeq: from.v(),
    records: readBlobs(from, membersMax, 8),
    admissions: readBlobs(from, membersMax, 8)
  }),
  facts: (from) => ({
    kind: 'facts',
    ops: readBlobs(from, 4096, 1024),
    admissions: readBlobs(from, membersMax, admissionBytesMax),
    records: readBlobs(from, membersMax, 1024),
    forks: readBlobs(from, membersMax, 4096),
    more: readFlag(from)
  }),
  nodes: (from) => {
    const level = from.u8()
    if (level > 2) throw new FormatError('a frame of tree nodes is below the leaves')
    const ids = list(from, nodesMax, () => from.v((levelSizes[level] as number) - 1))
    const digests: Uint8Array[] = []
    while (from.left >= 16) digests.push(from.raw(16))
    if (digests.length !== 0 && digests.length !== ids.length * 16)
      throw new FormatError('a frame of tree nodes does not add up')
    return { kind: 'nodes', level, ids, digests }
  },
  heads: (from) => ({
    kind: 'heads',
    leaves: list(from, leavesPerAskMax, () => from.v(4095)),
    heads: list(from, 65_536, () => readHead(from))
  }),
  want: (from) => ({
    kind: 'want',
    logs: list(from, logsPerAskMax, () => ({ ...readLogId(from), generation: from.v(), from: from.v() }))
  }),
  data: (from) => ({
    kind: 'data',
    runs: list(from, logsPerAskMax, () => readBlobs(from, 512, itemBytesMax)),
    more: readFlag(from)
  }),
  vector: (from) => ({
    kind: 'vector',
    known: list(from, membersMax, () => ({
      peer: from.raw(32),
      incarnation: from.v(),
      n: from.v(),
      claims: from.raw(4)
    })),
    beats: readBlobs(from, membersMax, 512)
  }),
  'claims-wanted': (from) => ({
    kind: 'claims-wanted',
    peer: from.raw(32),
    have: list(from, 256, () => [from.u8(), from.v()] as const)
  }),
  claims: (from) => ({ kind: 'claims', claims: readBlobs(from, 256, 64 * 1024), more: readFlag(from) }),
  admit: (from) => ({ kind: 'admit', grant: from.blob(grantBytesMax), proof: from.raw(64) }),
  admitted: (from) => ({ kind: 'admitted', admission: from.blob(admissionBytesMax) }),
  'key-head': (from) => ({ kind: 'key-head', seq: from.v(), head: from.raw(32) }),
  busy: (from) => ({ kind: 'busy', ms: from.v(3_600_000) }),
  error: (from) => ({ kind: 'error', code: from.text(64), text: from.text(512) })
}

function blobs(out: Writer, list: readonly Uint8Array[]): void {
  out.v(list.length)
  for (const bytes of list) out.blob(bytes)
}

function readBlobs(from: Reader, countMax: number, bytesMax: number): Uint8Array[] {
  return list(from, countMax, () => from.blob(bytesMax))
}

function list<T>(from: Reader, countMax: number, read: () => T): T[] {
  const items: T[] = []
  for (let n = from.v(countMax); n > 0; n--) items.push(read())
  return items
}

function readFlag(from: Reader): boolean {
  const flag = from.u8()
  if (flag > 1) throw new FormatError('a flag is neither 0 nor 1')
  return flag === 1
}

function readLogId(from: Reader): LogId {
  const writer = from.u32()
  const prefixLen = from.u8()
  if (prefixLen !== 12 && prefixLen !== 16) throw new FormatError('a log has an unknown prefix length')
  return { writer, prefixLen, prefix: from.u16() }
}

function readHead(from: Reader): HeadRow {
  return { ...readLogId(from), generation: from.v(), seq: from.v(), hash: from.raw(32) }
}
