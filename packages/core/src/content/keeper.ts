/**
 * The keeper reconciles what should be held here with what is, one bucket at a time and from facts alone: the view, the
 * members, the claims, the journal. It never reacts to "what happened": every trigger only marks buckets to be visited.
 * Invariants: nothing is fetched beyond the budget (jobs.ts), nothing is let go but by release.ts, and nothing ends by
 * absence from my view (leaf.fate).
 */
import type { Row } from '../effects.ts'
import { pinStates, type PinState } from '../formats/claim.ts'
import { bucketOf } from '../formats/key.ts'
import type { Agenda, Timer } from '../loop/agenda.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { PinRow } from '../pinset/view.ts'
import type { Plan } from '../placement/plan.ts'
import type { Claimer } from './claimer.ts'
import { type Claims, findRow } from './claims.ts'
import { isHeld } from '../placement/pin-view.ts'
import { Deletions } from './deletions.ts'
import type { FailureReason, Hold } from './hold.ts'
import { type Job, Jobs } from './jobs.ts'
import type { Planner } from './planner.ts'
import { mayRelease } from './release.ts'
import { sourcesOf } from './sources.ts'
import { type HoldAt, Trash } from './trash.ts'

/** Leaves asked for at once by the sweep. */
const visitsMax = 32
/** A failed fetch is tried again after stepIn × 2^tries, at most this often doubled. */
const backoffDoublingsMax = 6

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
  readonly random: (below: number) => number
  /** peer of a writer id */
  readonly peerOfWriter: (writer: number) => string | undefined
  /** trash may be emptied: in step with two other members, clock agrees, not isolated */
  readonly inStep: () => boolean
  readonly declining: (declining: boolean) => void
}

export class Keeper {
  readonly #init: KeeperInit
  readonly jobs: Jobs
  readonly deletions: Deletions
  readonly #trash: Trash
  readonly #dirty = new Set<number>()
  readonly #reviews = new Map<number, Timer>()
  #visiting = 0
  #ready = false

