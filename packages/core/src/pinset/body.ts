/**
 * What an entry's body may be. The body is a Yjs v1 update, and Yjs trusts its updates: one forged struct can make two
 * replicas differ for ever, hide an unrelated key, or wait in memory for a predecessor that never comes. So nothing of
 * a body is taken before this module has read every byte of it with its own decoder.
 *
 * It accepts exactly what an honest author's Yjs writes for one transaction on a map, and in one form only: items of
 * the writer's own client id with contiguous clocks, one binary value each, in the root map `w<client id>`; a key that
 * was written before names its last item as origin, a new key names map and key; a key once at most; the delete set
 * names precisely the live items that were overwritten or deleted, in merged, ascending ranges. A reset has neither
 * origins nor deletes, and its keys ascend. Such an update leaves Yjs nothing to decide and nothing to wait for.
 */

import { FormatError } from '../bytes/format-error.ts'
import { equalBytes } from '../bytes/compare.ts'
import { Reader } from '../bytes/reader.ts'
import type { Crypto } from '../crypto.ts'
import type { Entry } from '../formats/entry.ts'
import { bucketOf, keyOfPin, parseMapKey, slotMax } from '../formats/key.ts'
import { decodeRegister, registerBytesMax } from '../formats/register.ts'
import type { Register } from '../formats/register.ts'
import { finish, type Slices } from '../loop/slices.ts'

/** What the keys and values of a log are checked against. */
export interface BodyRules {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  /** 12 or 16: how many leading bits of a pin's key are the log's prefix. */
  readonly prefixLen: number
  /** The prefix as 16 bits, low bits zero for 12. */
  readonly prefix: number
}

/** What the log has written before this entry, since its last reset. */
export interface KeyHistory {
  /** The map key of the item at a clock below the log's clock end. */
  keyAt(clock: number): string
  /** The newest item of a map key, and whether it still has a value. */
  lastOf(mapKey: string): { clock: number; live: boolean } | undefined
}

/** A body's effect: for each map key that it touches the new register, or null where it is deleted. */
export type Changes = Map<string, Register | null>

/** The history of a log that begins here. */
export const noHistory: KeyHistory = { keyAt: () => refuse('an empty log has no items'), lastOf: () => undefined }

/** base64url of 32 bytes, a dot, a slot. */
export const mapKeyBytesMax: number = 43 + 1 + slotMax
/** The name of a root map: w and ten digits. */
export const rootBytesMax = 16
/** ContentBinary (3) with a key (bit 6): the first item of its key. */
export const firstItem = 0x23
/** The same with an origin (bit 8), from which Yjs takes map and key. */
const laterItem = 0xa3
/** Items checked in one slice: each is decoded and its key hashed, about 8 µs. */
const itemsPerSlice = 32
/** Deletes checked in one slice. */
const deletesPerSlice = 256

/** The name of a writer's root map. */
export function rootOf(writer: number): string {
  return `w${writer}`
}

/** Reads a body fully and returns its effect; FormatError if it breaks any rule. Changes nothing. */
export function checkBody(...args: Parameters<typeof checkingBody>): Changes {
  return finish(checkingBody(...args))
}

/** The same in slices; `history` must not change meanwhile. */
export function* checkingBody(
  entry: Pick<Entry, 'kind' | 'writer' | 'clock' | 'count' | 'body'>,
  history: KeyHistory,
  rules: BodyRules
): Slices<Changes> {
  const reader = new Reader(entry.body)
  const changes: Changes = new Map()
  const overwritten = yield* readItems(reader, entry, { history, rules, changes })
  yield* readDeletes(reader, entry, { history, overwritten, changes })
  reader.end()
  if (entry.kind === 'set' && changes.size === 0) refuse('an entry that changes nothing')
  return changes
}

