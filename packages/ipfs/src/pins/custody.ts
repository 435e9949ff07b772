// Who needs a block right now, besides the pins on disk: acquisitions and adds in progress. And the one place where
// blocks are deleted.
//
// The danger is the gap between "does any pin need it?" (a read that takes time) and the deletion. So a collector first
// condemns the block, then asks, then deletes only if its own sentence still stands. Whoever takes a block into hold
// lifts the sentence in the same tick; if the deletion has already begun, hold() waits for its end, and what follows
// finds the block gone and fetches it. An operation that ends writes its edges before it lets go, so a collector that
// asks after that sees them; one that fails collects its blocks itself. Hence a block is deleted by the last who needed
// it, and by nobody before.

import { nameOf } from '../blocks/keys.ts'

/** One acquisition or add in progress and the blocks it needs. */
export interface Hold {
  /** name → multihash */
  readonly blocks: ReadonlyMap<string, Uint8Array>
  /** True once a block in hold was found damaged: what was seen before no longer counts. */
  spoiled: boolean
  /** Call before asking whether the block is here, and before putting it. */
  take(multihash: Uint8Array): Promise<void>
  /** Lets go of all; the caller has written edges, or collects. */
  end(): void
}

export interface CustodyInit {
  /** Does any pin on disk need this block? */
  needed(multihash: Uint8Array): Promise<boolean>
  remove(multihashes: readonly Uint8Array[]): Promise<void>
}

export class Custody {
  readonly #init: CustodyInit
  readonly #holds = new Set<HeldBlocks>()
  readonly #held = new Map<string, number>()
  readonly #condemned = new Map<string, object>()
  readonly #deleting = new Map<string, Promise<void>>()

  constructor(init: CustodyInit) {
    this.#init = init
  }

  begin(): Hold {
    const hold = new HeldBlocks(
      (name) => this.#take(name),
      () => this.#end(hold)
    )
    this.#holds.add(hold)
    return hold
  }

  /** Deletes those of the blocks that nobody needs any more. Call in slices of some hundreds. */
  async collect(multihashes: readonly Uint8Array[]): Promise<void> {
    const sentence = {}
    const accused: { name: string; multihash: Uint8Array }[] = []
    for (const multihash of multihashes) {
      const name = nameOf(multihash)
      if (this.#held.has(name)) continue
      this.#condemned.set(name, sentence)
      accused.push({ name, multihash })
    }
    try {
      const needed = await Promise.all(accused.map(({ multihash }) => this.#init.needed(multihash)))
      const doomed = accused.filter(({ name }, at) => needed[at] === false && this.#condemned.get(name) === sentence)
      await this.#delete(doomed)
    } finally {
      for (const { name } of accused) if (this.#condemned.get(name) === sentence) this.#condemned.delete(name)
    }
  }

  /** A block turned out to be damaged and was dropped: whoever has it in hold must not count on it. */
  spoil(multihash: Uint8Array): void {
    const name = nameOf(multihash)
    for (const hold of this.#holds) if (hold.blocks.has(name)) hold.spoiled = true
  }

  async #delete(doomed: readonly { name: string; multihash: Uint8Array }[]): Promise<void> {
    if (doomed.length === 0) return
    const deletion = this.#init.remove(doomed.map(({ multihash }) => multihash))
    for (const { name } of doomed) this.#deleting.set(name, deletion)
    try {
      await deletion
    } finally {
      for (const { name } of doomed) if (this.#deleting.get(name) === deletion) this.#deleting.delete(name)
    }
  }

  #take(name: string): Promise<void> | undefined {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1)
    this.#condemned.delete(name)
    return this.#deleting.get(name)
  }

  #end(hold: HeldBlocks): void {
    if (!this.#holds.delete(hold)) return
    for (const name of hold.blocks.keys()) {
      const count = this.#held.get(name) ?? 0
      if (count <= 1) this.#held.delete(name)
      else this.#held.set(name, count - 1)
    }
  }
}

class HeldBlocks implements Hold {
  readonly blocks = new Map<string, Uint8Array>()
  spoiled = false
  readonly #take: (name: string) => Promise<void> | undefined
  readonly end: () => void

  constructor(take: (name: string) => Promise<void> | undefined, end: () => void) {
    this.#take = take
    this.end = end
  }

  async take(multihash: Uint8Array): Promise<void> {
    const name = nameOf(multihash)
    if (this.blocks.has(name)) return
    this.blocks.set(name, multihash)
    try {
      await this.#take(name)
    } catch {
      // The deletion failed and was reported to its caller; the block is looked up anew either way.
    }
  }
}
