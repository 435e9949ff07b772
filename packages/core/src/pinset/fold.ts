/**
 * The Y.Doc of one log while it is worked on: checked bodies go in, registers come out, and an author's changes become
 * a body. It is made when needed and forgotten after (Yjs keeps about 525 bytes of heap a pin). Everything that Yjs
 * draws at random is replaced: the guid is fixed, and the client id is the writer's only while it writes, since Yjs
 * changes its id when it is given what it wrote itself.
 */

import * as Y from 'yjs'
import { equalBytes } from '../bytes/compare.ts'
import { decodeRegister } from '../formats/register.ts'
import type { Register } from '../formats/register.ts'
import { finish, type Slices } from '../loop/slices.ts'
import { rootOf } from './body.ts'
import type { Changes, KeyHistory } from './body.ts'
import { pieces } from './parts.ts'

/** One map key's new register, also as it is encoded; null deletes it. */
export type Edit = readonly [mapKey: string, register: Register | null, value: Uint8Array | null]

/** An item of a reset without its key and value: info, kind of parent, root name (w and ten digits), three lengths. */
const itemBytesMax = 17
/** Registers decoded in one slice, about 2 µs each. */
const decodedPerSlice = 128
/** Registers compared in one slice. */
const comparedPerSlice = 512

export class Fold implements KeyHistory {
  readonly #writer: number
  readonly #doc: Y.Doc
  readonly #map: Y.Map<Uint8Array>
  #registers: Map<string, Register> | undefined

  /** Folds bodies that were checked before, in the order of their entries. */
  constructor(writer: number, bodies: readonly Uint8Array[] = []) {
    this.#writer = writer
    this.#doc = new Y.Doc({ guid: 'pinmesh', gc: true })
    this.#doc.clientID = idleId(writer)
    this.#map = this.#doc.getMap(rootOf(writer))
    if (bodies.length > 0) this.#apply(bodies)
  }

  /** Where the next item's clock stands. */
  get clock(): number {
    return Y.getState(this.#doc.store, this.#writer)
  }

  keyAt(clock: number): string {
    const mapKey = Y.getItem(this.#doc.store, Y.createID(this.#writer, clock)).parentSub
    if (mapKey === null) throw new Error('an item of a log has no key')
    return mapKey
  }

  lastOf(mapKey: string): { clock: number; live: boolean } | undefined {
    const item = this.#map._map.get(mapKey)
    return item && { clock: item.lastId.clock, live: !item.deleted }
  }

  /** The encoded Register of a map key. */
  value(mapKey: string): Uint8Array | undefined {
    return this.#map.get(mapKey)
  }

  /** All that is live, in ascending order of the map keys: what a reset holds. */
  state(): Edit[] {
    const registers = this.registers()
    const edits: Edit[] = []
    for (const [mapKey, value] of this.#map.entries()) edits.push([mapKey, registers.get(mapKey) ?? null, value])
    return edits.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** How many pins and unpins are live, and how many bytes a reset of them would take (never fewer than it does). */
  weigh(): { live: number; bytes: number } {
    let live = 0
    let bytes = 32
    for (const [mapKey, value] of this.#map.entries()) {
      live++
      bytes += itemBytesMax + mapKey.length + value.length
    }
    return { live, bytes }
  }

  /** All live registers by map key; one map that changes with the fold. */
  registers(): ReadonlyMap<string, Register> {
    return this.#registers ?? finish(this.decoding())
  }

  /** The registers, in slices where they have not been asked for yet. */
  *decoding(): Slices<ReadonlyMap<string, Register>> {
    if (this.#registers !== undefined) return this.#registers
    const registers = new Map<string, Register>()
    for (const [mapKey, value] of this.#map.entries()) {
      registers.set(mapKey, decodeRegister(value))
      if (registers.size % decodedPerSlice === 0) yield
    }
    this.#registers = registers
    return registers
  }

  /** Folds bodies that were checked before, in the order of their entries; nothing may be read of the fold until it ends. */
  *folding(bodies: readonly Uint8Array[]): Slices {
    let first = true
    for (const group of pieces(bodies)) {
      if (!first) yield
      first = false
      this.#apply(group)
    }
  }

  /** Applies a body that `checkBody` has passed against this fold, with the changes it found. */
  *applying(body: Uint8Array, changes: Changes): Slices {
    yield* this.folding([body])
    this.#note(changes)
  }

  /** Writes as the author, in one transaction; the body that says so, or undefined if nothing changed. */
  edit(edits: readonly Edit[]): Uint8Array | undefined {
    let body: Uint8Array | undefined
    const keep = (update: Uint8Array): void => void (body = update)
    this.#doc.on('update', keep)
    this.#doc.clientID = this.#writer
    this.#doc.transact(() => {
      for (const [mapKey, , value] of edits) {
        if (value === null) this.#map.delete(mapKey)
        else this.#map.set(mapKey, value)
      }
    })
    this.#doc.clientID = idleId(this.#writer)
    this.#doc.off('update', keep)
    this.#note(edits)
    return body
  }

  #note(changes: Iterable<readonly [mapKey: string, register: Register | null, ...unknown[]]>): void {
    if (this.#registers === undefined) return
    for (const [mapKey, register] of changes) {
      if (register === null) this.#registers.delete(mapKey)
      else this.#registers.set(mapKey, register)
    }
  }

  #apply(bodies: readonly Uint8Array[]): void {
    const apply = (): void => bodies.forEach((body) => Y.applyUpdate(this.#doc, body))
    Y.transact(this.#doc, apply, null, false)
    const { pendingStructs, pendingDs, clients } = this.#doc.store
    if (pendingStructs !== null || pendingDs !== null) throw new Error('Yjs kept a part of a checked body pending')
    if (clients.size > 1 || this.#doc.share.size > 1) throw new Error('a checked body left its own root')
  }
}

/** The map keys whose registers differ between two folds of one log. */
export function* differing(before: Fold, after: Fold): Slices<string[]> {
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

/** A fixed client id that is not the writer's. */
function idleId(writer: number): number {
  return writer === 0 ? 1 : writer - 1
}