  constructor(init: KeeperInit) {
    this.#init = init
    this.deletions = new Deletions({
      ...init,
      save: (leaf, rows, done) => this.#save(leaf, rows, done),
      mark: (bucket) => this.mark(bucket)
    })
    this.#trash = new Trash({ ...init, deletions: this.deletions })
    this.jobs = new Jobs({
      outbox: init.outbox,
      sources: (job) => sourcesOf(job, init),
      started: (job) => this.mark(job.bucket),
      finished: (job, bytes) => this.#finished(job, bytes),
      failed: (job, reason) => this.#failed(job, reason),
      abandoned: (job) => this.#abandoned(job),
      spaceChanged: () => this.#spaceChanged()
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

  /** This bucket has to be looked at again. */
  mark(bucket: number): void {
    this.#dirty.add(bucket)
    this.#next()
  }

  /** Who may hold what has changed: look at everything again. */
  markAll(): void {
    for (const bucket of this.#init.claims.buckets()) this.#dirty.add(bucket)
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
      const bucket = this.#dirty.values().next().value as number
      this.#dirty.delete(bucket)
      this.#visiting++
      this.#init.leaves.later(bucket >> 4, (leaf) => {
        this.#visiting--
        this.#visit(leaf, bucket)
        this.#next()
      })
    }
  }

  #visit(leaf: Leaf, bucket: number): void {
    // Nothing is begun for a wish that is not on disk: it may never get there.
    if (leaf.drafts > 0) {
      leaf.whenSettled(() => this.mark(bucket))
      return
    }
    const rows = leaf.rows(bucket)
    const states = new Uint8Array(rows.length)
    const writes: Row[] = []
    let reviewAt = Infinity
    this.#init.planner.look(bucket, rows)
    rows.forEach((row, at) => {
      const { state, review } = this.#visitRow(leaf, bucket, row, at, writes)
      states[at] = pinStates.indexOf(state)
      reviewAt = Math.min(reviewAt, review)
    })
    for (const hold of leaf.holds()) {
      if (bucketOf(hold.key) !== bucket || findRow(rows, hold.key) >= 0) continue
      reviewAt = Math.min(reviewAt, this.#unwanted({ leaf, bucket, hold, writes }))
    }
    this.#save(leaf, writes)
    this.#init.claimer.set(bucket, this.#init.claims.viewOf(bucket)?.view ?? new Uint8Array(8), states)
    this.#reviewAt(bucket, reviewAt)
    this.jobs.run()
  }

  /** Decides for one pin that is wanted. Returns what to claim of it and when (mono) to look again. */
  #visitRow(leaf: Leaf, bucket: number, row: PinRow, at: number, writes: Row[]): { state: PinState; review: number } {
    const { outbox, members, planner } = this.#init
    const hold = leaf.hold(row.key)
    if (row.expiry !== undefined && members.clockAgrees) {
      if (row.expiry * 1000 <= outbox.wall)
        return {
          state: 'none',
          review: hold === undefined ? Infinity : this.#unwanted({ leaf, bucket, hold, writes }, true)
        }
    }
    const expiry = row.expiry === undefined ? Infinity : outbox.mono + (row.expiry * 1000 - outbox.wall)
    // What is being deleted can be fetched anew when that is done.
    if (hold?.state === 'releasing') return { state: 'none', review: this.#trash.empty({ leaf, bucket, hold, writes }) }
    const job = this.jobs.of(row.key)
    const own = hold !== undefined && hold.state !== 'failed' ? 'held' : (job?.state ?? hold?.reason)
    const plan = planner.plan(bucket, row, at, own)
    const review = Math.min(expiry, plan.reviewAt)
    if (hold !== undefined && hold.state !== 'failed')
      return this.#keep(leaf, bucket, row, at, hold, plan, review, writes)
    return this.#want(leaf, bucket, row, at, hold, plan, review, job, writes)
  }

  /** It is here: keep it as a duty or an extra, or let it go by the release rule. */
  #keep(
    leaf: Leaf,
    bucket: number,
    row: PinRow,
    at: number,
    hold: Hold,
    plan: Plan,
    review: number,
    writes: Row[]
  ): { state: PinState; review: number } {
    const { outbox, claimer, members } = this.#init
    if (hold.state === 'trash' && plan.role === 'none') {
      // When it falls due the rule is asked once more: witnesses may have been lost since. Then the copy is kept again.
      const due = this.#trash.dueAt(bucket, hold) <= outbox.wall
      const asked = { ...this.#init, bucket, at, row, coveredUntil: 0 }
      if (!due || members.isolated || members.braking || mayRelease(asked).release)
        return { state: 'none', review: Math.min(review, this.#emptied({ leaf, bucket, hold, writes }, due)) }
    }
    const extra = plan.role !== 'target'
    let next: Hold = hold
    if (hold.state !== 'held') next = { ...next, state: 'held', since: outbox.wall }
    if (extra !== hold.extra)
      next = {
        ...next,
        extra,
        promisedUntil: extra ? Math.max(hold.promisedUntil, claimer.stampOf(bucket)) : hold.promisedUntil
      }
    next = withProvenance(next, leaf, row)
    if (plan.role === 'none') {
      const verdict = mayRelease({
        ...this.#init,
        bucket,
        at,
        row,
        coveredUntil: this.#trash.coveredUntil(bucket, next)
      })
      if (verdict.release) {
        writes.push(leaf.setHold({ ...next, state: 'trash', since: outbox.wall }))
        outbox.note('released', 'An extra copy is let go: enough others have promised to keep theirs.', {
          cid: row.cid.toString()
        })
        this.#reviewSoon(bucket)
        return { state: 'none', review }
      }
      review = Math.min(review, verdict.reviewAt)
    }
    if (next !== hold) writes.push(leaf.setHold(next))
    return { state: extra ? 'held' : 'promised', review }
  }

  /** It is not here: queue it if it is mine to fetch now. */
  #want(
    leaf: Leaf,
    bucket: number,
    row: PinRow,
    at: number,
    failed: Hold | undefined,
    plan: Plan,
    review: number,
    job: Job | undefined,
    writes: Row[]
  ): { state: PinState; review: number } {
    const { outbox, claims } = this.#init
    if (plan.role === 'none') {
      if (job !== undefined) this.jobs.cancel(job)
      if (failed !== undefined) writes.push(leaf.dropHold(failed.key))
      return { state: 'none', review }
    }
    if (job !== undefined) return { state: job.state, review }
    const failedState: PinState = failed === undefined ? 'none' : failed.reason
    if (plan.actAt > outbox.mono) return { state: failedState, review: Math.min(review, plan.actAt) }
    if (failed !== undefined && failed.nextAt > outbox.wall && !this.#newSource(bucket, at, failed)) {
      return { state: failedState, review: Math.min(review, outbox.mono + failed.nextAt - outbox.wall) }
    }
    if (this.jobs.full) {
      this.#reviewSoon(bucket)
      return { state: 'queued', review }
    }
    const copies = this.#init.members.candidates.filter(
      (c) => isHeld(claims.stateOf(c.peer, bucket, at)) && this.#init.members.usable(c.peer)
    ).length
    const lane = failed !== undefined ? 'retry' : copies < row.want.min && copies > 0 ? 'urgent' : 'normal'
    this.jobs.add({
      key: row.key,
      bucket,
      cid: row.cid,
      mode: row.mode,
      priority: row.priority,
      sizeKnown: row.bytes,
      tries: failed?.tries ?? 0,
      lane
    })
    return { state: failed === undefined ? 'queued' : failed.reason, review }
  }

  /** No longer wanted: a fetch under way is given up, what is here goes to the trash when its end is certain. */
  #unwanted(at: HoldAt, certain = false): number {
    const job = this.jobs.of(at.hold.key)
    if (job !== undefined) this.jobs.cancel(job)
    return certain ? this.#trash.discard(at) : this.#trash.unwanted(at)
  }

