/**
 * A hold: what this peer's journal remembers of one pin's content (FORMATS section 4). Only what must outlive a restart
 * is here; being queued or fetched is the keeper's, being a target or an extra follows from the plan.
 * Provenance lists every log that asked for the pin when it was last seen wanted, so that absence from a view never unpins.
 */
import { CID } from 'multiformats/cid'
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { PinMode } from '../formats/register.ts'

export interface Provenance {
  readonly writer: number
  readonly prefixLen: 12 | 16
  readonly prefix: number
  readonly generation: number
  readonly seq: number
}

export const holdStates = ['failed', 'held', 'leaving', 'trash', 'limbo', 'releasing'] as const
export type HoldState = (typeof holdStates)[number]

/** Failure reasons as claims name them. */
export const failures = ['unreachable', 'no-space', 'back-end', 'refused'] as const
export type FailureReason = (typeof failures)[number]

export interface Hold {
  readonly key: Uint8Array
  readonly cid: CID
  readonly mode: PinMode
  readonly state: HoldState
  /** wall ms when the state began */
  readonly since: number
  /** size of the DAG, 0 while unknown */
  readonly bytes: number
  /** held without being a duty: no longer promised anew */
  readonly extra: boolean
  /** of an extra: wall ms up to which this peer has promised to keep it (a duty is covered by its shard's promise) */
  readonly promisedUntil: number
  readonly tries: number
  /** wall ms of the next try, when failed */
  readonly nextAt: number
  readonly reason: FailureReason
  readonly provenance: readonly Provenance[]
}

const provenanceMax = 64

export function encodeHold(hold: Hold): Uint8Array {
  const out = new Writer()
    .u8(1)
    .u8(holdStates.indexOf(hold.state))
    .u8((hold.mode === 'recursive' ? 0 : 1) + (hold.extra ? 2 : 0))
    .u8(failures.indexOf(hold.reason))
    .u48(hold.since)
    .v(hold.bytes)
    .u48(hold.promisedUntil)
    .v(hold.tries)
    .u48(hold.nextAt)
    .blob(hold.cid.bytes)
    .v(hold.provenance.length)
  for (const p of hold.provenance) out.u32(p.writer).u8(p.prefixLen).u16(p.prefix).v(p.generation).v(p.seq)
  return out.finish()
}

export function decodeHold(key: Uint8Array, bytes: Uint8Array): Hold {
  const from = new Reader(bytes)
  if (from.u8() !== 1) throw new FormatError('a journal row has an unknown version')
  const state = pick(holdStates, from.u8())
  const flags = from.u8()
  const mode: PinMode = (flags & 1) === 0 ? 'recursive' : 'direct'
  const extra = (flags & 2) !== 0
  const reason = pick(failures, from.u8())
  const since = from.u48()
  const size = from.v()
  const promisedUntil = from.u48()
  const tries = from.v()
  const nextAt = from.u48()
  const cid = CID.decode(from.blob(256))
  const provenance: Provenance[] = []
  for (let n = from.v(provenanceMax); n > 0; n--) {
    const writer = from.u32()
    const prefixLen = from.u8() === 16 ? 16 : 12
    provenance.push({ writer, prefixLen, prefix: from.u16(), generation: from.v(), seq: from.v() })
  }
  from.end()
  return { key, cid, mode, state, since, bytes: size, extra, promisedUntil, tries, nextAt, reason, provenance }
}

function pick<T>(names: readonly T[], at: number): T {
  const name = names[at]
  if (name === undefined) throw new FormatError('a journal row names an unknown state')
  return name
}
