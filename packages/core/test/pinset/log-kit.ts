/**
 * What the tests of logs share: a crypto port without signatures, pins whose keys fall into a wanted leaf, and a
 * hand-driven encoder of Yjs updates that can say what no honest Yjs would.
 */

import { hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { Digest } from 'multiformats/hashes/digest'
import { Writer } from '../../src/bytes/writer.ts'
import type { Crypto } from '../../src/crypto.ts'
import type { Entry, EntryFields } from '../../src/formats/entry.ts'
import { makeEntry } from '../../src/formats/entry.ts'
import { bucketOf, keyOfPin, mapKeyOf } from '../../src/formats/key.ts'
import type { PinRegister, Register } from '../../src/formats/register.ts'
import { encodeRegister } from '../../src/formats/register.ts'
import { Log } from '../../src/pinset/log.ts'
import type { LogContext, LogId } from '../../src/pinset/log.ts'

export const crypto: Crypto = {
  hash: (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer')),
  sign: () => new Uint8Array(64),
  verify: () => true
}
export const meshId: Uint8Array = new Uint8Array(32).fill(7)
export const context: LogContext = { meshId, crypto }
export const id: LogId = { writer: 4_000_000_001, prefixLen: 12, prefix: 0xab30 }

/** CIDs whose keys lie in the leaf of `id`, found once. */
export const cids: CID[] = findCids(24)
export const mapKeys: string[] = cids.map((cid) => mapKeyOf(keyOfPin(meshId, cid, crypto)))
/** A CID whose key does not. */
export const strayCid: CID = cidAt(0)

export function pin(n: number, fields: Partial<PinRegister> = {}): PinRegister {
  const cid = cids[n % cids.length] as CID
  return { op: 'pin', lamport: 1, mode: 'recursive', min: 1, max: 2, trustedMin: 0, priority: 0, cid, ...fields }
}

export function keyAt(n: number): string {
  return mapKeys[n % mapKeys.length] as string
}

export function freshLog(): Log {
  return new Log(id, context)
}

/** Authors and appends. */
export function write(log: Log, changes: Iterable<readonly [string, Register | null]>, generation?: number): Entry {
  const entry = log.author(new Map(changes), { keySeq: 1, ...(generation !== undefined && { generation }) })
  log.append({ entry })
  return entry
}

/** The registers in comparable form. */
export function stateOf(log: Log): [string, string][] {
  return [...log.registers()].map(([key, register]): [string, string] => [key, hexOf(register)]).sort()
}

/** An entry that stands in the chain after the log's head, with fields of its own. */
export function entryAfter(log: Log, fields: Partial<EntryFields> & { body: Uint8Array }): Entry {
  const last = log.entries.at(-1)?.entry
  const clock = last === undefined ? 0 : last.clock + last.count
  const prev = last?.hash ?? new Uint8Array(32)
  const place = { generation: last?.generation ?? 0, seq: (last?.seq ?? 0) + 1, prev, keySeq: 1, clock, count: 1 }
  return makeEntry({ kind: 'set', ...id, ...place, ...fields }, crypto)
}

export interface RawItem {
  info?: number
  origin?: readonly [client: number, clock: number]
  right?: readonly [client: number, clock: number]
  inside?: readonly [client: number, clock: number]
  root?: string
  key?: string
  raw?: Uint8Array
  value?: Uint8Array
}

export interface RawBody {
  clients?: number
  client?: number
  clock?: number
  structs?: number
  items?: readonly RawItem[]
  deletes?: readonly (readonly [client: number, ...ranges: (readonly [clock: number, length: number])[]])[]
  tail?: Uint8Array
}

/** A Yjs v1 update, honest unless told otherwise: items of `id.writer` in its root. */
export function rawBody(body: RawBody): Uint8Array {
  const out = new Writer()
  const items = body.items ?? []
  const clients = body.clients ?? (items.length > 0 ? 1 : 0)
  out.v(clients)
  if (items.length > 0)
    out
      .v(body.structs ?? items.length)
      .v(body.client ?? id.writer)
      .v(body.clock ?? 0)
  for (const item of items) writeItem(out, item)
  const deletes = body.deletes ?? []
  out.v(deletes.length)
  for (const [client, ...ranges] of deletes) {
    out.v(client).v(ranges.length)
    for (const [clock, length] of ranges) out.v(clock).v(length)
  }
  return out.raw(body.tail ?? new Uint8Array()).finish()
}

function writeItem(out: Writer, item: RawItem): void {
  const info = item.info ?? 3 | 0x20 | (item.origin ? 0x80 : 0) | (item.right ? 0x40 : 0)
  out.u8(info)
  if (item.raw !== undefined) {
    out.raw(item.raw)
    return
  }
  if (item.origin) out.v(item.origin[0]).v(item.origin[1])
  if (item.right) out.v(item.right[0]).v(item.right[1])
  if (!item.origin && !item.right) {
    if (item.inside) out.v(0).v(item.inside[0]).v(item.inside[1])
    else out.v(1).text(item.root ?? `w${id.writer}`)
    if (info & 0x20) out.text(item.key ?? keyAt(0))
  }
  out.blob(item.value ?? encodeRegister(pin(0)))
}

function hexOf(register: Register): string {
  return Array.from(encodeRegister(register), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function cidAt(n: number): CID {
  const digest = crypto.hash(new Writer().u32(n).finish())
  const multihash = new Writer().u8(0x12).u8(32).raw(digest).finish()
  return new CID(1, 0x55, new Digest(0x12, 32, digest, multihash), new Writer().u8(1).u8(0x55).raw(multihash).finish())
}

function findCids(count: number): CID[] {
  const found: CID[] = []
  for (let n = 1; found.length < count; n++) {
    const cid = cidAt(n)
    if (bucketOf(keyOfPin(meshId, cid, crypto)) >> 4 === id.prefix >> 4) found.push(cid)
  }
  return found
}