  /** Empties the trash of a pin that others keep, not while this peer is cut off or brakes. */
  #emptied(at: HoldAt, due: boolean): number {
    const { members, outbox, timings } = this.#init
    if (due && (members.isolated || members.braking)) return outbox.mono + timings.beatMs
    return this.#trash.empty(at)
  }

  /** What came of a fetch that was given up goes, unless it is held or fetched again by now. */
  #abandoned(job: Job): void {
    this.#init.leaves.with(job.bucket >> 4, (leaf) => {
      const hold = leaf.hold(job.key)
      if (this.jobs.of(job.key) !== undefined || (hold !== undefined && hold.state !== 'failed')) return
      this.#init.outbox.emit({ kind: 'release', cid: job.cid.toString() })
    })
  }

  #finished(job: Job, bytes: number): void {
    this.#init.leaves.with(job.bucket >> 4, (leaf) => {
      if (leaf.drafts > 0) {
        leaf.whenSettled(() => this.#finished(job, bytes))
        return
      }
      const row = leaf.rows(job.bucket)[findRow(leaf.rows(job.bucket), job.key)]
      const hold: Hold = {
        key: job.key,
        cid: job.cid,
        mode: job.mode,
        state: 'held',
        since: this.#init.outbox.wall,
        bytes,
        extra: false,
        promisedUntil: 0,
        tries: 0,
        nextAt: 0,
        reason: 'unreachable',
        provenance: row === undefined ? [] : leaf.provenance(row)
      }
      this.#init.outbox.note('held', 'A pin is held here.', { cid: job.cid.toString(), bytes })
      if (row === undefined) {
        // Unpinned while it came: nobody was promised anything.
        this.#init.outbox.emit({ kind: 'release', cid: job.cid.toString() })
        return
      }
      this.#save(leaf, [leaf.setHold(hold)], () => this.mark(job.bucket))
    })
  }

  #failed(job: Job, reason: FailureReason): void {
    this.#init.leaves.with(job.bucket >> 4, (leaf) => {
      const { outbox, timings } = this.#init
      const tries = job.tries + 1
      const delay = timings.stepInMs * 2 ** Math.min(tries, backoffDoublingsMax)
      const earlier = leaf.hold(job.key)
      if (earlier !== undefined && earlier.state !== 'failed') return
      const hold: Hold = {
        key: job.key,
        cid: job.cid,
        mode: job.mode,
        state: 'failed',
        since: earlier?.reason === reason ? earlier.since : outbox.wall,
        bytes: 0,
        extra: true,
        promisedUntil: 0,
        tries,
        nextAt: outbox.wall + delay + this.#init.random(Math.ceil(delay / 2)),
        reason,
        provenance: []
      }
      outbox.note('fetch-failed', 'A pin could not be fetched; it is tried again later.', {
        cid: job.cid.toString(),
        reason,
        tries
      })
      this.#save(leaf, [leaf.setHold(hold)])
      this.mark(job.bucket)
    })
  }

  /** Somebody claims it held since the last try failed. */
  #newSource(bucket: number, at: number, failed: Hold): boolean {
    const { claims, members, outbox, timings } = this.#init
    const failedAt =
      outbox.mono -
      (outbox.wall - (failed.nextAt - timings.stepInMs * 2 ** Math.min(failed.tries, backoffDoublingsMax)))
    return members.candidates.some(
      ({ peer }) =>
        isHeld(claims.stateOf(peer, bucket, at)) && claims.changedAt(peer, bucket) > failedAt && members.usable(peer)
    )
  }

  #spaceChanged(): void {
    const free = this.jobs.free
    if (free < 0.1) this.#init.declining(true)
    else if (free > 0.2) this.#init.declining(false)
  }

  #save(leaf: Leaf, rows: Row[], done?: () => void): void {
    if (rows.length === 0) return
    leaf.pending++
    this.#init.disk.write({
      rows,
      sync: done !== undefined,
      done: () => {
        leaf.pending--
        done?.()
      }
    })
  }

  #reviewAt(bucket: number, at: number): void {
    const { agenda } = this.#init
    const known = this.#reviews.get(bucket)
    if (known !== undefined) {
      if (known.at === at) return
      known.cancelled = true
      this.#reviews.delete(bucket)
    }
    if (at === Infinity) return
    this.#reviews.set(
      bucket,
      agenda.at(at, () => {
        this.#reviews.delete(bucket)
        this.mark(bucket)
      })
    )
  }

  #reviewSoon(bucket: number): void {
    this.#init.agenda.at(this.#init.outbox.mono + this.#init.timings.claimMs, () => this.mark(bucket))
  }
}

/** Notes logs that ask for the pin now and did not before. */
function withProvenance(hold: Hold, leaf: Leaf, row: PinRow): Hold {
  const now = leaf.provenance(row)
  const known = new Set(hold.provenance.map((p) => `${p.writer}/${p.prefix}/${p.generation}`))
  const same =
    now.length === hold.provenance.length && now.every((p) => known.has(`${p.writer}/${p.prefix}/${p.generation}`))
  return same ? hold : { ...hold, provenance: now }
}
