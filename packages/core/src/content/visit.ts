/**
 * What this peer does about one pin of a bucket that is being visited: keep it as a duty or an extra, let it go by the release
 * rule, fetch it, wait, or nothing; and what it claims of it. Decided anew at every visit, from facts alone.
 */
import type { Row } from '../effects.ts'
import { cidText } from '../formats/cid.ts'
import type { PinState } from '../formats/claim.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { Leaf } from '../pinset/leaf.ts'
import { liveRow, nextLapse, type PinRow } from '../pinset/view.ts'
import { isHeld } from '../placement/pin-view.ts'
import type { Plan } from '../placement/plan.ts'
import type { Anew } from './anew.ts'
import type { Claimer } from './claimer.ts'
import type { Claims } from './claims.ts'
import type { Deletions } from './deletions.ts'
import type { Hold } from './hold.ts'
import type { Job, Jobs, Lane } from './jobs.ts'
import { backoffMs } from './outcomes.ts'
import type { Planner } from './planner.ts'
import { mayRelease } from './release.ts'
import type { HoldAt, Trash } from './trash.ts'

/** What could not be completed is tried again so often. */
const restoreMs = 10_000

/** One pin where it stands: its row among the rows of its bucket, and the rows to write for it. */
export interface Spot {
  readonly leaf: Leaf
  readonly bucket: number
  readonly row: PinRow
  readonly at: number
  readonly writes: Row[]
}

/** What to claim of a pin, and when (mono) to look again. */
export interface Decision {
  readonly state: PinState
  readonly review: number
}

export interface VisitInit {
  readonly self: string
  readonly outbox: Outbox
  readonly members: Members
  readonly claims: Claims
  readonly claimer: Claimer
  readonly planner: Planner
  readonly timings: Timings
  readonly jobs: Jobs
  readonly trash: Trash
  readonly deletions: Deletions
  readonly anew: Anew
  readonly reviewSoon: (bucket: number) => void
}

export class Visit {
  readonly #init: VisitInit

  constructor(init: VisitInit) {
    this.#init = init
  }