/** One key and value: the key belongs to the log, and a pin stands under its own key. FormatError otherwise. */
export function checkValue(mapKey: string, value: Uint8Array, rules: BodyRules): Register {
  const { key } = parseMapKey(mapKey)
  const shift = 16 - rules.prefixLen
  if (bucketOf(key) >> shift !== rules.prefix >> shift) refuse('a map key does not belong to this log')
  const register = decodeRegister(value)
  if (register.op === 'pin' && !equalBytes(keyOfPin(rules.meshId, register.cid, rules.crypto), key)) {
    refuse('a pin stands under the key of another')
  }
  return register
}

function* readItems(
  reader: Reader,
  entry: Pick<Entry, 'kind' | 'writer' | 'clock' | 'count'>,
  state: { history: KeyHistory; rules: BodyRules; changes: Changes }
): Slices<Set<number>> {
  const overwritten = new Set<number>()
  if (reader.v() !== (entry.count > 0 ? 1 : 0)) refuse('a body is of one client')
  if (entry.count === 0) return overwritten
  if (reader.v() !== entry.count) refuse('the items are not as many as the header says')
  if (reader.v() !== entry.writer) refuse('the items are of another client')
  if (reader.v() !== entry.clock) refuse('the items do not begin where the log ends')
  let previous = ''
  for (let i = 0; i < entry.count; i++) {
    if (i > 0 && i % itemsPerSlice === 0) yield
    const mapKey = readKey(reader, entry, { history: state.history, overwritten })
    if (state.changes.has(mapKey)) refuse('a body has one key twice')
    if (entry.kind === 'reset' && mapKey <= previous) refuse("a reset's keys ascend")
    previous = mapKey
    state.changes.set(mapKey, checkValue(mapKey, reader.blob(registerBytesMax), state.rules))
  }
  return overwritten
}

/** The map key of the next item, said outright or by its origin. */
function readKey(
  reader: Reader,
  entry: Pick<Entry, 'writer' | 'clock'>,
  state: { history: KeyHistory; overwritten: Set<number> }
): string {
  const info = reader.u8()
  if (info === firstItem) {
    if (reader.v() !== 1) refuse('an item stands inside another')
    if (reader.text(rootBytesMax) !== rootOf(entry.writer)) refuse('an item stands in another root')
    const mapKey = reader.text(mapKeyBytesMax)
    if (state.history.lastOf(mapKey) !== undefined) refuse('an overwrite names no origin')
    return mapKey
  }
  if (info !== laterItem) refuse('a struct is not a plain binary item')
  if (reader.v() !== entry.writer) refuse('an origin is of another client')
  const origin = reader.v()
  if (origin >= entry.clock) refuse('an origin does not lie before the body')
  const mapKey = state.history.keyAt(origin)
  const last = state.history.lastOf(mapKey)
  if (last?.clock !== origin) refuse('an origin is not the last item of its key')
  if (last.live) state.overwritten.add(origin)
  return mapKey
}

function* readDeletes(
  reader: Reader,
  entry: Pick<Entry, 'writer' | 'clock'>,
  state: { history: KeyHistory; overwritten: Set<number>; changes: Changes }
): Slices {
  const { history, overwritten, changes } = state
  let deletes = 0
  const clients = reader.v()
  if (clients > 1) refuse('deletes are of one client')
  if (clients === 1) {
    if (reader.v() !== entry.writer) refuse('a delete is of another client')
    const ranges = reader.v()
    if (ranges === 0) refuse('an empty list of deletes')
    let end = -1
    for (let i = 0; i < ranges; i++) {
      const from = reader.v()
      if (from <= end) refuse('deletes are not merged and ascending')
      end = from + reader.v()
      if (end === from || end > entry.clock) refuse('a delete does not lie within the log')
      for (let clock = from; clock < end; clock++) {
        if (++deletes % deletesPerSlice === 0) yield
        const mapKey = history.keyAt(clock)
        const last = history.lastOf(mapKey)
        if (last === undefined || last.clock !== clock || !last.live) refuse('what is deleted has no value')
        if (!overwritten.delete(clock)) changes.set(mapKey, null)
      }
    }
  }
  if (overwritten.size > 0) refuse('an overwritten item is not among the deletes')
}

function refuse(why: string): never {
  throw new FormatError(why)
}
