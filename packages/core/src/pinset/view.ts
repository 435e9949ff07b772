/**
 * The pinset as it reads after all writers' logs are merged. Each log is one writer's own map, so nothing conflicts inside
 * a log; across logs the later wish wins: the highest (lamport, writer). An unpin is a register like any other, it
 * hides the older pins of others. Two slots of one key are one pin to whoever has to keep it: wanted while any wants
 * it, with the largest number of copies and the chosen peers of all.
 */

import type { CID } from 'multiformats/cid'
import { compareBytes } from '../bytes/compare.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { parseMapKey } from '../formats/key.ts'
import { chosenMax } from '../formats/register.ts'
import type { PinMode, PinRegister, Register } from '../formats/register.ts'
import type { Want } from '../placement/duty.ts'

/** One writer's registers by map key. */
export interface WriterView {
  readonly writer: number
  readonly registers: ReadonlyMap<string, Register>
}

/** The register that wins under a map key. */
export interface Pinned {
  readonly register: PinRegister
  readonly writer: number
}

/** One pin with its slots merged, as duty and claims see it. */
export interface PinRow {
  readonly key: Uint8Array
  /** The map keys that want it, ascending. */
  readonly mapKeys: string[]
  /** The highest of the slots. */
  readonly lamport: number
  /** Recursive if any slot is. */
  readonly mode: PinMode
  readonly cid: CID
  /** max is the largest (0, everywhere, is larger than any number) and brings its min and trustedMin; chosen is the union. */
  readonly want: Want
  /** The highest. */
  readonly priority: number
  /** The largest size that a slot states. */
  readonly bytes?: number
  /** Wall clock, seconds: the latest; absent if any slot has none. */
  readonly expiry?: number
  /** Of the latest wish that gives one. */
  readonly name?: string
  /** The requests that were merged, newest first. */
  readonly slots: readonly Slot[]
}

/** One request for a pin. */
export type Slot = readonly [mapKey: string, register: PinRegister]

/** The pins that stand after the merge, by map key. */
export function mergeViews(logs: Iterable<WriterView>): Map<string, Pinned> {
  const winners = new Map<string, { register: Register; writer: number }>()
  for (const { writer, registers } of logs) {
    for (const [mapKey, register] of registers) {
      const best = winners.get(mapKey)
      if (best === undefined || later(register, writer, best)) winners.set(mapKey, { register, writer })
    }
  }
  const view = new Map<string, Pinned>()
  for (const [mapKey, { register, writer }] of winners) {
    if (register.op === 'pin') view.set(mapKey, { register, writer })
  }
  return view
}

/** The highest lamport under a map key in any log, unpins included; 0 if there is none. */
export function lamportSeen(logs: Iterable<Pick<WriterView, 'registers'>>, mapKey: string): number {
  let highest = 0
  for (const { registers } of logs) highest = Math.max(highest, registers.get(mapKey)?.lamport ?? 0)
  return highest
}

/** The pins of these slots, sorted by key, one row a key. */
export function rowsOf(pins: Iterable<readonly [string, { readonly register: PinRegister }]>): PinRow[] {
  const slots = Array.from(pins, ([mapKey, { register }]): Slot => [mapKey, register])
  if (slots.length === 1) return slots.map((slot) => rowOfOne(parseMapKey(slot[0]).key, slot))
  const byKey = new Map<string, Slot[]>()
  for (const slot of slots) {
    const text = slot[0].slice(0, keyTextLength)
    const same = byKey.get(text)
    if (same === undefined) byKey.set(text, [slot])
    else same.push(slot)
  }
  const rows = Array.from(byKey, ([text, same]) => rowOf(parseMapKey(text).key, same))
  return rows.sort((a, b) => compareBytes(a.key, b.key))
}

/**
 * The row as it is wanted at a time (wall clock, seconds): without the requests that have lapsed; undefined when all have.
 * What others know the row by (lamport, mode, map keys) stays, so that all peers read one another's claims alike.
 */