  /** Decides for one pin that is in my view. */
  wanted(spot: Spot): Decision {
    const { outbox, planner, jobs, members } = this.#init
    const { leaf, bucket, at } = spot
    const hold = leaf.holds.get(spot.row.key)
    const row = liveRow(spot.row, members.clock.isRight ? outbox.wall / 1000 : -Infinity)
    if (row === undefined)
      return { state: 'none', review: hold === undefined ? Infinity : this.ended({ ...spot, hold }) }
    const now: Spot = { ...spot, row }
    if (hold?.state === 'releasing') return this.#restore(now)
    const part = hold !== undefined && isPart(hold, row)
    const here = hold !== undefined && hold.state !== 'failed'
    const own = here && !part ? 'held' : (jobs.of(row.key)?.state ?? (part ? undefined : hold?.reason))
    const plan = planner.plan(bucket, row, at, own)
    const kept = here && (!part || plan.role === 'none')
    const { state, review } = kept ? this.#keep(now, hold, plan) : this.#want(now, part ? undefined : hold, plan)
    return { state: kept && part ? 'none' : state, review: Math.min(this.#lapse(row), plan.reviewAt, review) }
  }

  /** When (mono) the wish will be another by time alone. */
  #lapse(row: PinRow): number {
    const { outbox } = this.#init
    return outbox.mono + nextLapse(row, outbox.wall / 1000) * 1000 - outbox.wall
  }

  /** A hold whose wish has ended for certain. Returns when (mono) to look again. */
  ended(at: HoldAt): number {
    this.#giveUp(at.hold.key)
    return this.#init.trash.discard(at)
  }

  /** It is here. */
  #keep(spot: Spot, hold: Hold, plan: Plan): Decision {
    const { outbox, claimer, trash, members, self } = this.#init
    const { leaf, bucket, row, writes } = spot
    if (hold.state === 'trash' && plan.role === 'none') {
      const review = this.#inTrash(spot, hold)
      if (review !== undefined) return { state: 'none', review }
    }
    const extra = plan.role !== 'target'
    let next: Hold = hold
    if (hold.state !== 'held') next = { ...next, state: 'held', since: outbox.wall }
    if (extra !== hold.extra) {
      const promisedUntil = extra ? Math.max(hold.promisedUntil, claimer.stampOf(bucket)) : hold.promisedUntil
      next = { ...next, extra, promisedUntil }
    }
    next = withProvenance(next, leaf, row)
    let review = Infinity
    if (plan.role === 'none') {
      const verdict = mayRelease({ ...this.#init, ...spot, coveredUntil: trash.coveredUntil(bucket, next) })
      if (verdict.release) {
        writes.push(leaf.holds.set({ ...next, state: 'trash', since: outbox.wall }))
        const cid = cidText(row.cid)
        outbox.note('released', 'An extra copy is let go: enough others have promised to keep theirs.', { cid })
        this.#init.reviewSoon(bucket)
        return { state: 'none', review }
      }
      review = verdict.reviewAt
    }
    if (next !== hold) writes.push(leaf.holds.set(next))
    const kept = members.leaving(self) ? 'leaving' : 'held'
    if (extra) return { state: kept, review }
    return { state: members.clock.isRight ? 'promised' : 'held', review }
  }

  /**
   * A copy let go by the rule is in the trash. When it falls due the rule is asked once more: witnesses may have been lost
   * since. Returns when to look again, undefined to keep the copy after all.
   */
  #inTrash(spot: Spot, hold: Hold): number | undefined {
    const { outbox, members, timings, trash } = this.#init
    if (trash.dueAt(spot.bucket, hold) > outbox.wall) return trash.empty({ ...spot, hold })
    if (members.isolated || members.braking) return outbox.mono + timings.beatMs
    return mayRelease({ ...this.#init, ...spot, coveredUntil: 0 }).release ? trash.empty({ ...spot, hold }) : undefined
  }

  /**
   * Its deletion has begun, and it is wanted again. What the back end is at can be fetched anew when that is done; what it could
   * not delete is fetched at once, whoever's duty it is: that completes what is left, which may be all there is of it.
   */
  #restore(spot: Spot): Decision {
    const { outbox, jobs, deletions } = this.#init
    if (!deletions.stuck(cidText(spot.row.cid))) return { state: 'none', review: Infinity }
    const job = jobs.of(spot.row.key) ?? this.#queue(spot, { tries: 0, lane: 'retry' })
    return { state: job.state, review: outbox.mono + restoreMs }
  }

  #queue({ bucket, row }: Spot, how: Pick<Job, 'tries' | 'lane'>): Job {
    const { key, cid, mode, priority, bytes: sizeKnown } = row
    return this.#init.jobs.add({ key, bucket, cid, mode, priority, sizeKnown, ...how })
  }

  /** It is not here: queue it if it is mine to fetch now. */
  #want(spot: Spot, failed: Hold | undefined, plan: Plan): Decision {
    const { outbox, jobs, anew } = this.#init
    const { leaf, bucket, row, at, writes } = spot
    const none: Decision = { state: failed?.reason ?? 'none', review: Infinity }
    if (plan.role === 'none') {
      this.#giveUp(row.key)
      if (failed !== undefined) {
        writes.push(leaf.holds.drop(failed.key))
        // Parts of it may be here.
        this.#init.deletions.leftover(cidText(row.cid), row.key)
      }
      return { state: 'none', review: Infinity }
    }
    const job = jobs.of(row.key)
    if (job !== undefined) {
      jobs.promote(job, this.#lane(spot, failed), row.priority)
      return { state: job.state, review: Infinity }
    }
    if (plan.actAt > outbox.mono) return { ...none, review: plan.actAt }
    const again = anew.has(row.key)
    if (failed !== undefined && failed.nextAt > outbox.wall && !again && !this.#newSource(bucket, at, failed)) {
      return { ...none, review: outbox.mono + failed.nextAt - outbox.wall }
    }
    const lane = this.#lane(spot, failed)
    if (!jobs.makeRoom(lane, row.priority)) {
      this.#init.reviewSoon(bucket)
      return { state: 'queued', review: Infinity }
    }
    anew.done(row.key)
    this.#queue(spot, { tries: again ? 0 : (failed?.tries ?? 0), lane })
    return failed === undefined ? { state: 'queued', review: Infinity } : none
  }

  #lane({ bucket, row, at }: Spot, failed: Hold | undefined): Lane {
    // It only lacked room, and its size is known: nobody doubts that it can be fetched.
    const lackedRoom = failed?.reason === 'no-space' && row.bytes !== undefined
    if (failed !== undefined && !lackedRoom) return 'retry'
    const { members, claims } = this.#init
    const copies = members.candidates.filter(
      ({ peer }) => isHeld(claims.stateOf(peer, bucket, at)) && members.usable(peer)
    ).length
    if (copies === 0) return 'blind'
    return copies < row.want.min ? 'urgent' : 'normal'
  }

  /** Somebody claims it held since the last try failed. */
  #newSource(bucket: number, at: number, failed: Hold): boolean {
    const { claims, members, outbox, timings } = this.#init
    const failedAt = outbox.mono - (outbox.wall - (failed.nextAt - backoffMs(failed.tries, timings)))
    return members.candidates.some(
      ({ peer }) =>
        isHeld(claims.stateOf(peer, bucket, at)) && claims.changedAt(peer, bucket) > failedAt && members.usable(peer)
    )
  }

  /** A fetch that nobody needs any more. */
  #giveUp(key: Uint8Array): void {
    const job = this.#init.jobs.of(key)
    if (job !== undefined) this.#init.jobs.cancel(job)
  }
}

/** One block of it is here, and the whole is wanted. What is whole serves a wish for one block too: nothing is thrown away. */
export function isPart(hold: Hold, row: PinRow): boolean {
  return hold.state !== 'failed' && hold.mode === 'direct' && row.mode === 'recursive'
}

/** Notes logs that ask for the pin now and did not before. */
function withProvenance(hold: Hold, leaf: Leaf, row: PinRow): Hold {
  const now = leaf.provenance(row)
  const known = new Set(hold.provenance.map((p) => `${p.writer}/${p.prefix}/${p.generation}`))
  const same =
    now.length === hold.provenance.length && now.every((p) => known.has(`${p.writer}/${p.prefix}/${p.generation}`))
  return same ? hold : { ...hold, provenance: now }
}
