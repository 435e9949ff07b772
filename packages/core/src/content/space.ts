/**
 * Room that the trash takes and a fetch needs: the oldest trash goes first, before its time, and no more than is needed. It
 * only asks sooner: whether something may go is decided where it always is (trash.ts, visit.ts), so what is promised, or what
 * a peer cut off, out of step or with a doubtful clock has, stays. Where all of it would not be enough nothing goes.
 * Kept is one line a bucket; the journal's rows are read when something is to go.
 */
import { cidText } from '../formats/cid.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Timings } from '../members/profiles.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { Deletions } from './deletions.ts'
import type { Hold } from './hold.ts'
import type { Trash } from './trash.ts'

export interface SpaceInit {
  readonly outbox: Outbox
  readonly leaves: Leaves
  readonly timings: Timings
  readonly trash: Trash
  readonly deletions: Deletions
  /** decides for everything in a bucket */
  readonly visit: (leaf: Leaf, bucket: number) => void
  /** there may be room now */
  readonly changed: () => void
}

/** The trash of one bucket. */
interface Heap {
  /** wall ms when the oldest of it came */
  readonly since: number
  readonly bytes: number
  /** wall ms at which the last promise that covers any of it is over */
  readonly coveredUntil: number
}

export class Space {
  readonly #init: SpaceInit
  readonly #heaps = new Map<number, Heap>()
  #bytes = 0
  /** Bytes still to be found; while any are sought or being deleted whoever needs room waits. */
  #wanted = 0
  #busy = 0
  /** What there was not enough for lately: the heaps are not counted anew for each that needs room. */
  #refused: { readonly bytes: number; readonly until: number } | undefined

  constructor(init: SpaceInit) {
    this.#init = init
  }

  /** After a bucket was visited. */
  look(leaf: Leaf, bucket: number): void {
    this.#forget(bucket)
    const holds = inTrash(leaf, bucket)
    if (holds.length === 0) return
    const heap: Heap = {
      since: Math.min(...holds.map(({ since }) => since)),
      bytes: holds.reduce((sum, { bytes }) => sum + bytes, 0),
      coveredUntil: Math.max(...holds.map((hold) => this.#init.trash.coveredUntil(bucket, hold)))
    }
    this.#heaps.set(bucket, heap)
    this.#bytes += heap.bytes
  }

  /** Makes so much room, if the trash can. Returns whether it is worth waiting: `changed` tells when there is more. */
  make(bytes: number): boolean {
    if (this.#busy > 0) return true
    const { outbox, timings, trash } = this.#init
    if (this.#bytes < bytes || !trash.clear) return false
    if (this.#refused !== undefined && bytes >= this.#refused.bytes && outbox.mono < this.#refused.until) return false
    if (this.#ripe().reduce((sum, [, heap]) => sum + heap.bytes, 0) < bytes) {
      this.#refused = { bytes, until: outbox.mono + timings.beatMs }
      return false
    }
    this.#wanted = bytes
    this.#next()
    return true
  }

  #ripe(): [bucket: number, heap: Heap][] {
    return [...this.#heaps].filter(([, { coveredUntil }]) => coveredUntil <= this.#init.outbox.wall)
  }

  /** Goes on with the bucket that has the oldest trash. */
  #next(): void {
    const { leaves } = this.#init
    let oldest: [bucket: number, heap: Heap] | undefined
    for (const one of this.#ripe()) if (oldest === undefined || one[1].since < oldest[1].since) oldest = one
    if (oldest === undefined) return
    const [bucket] = oldest
    this.#busy++
    const look = (): void => leaves.with(bucket >> 4, visit)
    const visit = (leaf: Leaf): void => {
      if (leaf.drafts > 0) return leaf.whenSettled(look)
      if (!this.#empty(leaf, bucket)) this.#forget(bucket)
      if (this.#wanted > 0) this.#next()
      this.#over()
    }
    look()
  }

  /** The oldest of this bucket goes. Returns whether anything went; if not, the bucket is left alone until it was looked at again. */
  #empty(leaf: Leaf, bucket: number): boolean {
    const { trash, deletions, visit } = this.#init
    const [oldest] = inTrash(leaf, bucket).sort((a, b) => a.since - b.since)
    if (oldest === undefined) return false
    trash.hurry(oldest)
    visit(leaf, bucket)
    trash.hurry(undefined)
    if (leaf.holds.get(oldest.key)?.state !== 'releasing') return false
    this.#wanted -= oldest.bytes
    this.#busy++
    deletions.watch(cidText(oldest.cid), () => this.#over())
    return true
  }

  #over(): void {
    if (--this.#busy === 0) this.#init.changed()
  }

  #forget(bucket: number): void {
    this.#bytes -= this.#heaps.get(bucket)?.bytes ?? 0
    this.#heaps.delete(bucket)
  }
}

function inTrash(leaf: Leaf, bucket: number): Hold[] {
  return leaf.holds.of(bucket).filter(({ state }) => state === 'trash')
}