export function liveRow(row: PinRow, seconds: number): PinRow | undefined {
  const live = row.slots.filter(([, pin]) => pin.expiry === undefined || pin.expiry > seconds)
  if (live.length === row.slots.length) return row
  if (live.length === 0) return undefined
  const { lamport, mode, mapKeys, slots } = row
  return { ...rowOf(row.key, live), lamport, mode, mapKeys, slots }
}

/** When (wall clock, seconds) the next of its requests lapses; Infinity if none does. */
export function nextLapse(row: PinRow, seconds: number): number {
  return Math.min(...row.slots.map(([, { expiry }]) => (expiry === undefined || expiry <= seconds ? Infinity : expiry)))
}

/** First 8 bytes of SHA-256 over each row's key (32), lamport (6) and mode (1), in the order of the keys. */
export function viewHash(rows: readonly Pick<PinRow, 'key' | 'lamport' | 'mode'>[], crypto: Crypto): Uint8Array {
  const out = new Writer(rows.length * 39)
  for (const { key, lamport, mode } of rows)
    out
      .raw(key)
      .u48(lamport)
      .u8(mode === 'recursive' ? 1 : 2)
  return crypto.hash(out.finish()).slice(0, 8)
}

const keyTextLength = 43

function later(register: Register, writer: number, than: { register: Register; writer: number }): boolean {
  const { lamport } = than.register
  return register.lamport > lamport || (register.lamport === lamport && writer > than.writer)
}

function rowOf(key: Uint8Array, pins: readonly Slot[]): PinRow {
  const [only] = pins
  return pins.length === 1 && only !== undefined ? rowOfOne(key, only) : rowOfMany(key, pins)
}

/** Most pins have one slot: nothing has to be merged. */
function rowOfOne(key: Uint8Array, slot: Slot): PinRow {
  const [mapKey, { lamport, mode, cid, max, min, trustedMin, chosen, priority, bytes, expiry, name }] = slot
  return {
    key,
    mapKeys: [mapKey],
    lamport,
    mode,
    cid,
    want: { max, min, trustedMin, chosen: chosen ?? nobody },
    priority,
    ...(bytes !== undefined && { bytes }),
    ...(expiry !== undefined && { expiry }),
    ...(name !== undefined && { name }),
    slots: [slot]
  }
}

const nobody: readonly string[] = []

function rowOfMany(key: Uint8Array, pins: readonly Slot[]): PinRow {
  const slots = pins.toSorted(newestFirst)
  const registers = slots.map(([, register]) => register)
  const newest = registers[0] as PinRegister
  const bytes = Math.max(-1, ...registers.map((pin) => pin.bytes ?? -1))
  const expiry = Math.max(...registers.map((pin) => pin.expiry ?? Infinity))
  const name = registers.find((pin) => pin.name !== undefined)?.name
  return {
    key,
    mapKeys: pins.map(([mapKey]) => mapKey).sort(),
    lamport: newest.lamport,
    mode: registers.some((pin) => pin.mode === 'recursive') ? 'recursive' : 'direct',
    cid: newest.cid,
    want: wantOf(registers),
    priority: Math.max(...registers.map((pin) => pin.priority)),
    ...(bytes >= 0 && { bytes }),
    ...(expiry !== Infinity && { expiry }),
    ...(name !== undefined && { name }),
    slots
  }
}

function wantOf(registers: readonly PinRegister[]): Want {
  const copies = (pin: PinRegister): number => (pin.max === 0 ? Infinity : pin.max)
  const most = Math.max(...registers.map(copies))
  const largest = registers.filter((pin) => copies(pin) === most)
  // Peer ids of ed25519 keys have one length and base58 keeps the order of numbers: text order is key order.
  const chosen = [...new Set(registers.flatMap((pin) => pin.chosen ?? []))].sort().slice(0, chosenMax)
  return {
    max: most === Infinity ? 0 : most,
    min: Math.max(...largest.map((pin) => pin.min)),
    trustedMin: Math.max(...largest.map((pin) => pin.trustedMin)),
    chosen
  }
}

/** A full order, ties of the lamport by map key, so that every peer reads the same row. */
function newestFirst([keyA, a]: Slot, [keyB, b]: Slot): number {
  return b.lamport - a.lamport || (keyA < keyB ? -1 : 1)
}
