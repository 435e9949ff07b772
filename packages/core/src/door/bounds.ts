/**
 * How much is listened to of one member. An honest one stays below these bounds; what goes over them costs no signature check
 * and changes nothing. What an honest member loses to them is not lost: the next beat says more than the one passed over, and
 * beats show the hash of a record that was, which sync then brings. Sync has bounds of its own, wider ones, since it is asked
 * for and brings only the newest; they keep a member from making work by signing itself anew each time it is asked.
 * Only what is rightly signed counts: forging somebody's name must not silence him.
 */
import { claimsPerRoundMax } from '../content/claimer.ts'
import type { Outbox } from '../loop/outbox.ts'
import { Pace } from '../loop/pace.ts'
import type { Timings } from '../members/profiles.ts'

export type Bounded = 'claim' | 'beat' | 'record' | 'synced-beat' | 'synced-record'

/** Claims of one peer that are taken in a round, as a multiple of what an honest peer sends: they come late and in heaps. */
const claimsSlack = 8
/** Two beats an interval are one per half of it; two may come at once, for a beat also announces what is too large for gossip. */
const beatsPerInterval = 2
/** Beats of the profile in which one record is taken: a minute with the timings of `wan`. */
const beatsPerRecord = 2
/** Records that may come at once: a change of trust and of addresses at the start. */
const recordsAtOnce = 4
/** How much more may come at once by sync. */
const syncedSlack = 8
/** A member that goes over a bound is named this often, ms. */
const noteEveryMs = 60_000

interface Paces {
  readonly paces: Map<Bounded, Pace>
  notedAt: number
}

export class Bounds {
  readonly #outbox: Outbox
  readonly #timings: Timings
  readonly #members = new Map<string, Paces>()

  constructor(init: { outbox: Outbox; timings: Timings }) {
    this.#outbox = init.outbox
    this.#timings = init.timings
  }

  /** May one more of this kind be taken of this member? `everyMs`: the interval that its beats declare. */
  allow(what: Bounded, member: string, everyMs = 0): boolean {
    const pace = this.#paceOf(what, member)
    if (what === 'beat' || what === 'synced-beat') pace.roundMs = this.#rounds(what, everyMs)
    if (pace.has(this.#outbox.mono)) return true
    this.#note(what, member)
    return false
  }

  /** One was taken, and was rightly signed. */
  count(what: Bounded, member: string): void {
    this.#paceOf(what, member).take(this.#outbox.mono)
  }

  /** Forgets peers that are no longer members. */
  retain(known: (peer: string) => boolean): void {
    for (const peer of this.#members.keys()) if (!known(peer)) this.#members.delete(peer)
  }

  #paceOf(what: Bounded, member: string): Pace {
    const kept = this.#members.get(member) ?? { paces: new Map<Bounded, Pace>(), notedAt: -Infinity }
    this.#members.set(member, kept)
    const pace = kept.paces.get(what) ?? new Pace(mostOf(what), this.#rounds(what, 0))
    kept.paces.set(what, pace)
    return pace
  }

  /** The time in which as many as may come at once may come again. */
  #rounds(what: Bounded, everyMs: number): number {
    const { beatMs, claimMs } = this.#timings
    if (what === 'claim') return claimMs
    if (what === 'record' || what === 'synced-record') return mostOf(what) * beatsPerRecord * beatMs
    return (mostOf(what) / beatsPerInterval) * Math.max(everyMs, beatMs)
  }

  #note(what: Bounded, member: string): void {
    const kept = this.#members.get(member)
    if (kept === undefined || this.#outbox.mono - kept.notedAt < noteEveryMs) return
    kept.notedAt = this.#outbox.mono
    this.#outbox.note('too-often', 'A member says more than it may; what is too much is passed over.', {
      peer: member,
      what
    })
  }
}

function mostOf(what: Bounded): number {
  switch (what) {
    case 'claim':
      return claimsPerRoundMax * claimsSlack
    case 'beat':
      return beatsPerInterval
    case 'record':
      return recordsAtOnce
    case 'synced-beat':
      return beatsPerInterval * syncedSlack
    case 'synced-record':
      return recordsAtOnce * syncedSlack
  }
}
