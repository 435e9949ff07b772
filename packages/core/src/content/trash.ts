/**
 * How held content comes to an end. A pin whose wish has ended (on evidence, never by absence from my view) or whose extra
 * copy was let go stays in the trash until the last promise that covers it has expired and the trash time is over. Pins
 * voided by a revocation go to limbo first. Nothing falls due while my clock is doubtful, I am cut off, or out of step.
 * An operator may end the trash time early, and so does a fetch that lacks room (space.ts); the promises and those conditions
 * hold all the same.
 */
import type { Row } from '../effects.ts'
import { cidText } from '../formats/cid.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Claimer } from './claimer.ts'
import type { Deletions } from './deletions.ts'
import type { Hold } from './hold.ts'

export interface TrashInit {
  readonly outbox: Outbox
  readonly members: Members
  readonly claimer: Claimer
  readonly timings: Timings
  readonly inStep: () => boolean
  /** the owner wants nothing kept of what this writer wrote */
  readonly dropped: (writer: number) => boolean
  readonly deletions: Deletions
}

/** One hold, where it is, and the rows to write for it. */
export interface HoldAt {
  readonly leaf: Leaf
  readonly bucket: number
  readonly hold: Hold
  readonly writes: Row[]
}

/** Why something stays in the trash, and until when (wall ms) where that is known. */
export interface Stay {
  readonly why: 'promised' | 'trash-time' | 'out-of-step' | 'failed'
  readonly until?: number
}

export class Trash {
  readonly #init: TrashInit
  /** wall ms: what was in the trash by then needs no trash time any more */
  #hurriedAt = -Infinity
  /** what is to make room right now */
  #hurried: Hold | undefined

  constructor(init: TrashInit) {
    this.#init = init
  }

  /** wall ms up to which a promise of mine covers this hold. */
  coveredUntil(bucket: number, hold: Hold): number {
    const { claimer } = this.#init
    return Math.max(hold.promisedUntil, hold.extra ? claimer.stampAtStart(bucket) : claimer.stampOf(bucket))
  }

  /** A hold whose pin is not in my view: it ends only on evidence. Returns when (mono) to look again. */
  unwanted(at: HoldAt): number {
    const { leaf, hold, writes } = at
    const { outbox, timings } = this.#init
    if (hold.state === 'failed' || hold.state === 'trash' || hold.state === 'releasing') return this.discard(at)
    const fate = leaf.fate(hold)
    if (fate === 'ended') return this.discard(at)
    if (fate === 'unknown') return Infinity
    if (leaf.voiders(hold).every((writer) => this.#init.dropped(writer))) return this.discard(at)
    if (hold.state !== 'limbo') {
      writes.push(leaf.holds.set({ ...hold, state: 'limbo', since: outbox.wall }))
      outbox.note('limbo', 'A pin lost its standing because its writer or log is void; its content is kept.', {
        cid: cidText(hold.cid)
      })
      return outbox.mono + timings.limboMs
    }
    const leftMs = hold.since + timings.limboMs - outbox.wall
    if (leftMs <= 0 && this.clear) return this.discard(at)
    return outbox.mono + Math.max(timings.beatMs, leftMs)
  }

  /** The wish has ended: into the trash, to be emptied when it is due. Returns when (mono) to look again. */
  discard(at: HoldAt): number {
    const { leaf, bucket, hold, writes } = at
    const { outbox, timings, deletions } = this.#init
    if (hold.state === 'trash' || hold.state === 'releasing') return this.empty(at)
    if (hold.state === 'failed') {
      writes.push(leaf.holds.drop(hold.key))
      // Parts of it may be here.
      deletions.leftover(cidText(hold.cid), hold.key)
      return Infinity
    }
    writes.push(
      leaf.holds.set({
        ...hold,
        state: 'trash',
        since: outbox.wall,
        extra: true,
        promisedUntil: this.coveredUntil(bucket, hold)
      })
    )
    return outbox.mono + timings.trashMs
  }

  /** Empties the trash of one pin if every condition holds. Returns when (mono) to look again. */
  empty({ leaf, bucket, hold }: HoldAt): number {
    const { outbox, timings, deletions } = this.#init
    const due = this.dueAt(bucket, hold)
    if (hold.state === 'releasing') {
      deletions.resume(hold)
      return Infinity
    }
    if (due > outbox.wall) return outbox.mono + due - outbox.wall
    if (!this.clear) return outbox.mono + timings.beatMs
    deletions.begin(leaf, hold)
    return Infinity
  }

  /** wall ms at which the trash of this hold is over. */
  dueAt(bucket: number, hold: Hold): number {
    const hurried = hold.since <= this.#hurriedAt || hold === this.#hurried
    const trashMs = hurried ? 0 : this.#init.timings.trashMs
    return Math.max(hold.since + trashMs, this.coveredUntil(bucket, hold))
  }

  /** Ends the trash time of all that is in the trash now. */
  hurryAll(): void {
    this.#hurriedAt = this.#init.outbox.wall
  }

  /** One hold has no trash time, until another is named or none. */
  hurry(hold: Hold | undefined): void {
    this.#hurried = hold
  }

  /** Of a hold that is in the trash after its bucket was visited. */
  stay(bucket: number, hold: Hold): Stay {
    const { wall } = this.#init.outbox
    const covered = this.coveredUntil(bucket, hold)
    if (covered > wall) return { why: 'promised', until: covered }
    const due = this.dueAt(bucket, hold)
    return due > wall ? { why: 'trash-time', until: due } : { why: 'out-of-step' }
  }

  /** My clock agrees with the others', I hear them, and my pinset is theirs: what I see ended has ended. */
  get clear(): boolean {
    const { members, inStep } = this.#init
    return members.clock.isRight && !members.isolated && inStep()
  }
}
