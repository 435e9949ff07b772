/**
 * The keeper reconciles what should be held here with what is, one bucket at a time and from facts alone: the view, the
 * members, the claims, the journal. It never reacts to "what happened": every trigger only marks buckets to be visited.
 * Invariants: nothing is fetched beyond the budget (jobs.ts), nothing is let go but by release.ts, and nothing ends by
 * absence from my view (leaf.fate).
 */
import type { Row } from '../effects.ts'
import { cidText } from '../formats/cid.ts'
import { pinStates } from '../formats/claim.ts'
import { bucketOf } from '../formats/key.ts'
import type { Agenda, Timer } from '../loop/agenda.ts'
import type { Disk } from '../loop/disk.ts'
import { Front } from '../loop/front.ts'
import type { Outbox } from '../loop/outbox.ts'
import { clockSkewMaxMs } from '../members/clock.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { PinRow } from '../pinset/view.ts'
import { Anew } from './anew.ts'
import type { Claimer } from './claimer.ts'
import { type Claims, findRow } from './claims.ts'
import { Deletions } from './deletions.ts'
import { type Job, Jobs } from './jobs.ts'
import { Outcomes } from './outcomes.ts'
import type { Planner } from './planner.ts'
import { originsOf, sourcesOf } from './sources.ts'
import { Space } from './space.ts'
import { Trash } from './trash.ts'
import { Visit } from './visit.ts'

/** What is to be looked at later is looked at daily: when it is due by the wall clock may have been wrong. */
const reviewMaxMs = 24 * 60 * 60 * 1000
/** Shares of the budget: a peer fuller than the first asks for nothing new until it is emptier than the second. */
const declineFrom = 0.9
const declineBelow = 0.8
/** Leaves asked for at once by the sweep. */
const visitsMax = 32

export interface KeeperInit {
  readonly self: string
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly disk: Disk
  readonly leaves: Leaves
  readonly members: Members
  readonly claims: Claims
  readonly claimer: Claimer
  readonly planner: Planner
  readonly timings: Timings
  readonly fetchesMax: number
  readonly random: (below: number) => number
  /** peer of a writer id */
  readonly peerOfWriter: (writer: number) => string | undefined
  /** trash may be emptied: in step with two other members, clock agrees, not isolated */
  readonly inStep: () => boolean
  /** the owner wants nothing kept of what this writer wrote */
  readonly dropped: (writer: number) => boolean
  readonly declining: (declining: boolean) => void
}

export class Keeper {
  readonly #init: KeeperInit
  readonly jobs: Jobs
  readonly deletions: Deletions
  readonly trash: Trash
  readonly #space: Space
  readonly #decide: Visit
  readonly #outcomes: Outcomes
  readonly #anew = new Anew()
  readonly #dirty = new Set<number>()
  readonly #nextDirty = new Front(this.#dirty)
  readonly #reviews = new Map<number, Timer>()
  #visiting = 0
  #ready = false

