/**
 * Which leaves are resident. Work on a leaf is handed in as a job, waits for the leaf to be loaded and then runs in order.
 * A job that is too long for one unit runs in slices and holds the leaf meanwhile: what comes for it then waits its turn.
 * The least recently used leaves are forgotten when there are too many, but never one whose rows are still on their way to disk.
 */
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Slices } from '../loop/slices.ts'
import type { KeyValue } from '../events.ts'
import { Leaf, type LeafInit } from './leaf.ts'

/**
 * Bytes that leaves may take in memory: a pin takes about 3 KB of it, and one that is held 5 KB. Beyond, a look at everything reads
 * everything from disk, so it has to hold what a middling peer looks at whenever a member comes or goes.
 */
const residentBytesMax: number = 128 * 1024 * 1024
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
  readonly job: (leaf: Leaf) => Slices | void
  readonly background: boolean
  /** it reads entries alone, so the leaf need not be folded for it */
  readonly raw?: boolean
}

/** A leaf that a job in slices is at work on. */
interface Held {
  readonly leaf: Leaf
  readonly slices: Slices
  /** jobs whose turn came meanwhile; they were handed in before any that are queued now */
  readonly early: Queued[]
  /** somebody waits for it */
  urgent: boolean
  turn: number
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
  readonly #held = new Map<number, Held>()
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
    this.#queue(id, { job: whole(job), background: false })
  }

  /** As `with`, after everything that somebody waits for. */
  later(id: number, job: LeafJob): void {
    this.#queue(id, { job: whole(job), background: true })
  }

  /** As `with`, for a job that reads nothing but entries. */
  raw(id: number, job: LeafJob): void {
    this.#queue(id, { job: whole(job), background: false, raw: true })
  }

  /** As `with`, for work that may be long. Nothing else is done with the leaf until it ends. */
  slices(id: number, job: (leaf: Leaf) => Slices): void {
    this.#queue(id, { job, background: false })
  }

  /** As `slices`, begun at once unless the leaf is not resident or another job holds it. */
  slicesNow(id: number, job: (leaf: Leaf) => Slices): void {
    const queued: Queued = { job, background: false }
    if (this.#resident.has(id)) this.#run(id, queued)
    else this.#queue(id, queued)
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
    if (this.#held.has(id)) throw new Error(`leaf ${id} is forgotten while a job is at work on it`)
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
      const held = this.#held.get(id)
      if (held !== undefined) this.#hurry(held, queued)
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
    this.#unit(queued.background, () => this.#run(id, queued))
  }

  #unit(background: boolean, unit: () => void): void {
    if (background) this.#agenda.background(unit)
    else this.#agenda.soon(unit)
  }

  #run(id: number, queued: Queued): void {
    const held = this.#held.get(id)
    if (held !== undefined) {
      held.early.push(queued)
      this.#hurry(held, queued)
      return
    }
    const leaf = this.#resident.get(id)
    if (leaf === undefined) {
      this.#queue(id, queued)
      return
    }
    this.#resident.delete(id)
    this.#resident.set(id, leaf)
    const slices = queued.raw === true || leaf.warm ? queued.job(leaf) : warmed(leaf, queued.job)
    if (slices === undefined || slices.next().done === true) {
      this.#worked(leaf)
      return
    }
    leaf.pending++
    this.#jobs.set(id, [])
    const begun: Held = { leaf, slices, early: [], urgent: !queued.background, turn: 0 }
    this.#held.set(id, begun)
    this.#nextSlice(begun)
  }

  #nextSlice(held: Held): void {
    const turn = ++held.turn
    this.#unit(!held.urgent, () => {
      if (held.turn !== turn) return
      if (held.slices.next().done === true) this.#release(held)
      else this.#nextSlice(held)
    })
  }

  /** Background work on a leaf that somebody waits for is background work no longer. */
  #hurry(held: Held, { background }: Queued): void {
    if (background || held.urgent) return
    held.urgent = true
    this.#nextSlice(held)
  }

  #release({ leaf, early }: Held): void {
    const queued = [...early, ...(this.#jobs.get(leaf.id) ?? [])]
    this.#held.delete(leaf.id)
    this.#jobs.delete(leaf.id)
    leaf.pending--
    for (const one of queued) this.#schedule(leaf.id, one)
    this.#worked(leaf)
  }

  #worked(leaf: Leaf): void {
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
    if (this.#weight <= residentBytesMax) return
    for (const leaf of this.#resident.values()) {
      if (this.#weight <= residentBytesMax * 0.9) return
      if (leaf.pending === 0 && this.#resident.size > 1) this.#drop(leaf.id)
    }
  }

  #drop(id: number): void {
    this.#weight -= this.#weights.get(id) ?? 0
    this.#weights.delete(id)
    this.#resident.delete(id)
  }
}

/** A job without slices, whatever it returns. */
function whole(job: LeafJob): Queued['job'] {
  return (leaf) => {
    job(leaf)
  }
}

/** Makes the leaf's view in slices first: jobs read it, and at once it would take as long as the leaf is large. */
function* warmed(leaf: Leaf, job: Queued['job']): Slices {
  yield* leaf.warming()
  const slices = job(leaf)
  if (slices !== undefined) yield* slices
}
