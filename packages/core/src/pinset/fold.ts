/**
 * The Y.Doc of one log while its author writes: checked bodies go in, and changes become a body. Whoever only reads a log has none
 * (see items.ts; Yjs takes about 525 bytes of heap a pin and some thousands a document). Everything that Yjs draws at random is
 * replaced: the guid is fixed, and the client id is the writer's only while it writes, since Yjs changes its id when it is given
 * what it wrote itself.
 */

import * as Y from 'yjs'
import type { Slices } from '../loop/slices.ts'
import { rootOf } from './body.ts'
import { pieces } from './parts.ts'

/** One map key's new register as it is encoded; null deletes it. */
export type Edit = readonly [mapKey: string, value: Uint8Array | null]

/** A document, and an item in it, in memory. */
const docBytes = 5000
const liveBytes = 525

/** An item of a reset without its key and value: info, kind of parent, root name (w and ten digits), three lengths. */
const itemBytesMax = 17

export class Fold {
  readonly #writer: number
  readonly #doc: Y.Doc
  readonly #map: Y.Map<Uint8Array>

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

  /** Bytes of memory, about. */
  get weight(): number {
    return docBytes + this.clock * liveBytes
  }

  /** All that is live, in ascending order of the map keys: what a reset holds. */
  state(): Edit[] {
    return [...this.#map.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
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

  /** Folds bodies that were checked before, in the order of their entries; nothing may be read of the fold until it ends. */
  *folding(bodies: readonly Uint8Array[]): Slices {
    let first = true
    for (const group of pieces(bodies)) {
      if (!first) yield
      first = false
      this.#apply(group)
    }
  }

  /** Writes as the author, in one transaction; the body that says so, or undefined if nothing changed. */
  edit(edits: readonly Edit[]): Uint8Array | undefined {
    let body: Uint8Array | undefined
    const keep = (update: Uint8Array): void => void (body = update)
    this.#doc.on('update', keep)
    this.#doc.clientID = this.#writer
    this.#doc.transact(() => {
      for (const [mapKey, value] of edits) {
        if (value === null) this.#map.delete(mapKey)
        else this.#map.set(mapKey, value)
      }
    })
    this.#doc.clientID = idleId(this.#writer)
    this.#doc.off('update', keep)
    return body
  }

  #apply(bodies: readonly Uint8Array[]): void {
    const apply = (): void => bodies.forEach((body) => Y.applyUpdate(this.#doc, body))
    Y.transact(this.#doc, apply, null, false)
    const { pendingStructs, pendingDs, clients } = this.#doc.store
    if (pendingStructs !== null || pendingDs !== null) throw new Error('Yjs kept a part of a checked body pending')
    if (clients.size > 1 || this.#doc.share.size > 1) throw new Error('a checked body left its own root')
  }
}

/** A fixed client id that is not the writer's. */
function idleId(writer: number): number {
  return writer === 0 ? 1 : writer - 1
}
