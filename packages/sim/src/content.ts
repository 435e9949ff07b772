/**
 * Content: which CIDs there are, how large, and who really has them. A peer's set is on its disk: it survives restarts and is
 * what the properties count, whatever the peer says of itself.
 */
import type { ContentCode } from '@pinmesh/core'
import type { SimRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface Piece {
  readonly cid: string
  readonly bytes: number
  /** Some server outside the mesh has it. */
  readonly outside: boolean
}

export class ContentSet {
  readonly #pieces = new Map<string, number>()
  used = 0

  has(cid: string): boolean {
    return this.#pieces.has(cid)
  }

  cids(): Iterable<string> {
    return this.#pieces.keys()
  }

  add(cid: string, bytes: number): void {
    if (this.#pieces.has(cid)) return
    this.#pieces.set(cid, bytes)
    this.used += bytes
  }

  delete(cid: string): void {
    this.used -= this.#pieces.get(cid) ?? 0
    this.#pieces.delete(cid)
  }
}

export interface Acquiring {
  readonly piece: Piece | undefined
  readonly bytesMax: number
  /** somebody who can be reached has it now */
  readonly reachable: () => boolean
  readonly done: (outcome: { bytes: number } | { code: ContentCode; bytes: number }) => void
}

/** A fetch without progress is given up after this. */
const stallMs = 4000
const bytesPerMs = 20_000

/** One peer's back end, with its faults. */
export class BackEnd {
  readonly #scheduler: Scheduler
  readonly #random: SimRandom
  /** what is really there */
  readonly set: ContentSet = new ContentSet()
  readonly #running = new Map<number, { cid: string; cancelled: boolean }>()
  /** Every call fails. */
  failing = false
  /** Every fetch finds the disk full. */
  full = false
  /** Says it has fetched and has not. */
  lying = false
  /** No fetch gets anything: behind a NAT, say. */
  deaf = false
  slowness = 1
  /** transfers that were finished */
  fetched = 0

  constructor(scheduler: Scheduler, random: SimRandom) {
    this.#scheduler = scheduler
    this.#random = random
  }

  /** The process has ended: nothing under way goes on, what was finished stays. */
  ended(): void {
    for (const one of this.#running.values()) one.cancelled = true
    this.#running.clear()
  }

  acquire(job: number, cid: string, how: Acquiring): void {
    const one = { cid, cancelled: false }
    this.#running.set(job, one)
    const end = (afterMs: number, outcome: () => Parameters<Acquiring['done']>[0]): void =>
      this.#scheduler.after(afterMs, () => {
        if (this.#running.get(job) !== one) return
        this.#running.delete(job)
        how.done(outcome())
      })
    const soon = this.#random.between(1, 40)
    const { piece, bytesMax } = how
    if (this.failing) return end(soon, () => ({ code: 'back-end', bytes: 0 }))
    if (piece === undefined || this.deaf) return end(stallMs, () => ({ code: 'unreachable', bytes: 0 }))
    if (this.set.has(cid)) return end(soon, () => this.#arrived(piece))
    if (piece.bytes > bytesMax) return end(soon, () => ({ code: 'limit', bytes: bytesMax }))
    if (this.full) return end(soon, () => ({ code: 'no-space', bytes: 0 }))
    if (!how.reachable()) return end(stallMs, () => ({ code: 'unreachable', bytes: 0 }))
    const takes = soon + (this.slowness * piece.bytes) / bytesPerMs
    end(takes, () => (how.reachable() && !this.failing ? this.#arrived(piece) : { code: 'unreachable', bytes: 0 }))
  }

  /** Ends with `aborted` a little later, as a real back end does. */
  cancel(job: number, done: () => void): void {
    if (!this.#running.delete(job)) return
    this.#scheduler.after(this.#random.between(1, 60), done)
  }

  /** Forgets the pin; what another fetch is busy with stays. */
  release(cid: string): boolean {
    if (this.failing) return false
    for (const one of this.#running.values()) if (one.cid === cid) return true
    this.set.delete(cid)
    return true
  }

  #arrived(piece: Piece): { bytes: number } {
    if (!this.set.has(piece.cid) && !this.lying) {
      this.set.add(piece.cid, piece.bytes)
      this.fetched++
    }
    return { bytes: piece.bytes }
  }
}