  constructor(init: KeeperInit) {
    this.#init = init
    this.deletions = new Deletions({
      ...init,
      fetching: (key) => this.jobs.busy(key),
      save: (leaf, rows, done) => this.#save(leaf, rows, done),
      mark: (bucket) => this.mark(bucket)
    })
    const outcomes = (this.#outcomes = new Outcomes({
      ...init,
      save: (leaf, rows, done) => this.#save(leaf, rows, done, true),
      mark: (bucket) => this.mark(bucket)
    }))
    this.jobs = new Jobs({
      outbox: init.outbox,
      fetchesMax: init.fetchesMax,
      sources: (job) => sourcesOf(job, init),
      origins: (job) => originsOf(job, init),
      started: (job) => this.#started(job),
      finished: (job, bytes) => outcomes.finished(job, bytes),
      failed: (job, reason, text) => outcomes.failed(job, reason, text),
      displaced: (job) => this.#reviewSoon(job.bucket),
      abandoned: ({ cid, key }) => this.deletions.leftover(cidText(cid), key),
      makeRoom: (bytes) => this.#space.make(bytes),
      spaceChanged: () => this.#spaceChanged()
    })
    this.trash = new Trash({ ...init, deletions: this.deletions })
    this.#space = new Space({
      ...init,
      trash: this.trash,
      deletions: this.deletions,
      visit: (leaf, bucket) => this.visit(leaf, bucket),
      changed: () => this.jobs.run()
    })
    this.#decide = new Visit({
      ...init,
      jobs: this.jobs,
      anew: this.#anew,
      trash: this.trash,
      deletions: this.deletions,
      reviewSoon: (bucket) => this.#reviewSoon(bucket)
    })
  }

  /** Facts and claims of the others are in: duties may be planned. */
  get ready(): boolean {
    return this.#ready
  }

  begin(): void {
    this.#ready = true
    this.#next()
  }

  /** The back end has lost what is kept under this key. */
  lost(key: Uint8Array, cid: string): void {
    this.#outcomes.lost(key, cid)
  }

  /** What has failed here is tried at once. */
  retry(key: Uint8Array): void {
    this.#anew.add(key)
    this.mark(bucketOf(key))
  }

  /** The pins of a bucket are others now: what is wished for again is tried at once. */
  rowsChanged(bucket: number, before: readonly PinRow[], after: readonly PinRow[]): void {
    this.#anew.addWished(before, after)
    this.mark(bucket)
  }

  /** This bucket has to be looked at again. */
  mark(bucket: number): void {
    this.#dirty.add(bucket)
    this.#next()
  }

  /** Who may hold what has changed: look at everything again. */
  markAll(): void {
    for (const bucket of this.#init.claims.buckets()) this.#dirty.add(bucket)
    // Buckets without pins may still have something in the trash.
    for (const bucket of this.#reviews.keys()) this.#dirty.add(bucket)
    this.#next()
  }

  /** A peer came or went: look at what it claims and at what it is a target of. */
  markPeer(peer: string): void {
    for (const bucket of this.#init.claims.bucketsOf(peer)) this.#dirty.add(bucket)
    this.markAll()
  }

  #next(): void {
    if (!this.#ready) return
    while (this.#visiting < visitsMax && this.#dirty.size > 0) {
      const bucket = this.#nextDirty.next() as number
      this.#dirty.delete(bucket)
      this.#visiting++
      this.#init.leaves.later(bucket >> 4, (leaf) => {
        this.#visiting--
        this.visit(leaf, bucket)
        this.#next()
      })
    }
  }

  /** Looks at a bucket now, or, while an own wish of the leaf is on its way to disk, as soon as it is there. */
  visit(leaf: Leaf, bucket: number): void {
    // Nothing is begun for a wish that is not on disk: it may never get there.
    if (leaf.drafts > 0) {
      leaf.whenSettled(() => this.mark(bucket))
      return
    }
    const rows = leaf.rows(bucket)
    const states = new Uint8Array(rows.length)
    const writes: Row[] = []
    let reviewAt = Infinity
    this.#mendStamps(leaf, bucket, writes)
    this.#init.planner.look(bucket, rows)
    rows.forEach((row, at) => {
      const { state, review } = this.#decide.wanted({ leaf, bucket, row, at, writes })
      states[at] = pinStates.indexOf(state)
      reviewAt = Math.min(reviewAt, review)
    })
    for (const hold of leaf.holds.of(bucket)) {
      if (findRow(rows, hold.key) >= 0) continue
      reviewAt = Math.min(reviewAt, this.trash.unwanted({ leaf, bucket, hold, writes }))
    }
    // Whether that wish is gone for good does not matter: what is not here yet may come later.
    for (const job of this.jobs.in(bucket)) if (findRow(rows, job.key) < 0) this.jobs.cancel(job)
    this.#save(leaf, writes)
    this.#init.claimer.set(bucket, this.#init.claims.viewOf(bucket)?.view ?? new Uint8Array(8), states)
    this.#reviewAt(bucket, reviewAt)
    this.#space.look(leaf, bucket)
    this.jobs.run()
  }

  /** Stamps from the future were made by a clock that was ahead: what they time begins now. */
  #mendStamps(leaf: Leaf, bucket: number, writes: Row[]): void {
    const { outbox, members } = this.#init
    if (!members.clock.isRight) return
    for (const hold of leaf.holds.of(bucket)) {
      if (hold.since <= outbox.wall + clockSkewMaxMs) continue
      writes.push(leaf.holds.set({ ...hold, since: outbox.wall, nextAt: Math.min(hold.nextAt, outbox.wall) }))
    }
  }

  /** Others are told that it is being fetched, unless it is here before that could matter to them. */
  #started(job: Job): void {
    const { agenda, outbox, timings } = this.#init
    agenda.at(outbox.mono + timings.claimMs / 2, () => {
      if (this.jobs.of(job.key) === job) this.mark(job.bucket)
    })
  }

  #spaceChanged(): void {
    const { filled } = this.jobs
    if (filled > declineFrom) this.#init.declining(true)
    else if (filled < declineBelow) this.#init.declining(false)
  }

  #save(leaf: Leaf, rows: Row[], done?: () => void, patient = false): void {
    if (rows.length === 0) return
    leaf.pending++
    this.#init.disk.write({
      rows,
      sync: done !== undefined,
      patient,
      done: () => {
        leaf.pending--
        done?.()
      }
    })
  }

  #reviewAt(bucket: number, at: number): void {
    const { agenda, outbox } = this.#init
    const known = this.#reviews.get(bucket)
    const soonest = Math.min(at, outbox.mono + reviewMaxMs)
    if (known !== undefined) {
      if (known.at === soonest) return
      known.cancelled = true
      this.#reviews.delete(bucket)
    }
    if (at === Infinity) return
    this.#reviews.set(
      bucket,
      agenda.at(soonest, () => {
        this.#reviews.delete(bucket)
        this.mark(bucket)
      })
    )
  }

  #reviewSoon(bucket: number): void {
    this.#init.agenda.at(this.#init.outbox.mono + this.#init.timings.claimMs, () => this.mark(bucket))
  }
}
