/**
 * How a fetch ends, as the journal keeps it: held, with the logs that asked for it; or failed, with the reason and the time of
 * the next try; or, where nobody wishes for it any more, in the trash.
 */
import type { Row } from '../effects.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, leafOf } from '../formats/key.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Timings } from '../members/profiles.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import { findRow } from './claims.ts'
import type { FailureReason, Hold } from './hold.ts'
import type { Job } from './jobs.ts'

/** A failed fetch is tried again after stepIn × 2^tries, at most this often doubled. */
const backoffDoublingsMax = 6

export interface OutcomesInit {
  readonly outbox: Outbox
  readonly leaves: Leaves
  readonly timings: Timings
  readonly random: (below: number) => number
  /** writes rows of a leaf; durably where `done` is given */
  readonly save: (leaf: Leaf, rows: Row[], done?: () => void) => void
  /** this bucket has to be looked at again */
  readonly mark: (bucket: number) => void
}

export class Outcomes {
  readonly #init: OutcomesInit

  constructor(init: OutcomesInit) {
    this.#init = init
  }

  finished(job: Job, bytes: number): void {
    this.#init.leaves.with(job.bucket >> 4, (leaf) => {
      if (leaf.drafts > 0) {
        leaf.whenSettled(() => this.finished(job, bytes))
        return
      }
      const before = leaf.holds.get(job.key)
      const part = before !== undefined && isPartOf(before, job)
      const gone = before === undefined || before.state === 'failed' || before.state === 'releasing'
      if (!gone && !part) return this.#init.mark(job.bucket)
      const rows = leaf.rows(job.bucket)
      const row = rows[findRow(rows, job.key)]
      // Unpinned while it came. A part that was held before comes to its own end.
      if (row === undefined && (part || before?.state === 'releasing')) return this.#init.mark(job.bucket)
      const hold: Hold = {
        key: job.key,
        cid: job.cid,
        mode: job.mode,
        // Nobody was promised anything of what is not wished for, but it is whole: the wish for it may only be unknown here.
        state: row === undefined ? 'trash' : 'held',
        since: this.#init.outbox.wall,
        bytes,
        extra: job.cancelled || row === undefined,
        promisedUntil: part ? before.promisedUntil : 0,
        tries: 0,
        nextAt: 0,
        reason: 'unreachable',
        provenance: row === undefined ? [] : leaf.provenance(row)
      }
      if (row !== undefined) this.#init.outbox.note('held', 'A pin is held here.', { cid: cidText(job.cid), bytes })
      this.#init.save(leaf, [leaf.holds.set(hold)], () => this.#init.mark(job.bucket))
    })
  }

  failed(job: Job, reason: FailureReason, text?: string): void {
    this.#init.leaves.with(job.bucket >> 4, (leaf) => {
      const { outbox, timings } = this.#init
      const tries = job.tries + 1
      const delay = backoffMs(tries, timings)
      const earlier = leaf.holds.get(job.key)
      // What could not be deleted may be whole, and stays: only that nobody has the rest of it proves that it is not.
      const left = earlier?.state === 'releasing' && reason === 'unreachable'
      if (earlier !== undefined && earlier.state !== 'failed' && !left && !isPartOf(earlier, job)) return
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
        cid: cidText(job.cid),
        reason,
        tries,
        ...(text === undefined ? {} : { detail: text })
      })
      this.#init.save(leaf, [leaf.holds.set(hold)])
      this.#init.mark(job.bucket)
    })
  }

  /** What was held is not there any more: it is fetched again if it is a duty, and no longer claimed. */
  lost(key: Uint8Array, cid: string): void {
    this.#init.leaves.with(leafOf(key), (leaf) => {
      const hold = leaf.holds.get(key)
      if (hold === undefined || hold.state === 'failed' || hold.state === 'releasing') return
      this.#init.outbox.note('content-lost', 'Content that was held here is damaged or gone; it is fetched again.', {
        cid
      })
      this.#init.save(leaf, [leaf.holds.drop(key)])
      this.#init.mark(bucketOf(key))
    })
  }
}

/** One block was held when the whole was fetched. */
function isPartOf(hold: Hold, job: Job): boolean {
  return (hold.state === 'held' || hold.state === 'trash') && hold.mode === 'direct' && job.mode === 'recursive'
}

/** ms to wait after so many tries. */
export function backoffMs(tries: number, timings: Timings): number {
  return timings.stepInMs * 2 ** Math.min(tries, backoffDoublingsMax)
}
