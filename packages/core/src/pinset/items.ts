/**
 * What one log has written, read from its bodies without a document. A checked body (see body.ts) leaves nothing to decide: its
 * items follow the clock, each is the newest of its key, and its deletes name items that are there. So a list of keys and a map
 * of the newest items say the same as the Y.Doc that its author keeps (fold.ts), for a fraction of the time and memory.
 */
import { equalBytes } from '../bytes/compare.ts'
import { Reader } from '../bytes/reader.ts'
import { decodeRegister, registerBytesMax } from '../formats/register.ts'
import type { Register } from '../formats/register.ts'
import { finish, type Slices } from '../loop/slices.ts'
import { type Changes, firstItem, type KeyHistory, mapKeyBytesMax, rootBytesMax } from './body.ts'

/** Items and deletes read in one slice, about 1 µs each. */
const readPerSlice = 256
/** Registers decoded in one slice, about 2 µs each. */
const decodedPerSlice = 128
/** Registers compared in one slice. */
const comparedPerSlice = 512

interface Newest {
  clock: number
  /** the encoded register, undefined where the key was deleted */
  value: Uint8Array | undefined
}

export class Items implements KeyHistory {
  /** The map key of the item at each clock. */
  readonly #keys: string[] = []
  readonly #newest = new Map<string, Newest>()
  #registers: Map<string, Register> | undefined

  /** Where the next item's clock stands. */
  get clock(): number {
    return this.#keys.length
  }

  keyAt(clock: number): string {
    const mapKey = this.#keys[clock]
    if (mapKey === undefined) throw new Error('a log has no item at a clock below its end')
    return mapKey
  }

  lastOf(mapKey: string): { clock: number; live: boolean } | undefined {
    const newest = this.#newest.get(mapKey)
    return newest && { clock: newest.clock, live: newest.value !== undefined }
  }

  /** The encoded register of a map key. */
  value(mapKey: string): Uint8Array | undefined {
    return this.#newest.get(mapKey)?.value
  }

  /** All live registers by map key; one map that changes with what is taken. */
  registers(): ReadonlyMap<string, Register> {
    return this.#registers ?? finish(this.decoding())
  }

  /** The registers, in slices where they have not been asked for yet. */
  *decoding(): Slices<ReadonlyMap<string, Register>> {
    if (this.#registers !== undefined) return this.#registers
    const registers = new Map<string, Register>()
    let decoded = 0
    for (const [mapKey, { value }] of this.#newest) {
      if (value === undefined) continue
      if (++decoded % decodedPerSlice === 0) yield
      registers.set(mapKey, decodeRegister(value))
    }
    this.#registers = registers
    return registers
  }

  /** Takes bodies that were checked before, in the order of their entries; nothing may be read until it ends. */
  *taking(bodies: Iterable<Uint8Array>): Slices {
    let read = 0
    for (const body of bodies) {
      const from = new Reader(body)
      for (let left = countOf(from); left > 0; left--) {
        if (++read % readPerSlice === 0) yield
        this.#item(from)
      }
      for (const [clock, length] of rangesOf(from)) {
        for (let at = clock; at < clock + length; at++) {
          if (++read % readPerSlice === 0) yield
          const newest = this.#newest.get(this.keyAt(at))
          if (newest?.clock === at) newest.value = undefined
        }
      }
    }
    this.#registers = undefined
  }

  /** Takes a checked body whose registers are known already. */
  *taken(body: Uint8Array, changes: Changes): Slices {
    const registers = this.#registers
    yield* this.taking([body])
    if (registers === undefined) return
    for (const [mapKey, register] of changes) {
      if (register === null) registers.delete(mapKey)
      else registers.set(mapKey, register)
    }
    this.#registers = registers
  }

  #item(from: Reader): void {
    const mapKey = from.u8() === firstItem ? keyNamed(from) : this.keyAt(originOf(from))
    const newest = this.#newest.get(mapKey)
    const clock = this.#keys.push(mapKey) - 1
    const value = from.blob(registerBytesMax)
    if (newest === undefined) this.#newest.set(mapKey, { clock, value })
    else {
      newest.clock = clock
      newest.value = value
    }
  }
}

/** The map keys whose registers differ between two states of one log. */
export function* differing(before: Items, after: Items): Slices<string[]> {
  const found: string[] = []
  let compared = 0
  for (const mapKey of before.registers().keys()) {
    if (++compared % comparedPerSlice === 0) yield
    const now = after.value(mapKey)
    if (now === undefined || !equalBytes(before.value(mapKey) as Uint8Array, now)) found.push(mapKey)
  }
  for (const mapKey of after.registers().keys()) {
    if (++compared % comparedPerSlice === 0) yield
    if (before.value(mapKey) === undefined) found.push(mapKey)
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
