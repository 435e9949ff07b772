/**
 * What one log has written, read from its bodies without a document. A checked body (see body.ts) leaves nothing to decide: its
 * items follow the clock, each is the newest of its key, and its deletes name items that are there. So a list of keys and a map
 * of the newest items say the same as a Y.Doc (a test holds that), for a fraction of the time and memory, and are all that the
 * log's author needs to go on (update.ts).
 */
import { equalBytes } from '../bytes/compare.ts'
import { Reader } from '../bytes/reader.ts'
import { decodeRegister, encodeRegister, registerBytesMax } from '../formats/register.ts'
import type { Register } from '../formats/register.ts'
import { finish, type Slices } from '../loop/slices.ts'
import { type Changes, firstItem, type KeyHistory, mapKeyBytesMax, rootBytesMax } from './body.ts'
import type { Edit, Written } from './update.ts'

/** An item of a reset without its key and value: info, kind of parent, root name (w and ten digits), three lengths. */
const itemBytesMax = 17
/** A map key with its places in the maps, and a register with its CID. */
const itemBytes = 160
const registerBytes = 700
/** Items and deletes read in one slice, about 1 µs each. */
const readPerSlice = 256
/** Registers decoded in one slice, about 2 µs each. */
const decodedPerSlice = 128
/** Registers compared in one slice, about 3 µs each. */
const comparedPerSlice = 128

export class Items implements KeyHistory, Written {
  /** The map key of the item at each clock, and the bytes of its value. */
  readonly #keys: string[] = []
  readonly #sizes: number[] = []
  /** The clock of the newest item of each map key. */
  readonly #newest = new Map<string, number>()
  /** What is live. */
  readonly #registers = new Map<string, Register>()
  /** Values that are not decoded yet. */
  #values = new Map<string, Uint8Array>()
  #liveBytes = 0

  /** Where the next item's clock stands. */
  get clock(): number {
    return this.#keys.length
  }

  /** Bytes of memory, about. */
  get weight(): number {
    return this.#keys.length * itemBytes + (this.#registers.size + this.#values.size) * registerBytes
  }

  keyAt(clock: number): string {
    const mapKey = this.#keys[clock]
    if (mapKey === undefined) throw new Error('a log has no item at a clock below its end')
    return mapKey
  }

  lastOf(mapKey: string): { clock: number; live: boolean } | undefined {
    const clock = this.#newest.get(mapKey)
    if (clock === undefined) return undefined
    return { clock, live: this.#registers.has(mapKey) || this.#values.has(mapKey) }
  }

  /** How many registers will be live after these edits, and how many bytes a reset of them would take (never fewer than it does). */
  after(edits: readonly Edit[]): { live: number; bytes: number } {
    let live = this.#registers.size + this.#values.size
    let bytes = 32 + this.#liveBytes
    for (const { mapKey, value } of edits) {
      const size = this.#liveSize(mapKey)
      if (size > 0) live--
      bytes -= size
      if (value === null) continue
      live++
      bytes += sizeOf(mapKey, value.length)
    }
    return { live, bytes }
  }

  /** All that is live after these edits, in ascending order of the map keys: what a reset holds. */
  state(edits: readonly Edit[]): Edit[] {
    const values = new Map<string, Uint8Array | null>(this.#values)
    for (const [mapKey, register] of this.#registers) values.set(mapKey, encodeRegister(register))
    for (const { mapKey, value } of edits) values.set(mapKey, value)
    const live = Array.from(values, ([mapKey, value]): Edit => ({ mapKey, value })).filter(
      ({ value }) => value !== null
    )
    return live.sort((a, b) => (a.mapKey < b.mapKey ? -1 : 1))
  }

  /** All live registers by map key; one map that changes with what is taken. */
  registers(): ReadonlyMap<string, Register> {
    if (this.#values.size > 0) finish(this.decoding())
    return this.#registers
  }

  /** Decodes in slices what `registers` would have to decode at once. */
  *decoding(): Slices {
    let decoded = 0
    for (const [mapKey, value] of this.#values) {
      if (++decoded % decodedPerSlice === 0) yield
      this.#registers.set(mapKey, decodeRegister(value))
    }
    this.#values = new Map()
  }

  /**
   * Takes bodies that were checked before, in the order of their entries; nothing may be read until it ends. `known`: registers
   * that were decoded already.
   */
  *taking(bodies: Iterable<Uint8Array>, known?: Changes): Slices {
    let read = 0
    for (const body of bodies) {
      const from = new Reader(body)
      for (let left = countOf(from); left > 0; left--) {
        if (++read % readPerSlice === 0) yield
        this.#item(from, known)
      }
      for (const [clock, length] of rangesOf(from)) {
        for (let at = clock; at < clock + length; at++) {
          if (++read % readPerSlice === 0) yield
          const mapKey = this.keyAt(at)
          if (this.#newest.get(mapKey) === at) this.#delete(mapKey)
        }
      }
    }
  }

  #item(from: Reader, known: Changes | undefined): void {
    const mapKey = from.u8() === firstItem ? keyNamed(from) : this.keyAt(originOf(from))
    const value = from.blob(registerBytesMax)
    this.#liveBytes += sizeOf(mapKey, value.length) - this.#liveSize(mapKey)
    this.#newest.set(mapKey, this.#keys.push(mapKey) - 1)
    this.#sizes.push(value.length)
    this.#put(mapKey, known?.get(mapKey) ?? value)
  }

  #delete(mapKey: string): void {
    this.#liveBytes -= this.#liveSize(mapKey)
    this.#put(mapKey, undefined)
  }

  /** Bytes of a live register in a reset, 0 where there is none. */
  #liveSize(mapKey: string): number {
    const last = this.lastOf(mapKey)
    return last?.live === true ? sizeOf(mapKey, this.#sizes[last.clock] as number) : 0
  }

  #put(mapKey: string, state: Register | Uint8Array | undefined): void {
    if (state !== undefined && 'op' in state) {
      this.#registers.set(mapKey, state)
      this.#values.delete(mapKey)
      return
    }
    this.#registers.delete(mapKey)
    if (state === undefined) this.#values.delete(mapKey)
    else this.#values.set(mapKey, state)
  }
}

/** Bytes of an item in a reset, never fewer than it takes. */
function sizeOf(mapKey: string, valueBytes: number): number {
  return itemBytesMax + mapKey.length + valueBytes
}

/** The map keys whose registers differ between two states of one log. */
export function* differing(before: Items, after: Items): Slices<string[]> {
  const found: string[] = []
  const [old, now] = [before.registers(), after.registers()]
  let compared = 0
  for (const [mapKey, register] of old) {
    if (++compared % comparedPerSlice === 0) yield
    const other = now.get(mapKey)
    if (other === undefined || !equalBytes(encodeRegister(register), encodeRegister(other))) found.push(mapKey)
  }
  for (const mapKey of now.keys()) {
    if (++compared % comparedPerSlice === 0) yield
    if (!old.has(mapKey)) found.push(mapKey)
  }
  return found
}

/** How many items follow; their writer and first clock are passed over. */
function countOf(from: Reader): number {
  if (from.v() === 0) return 0
  const count = from.v()
  from.v()
  from.v()
  return count
}

function keyNamed(from: Reader): string {
  from.v()
  from.blob(rootBytesMax)
  return from.text(mapKeyBytesMax)
}

function originOf(from: Reader): number {
  from.v()
  return from.v()
}

function rangesOf(from: Reader): (readonly [clock: number, length: number])[] {
  if (from.v() === 0) return []
  from.v()
  return Array.from({ length: from.v() }, () => [from.v(), from.v()] as const)
}
