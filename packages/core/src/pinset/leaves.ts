/**
 * Which leaves are resident. Work on a leaf is handed in as a job, waits for the leaf to be loaded and then runs in order.
 * The least recently used leaves are forgotten when there are too many, but never one whose rows are still on their way to disk.
 */
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { KeyValue } from '../events.ts'
import { Leaf, type LeafInit } from './leaf.ts'

/** A pin weighs two or three and takes about 1.5 KB: 40,000 pins resident are 60 MB. */
const residentWeightMax = 100_000
/** Loads under way at once: enough to keep the disk busy. */
const loadsMax = 64
/** A leaf that could not be loaded is asked for again after this time. */
const reloadMs = 1000

export interface LeavesInit {
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly leaf: Omit<LeafInit, 'id' | 'entries' | 'holds'>
  /** nothing of this leaf is on disk: it need not be loaded */
  readonly isEmpty: (id: number) => boolean
}

export type LeafJob = (leaf: Leaf) => void

interface Queued {
  readonly job: LeafJob
  readonly background: boolean
}

export class Leaves {
  readonly #outbox: Outbox
  readonly #agenda: Agenda
  readonly #init: LeavesInit['leaf']
  readonly #isEmpty: LeavesInit['isEmpty']
  /** In order of use, oldest first. */
  readonly #resident = new Map<number, Leaf>()
  readonly #weights = new Map<number, number>()
  #weight = 0
  readonly #jobs = new Map<number, Queued[]>()
  readonly #wanted: number[] = []
  #loading = 0

  constructor(init: LeavesInit) {
    this.#outbox = init.outbox
    this.#agenda = init.agenda
    this.#init = init.leaf
    this.#isEmpty = init.isEmpty
  }

  /** Runs `job` on the leaf, now or as soon as it is loaded, as a unit of its own. */
  with(id: number, job: LeafJob): void {
    this.#queue(id, { job, background: false })
  }

  /** As `with`, after everything that somebody waits for. */
  later(id: number, job: LeafJob): void {
    this.#queue(id, { job, background: true })
  }

  resident(id: number): Leaf | undefined {
    return this.#resident.get(id)
  }

  residents(): Iterable<Leaf> {
    return this.#resident.values()
  }

  loaded(id: number, entries: readonly KeyValue[], holds: readonly KeyValue[]): void {
    this.#loading--
    this.#keep(id, new Leaf({ ...this.#init, id, entries, holds }))
    const queued = this.#jobs.get(id) ?? []
    this.#jobs.delete(id)
    for (const one of queued) this.#schedule(id, one)
    this.#loadMore()
  }

  loadFailed(id: number, code: string): void {
    this.#loading--
    this.#outbox.note('load-failed', 'A part of the pinset could not be read from disk; it is tried again.', {
      leaf: id,
      reason: code
    })
    this.#agenda.at(this.#outbox.mono + reloadMs, () => {
      this.#wanted.push(id)
      this.#loadMore()
    })
  }

  /** Forgets what is resident of a leaf: what was changed in memory never reached the disk. */
  forget(id: number): void {
    this.#drop(id)
    if (!this.#jobs.has(id)) this.#jobs.set(id, [])
  }

  /** Reads a forgotten leaf again, and does what has waited for it. */
  reload(id: number): void {
    this.#wanted.push(id)
    this.#loadMore()
  }

  #queue(id: number, queued: Queued): void {
    const waiting = this.#jobs.get(id)
    if (waiting !== undefined) {
      waiting.push(queued)
    } else if (this.#resident.has(id)) {
      this.#schedule(id, queued)
    } else if (this.#isEmpty(id)) {
      this.#keep(id, new Leaf({ ...this.#init, id, entries: [], holds: [] }))
      this.#schedule(id, queued)
    } else {
      this.#jobs.set(id, [queued])
      this.#wanted.push(id)
      this.#loadMore()
    }
  }

  #schedule(id: number, queued: Queued): void {
    const unit = (): void => this.#run(id, queued)
    if (queued.background) this.#agenda.background(unit)
    else this.#agenda.soon(unit)
  }

  #run(id: number, queued: Queued): void {
    const leaf = this.#resident.get(id)
    if (leaf === undefined) {
      this.#queue(id, queued)
      return
    }
    this.#resident.delete(id)
    this.#resident.set(id, leaf)
    queued.job(leaf)
    this.#weigh(leaf)
    this.#evict()
  }

  #loadMore(): void {
    while (this.#loading < loadsMax && this.#wanted.length > 0) {
      this.#loading++
      this.#outbox.emit({ kind: 'load', leaf: this.#wanted.shift() as number })
    }
  }

  #keep(id: number, leaf: Leaf): void {
    this.#resident.set(id, leaf)
    this.#weigh(leaf)
  }

  #weigh(leaf: Leaf): void {
    const weight = leaf.weight
    this.#weight += weight - (this.#weights.get(leaf.id) ?? 0)
    this.#weights.set(leaf.id, weight)
  }

  #evict(): void {
    if (this.#weight <= residentWeightMax) return
    for (const leaf of this.#resident.values()) {
      if (this.#weight <= residentWeightMax * 0.9) return
      if (leaf.pending === 0 && this.#resident.size > 1) this.#drop(leaf.id)
    }
  }

  #drop(id: number): void {
    this.#weight -= this.#weights.get(id) ?? 0
    this.#weights.delete(id)
    this.#resident.delete(id)
  }
}
