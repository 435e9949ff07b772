/**
 * What one log has written, read from its bodies without a document. A checked body (see body.ts) leaves nothing to decide: its
 * items follow the clock, each is the newest of its key, and its deletes name items that are there. So a list of keys and a map
 * of the newest items say the same as the Y.Doc that its author keeps (fold.ts), for a fraction of the time and memory.
 */
import { equalBytes } from '../bytes/compare.ts'
import { Reader } from '../bytes/reader.ts'
import { decodeRegister, encodeRegister, registerBytesMax } from '../formats/register.ts'
import type { Register } from '../formats/register.ts'
import { finish, type Slices } from '../loop/slices.ts'
import { type Changes, firstItem, type KeyHistory, mapKeyBytesMax, rootBytesMax } from './body.ts'

/** A map key with its places in the maps, and a register with its CID. */
const itemBytes = 160
const registerBytes = 700
/** Items and deletes read in one slice, about 1 µs each. */
const readPerSlice = 256
/** Registers decoded in one slice, about 2 µs each. */
const decodedPerSlice = 128
/** Registers compared in one slice, about 3 µs each. */
const comparedPerSlice = 128

export class Items implements KeyHistory {
  /** The map key of the item at each clock. */
  readonly #keys: string[] = []
  /** The clock of the newest item of each map key. */
  readonly #newest = new Map<string, number>()
  /** What is live. */
  readonly #registers = new Map<string, Register>()
  /** Values that are not decoded yet. */
  #values = new Map<string, Uint8Array>()

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
          if (this.#newest.get(mapKey) === at) this.#put(mapKey, undefined)
        }
      }
    }
  }

  #item(from: Reader, known: Changes | undefined): void {
    const mapKey = from.u8() === firstItem ? keyNamed(from) : this.keyAt(originOf(from))
    const value = from.blob(registerBytesMax)
    this.#newest.set(mapKey, this.#keys.push(mapKey) - 1)
    this.#put(mapKey, known?.get(mapKey) ?? value)
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
