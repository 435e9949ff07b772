/*
 * Is my wall clock right? Nobody can know, so it is compared with the others': their beats tell theirs, and what they told
 * goes on ticking by my monotonic clock, so that a jump of my own wall clock shows at once. Mine counts as one voice among
 * theirs, or one peer that is a year off would put every peer of a small mesh in doubt; of an even number both in the middle
 * must agree, since neither half is more right than the other.
 *
 * In doubt nothing falls due (expiry, trash, limbo), no promise is given, and no record is judged by its date: a clock that is
 * a year ahead would otherwise make everybody else's record out of date, and its peer, alone, would believe itself. What this
 * peer signs meanwhile is dated by the others' clocks.
 *
 * Until somebody is heard it goes by what it knew: that the clock agreed earlier in this life, or, for what falls due here,
 * that the own record of the last life is neither out of date nor far ahead.
 */
import type { Outbox } from '../loop/outbox.ts'

/** Wall clocks further apart than this make nothing fall due. */
export const clockSkewMaxMs: number = 5 * 60 * 1000

/** What a beat told. */
export interface Told {
  /** its sender's wall clock, ms since 1970 */
  readonly wall: number
  /** mono ms of its arrival */
  readonly at: number
}

export interface ClockInit {
  readonly outbox: Outbox
  /** the newest beats of others that are alive */
  readonly told: () => Iterable<Told>
  /** no other member is known */
  readonly alone: () => boolean
}

type Verdict = 'unheard' | 'agrees' | 'in doubt'

export class Clock {
  readonly #init: ClockInit
  #verdict: Verdict = 'unheard'
  /** The others' clocks less mine, ms; 0 while they do not agree among themselves. */
  #offsetMs = 0
  /** My wall clock less mono when it was looked at. */
  #lookedAt = NaN
  /** The same when it was last known to be right. */
  #right: { readonly base: number; readonly told: boolean } | undefined

  constructor(init: ClockInit) {
    this.#init = init
  }

  /** At start: `until` (wall ms) of the own record of the last life, which lasts `lifeMs`. */
  resume(until: number, lifeMs: number): void {
    const { wall } = this.#init.outbox
    if (until > wall && until <= wall + lifeMs + clockSkewMaxMs) this.#right = { base: this.#base, told: false }
  }

  /** Compares anew. */
  look(): void {
    const offsets = [0]
    for (const told of this.#init.told()) offsets.push(this.aheadMs(told))
    offsets.sort((a, b) => a - b)
    const low = offsets[(offsets.length - 1) >> 1] as number
    const high = offsets[offsets.length >> 1] as number
    this.#lookedAt = this.#base
    if (offsets.length === 1) this.#verdict = 'unheard'
    else if (Math.max(Math.abs(low), Math.abs(high)) <= clockSkewMaxMs) {
      this.#verdict = 'agrees'
      this.#right = { base: this.#base, told: true }
    } else this.#verdict = 'in doubt'
    this.#offsetMs = this.#verdict === 'in doubt' && high - low <= clockSkewMaxMs ? low : 0
  }

  /** How far another's clock is ahead of mine, whole ms. */
  aheadMs({ wall, at }: Told): number {
    return Math.round(wall - at - this.#base)
  }

  /** Differs whenever what this clock may be used for does. */
  get standing(): string {
    return `${this.#verdict} ${this.isDated} ${this.#stillRight()?.told}`
  }

  /** The others' clocks say otherwise. */
  get inDoubt(): boolean {
    this.#followJump()
    return this.#verdict === 'in doubt'
  }

  /** What is signed here is dated by the others' clocks. */
  get isDated(): boolean {
    return this.#offsetMs !== 0
  }

  /** Others' clocks less mine, ms, as far as they agree; 0 while mine is not in doubt. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** May something fall due, or be promised, by this clock? */
  get isRight(): boolean {
    this.#followJump()
    if (this.#verdict !== 'unheard') return this.#verdict === 'agrees'
    return this.#init.alone() || this.#stillRight() !== undefined
  }

  /** The date (wall ms) by which others' records are judged; undefined: not at all. */
  get date(): number | undefined {
    this.#followJump()
    const known = this.#verdict === 'agrees' || (this.#verdict === 'unheard' && this.#stillRight()?.told === true)
    return known ? this.#init.outbox.wall : undefined
  }

  /** The date (wall ms) of what is signed here: whole ms, never negative. */
  get ownDate(): number {
    this.#followJump()
    return Math.max(0, this.#init.outbox.wall + this.#offsetMs)
  }

  get #base(): number {
    const { wall, mono } = this.#init.outbox
    return wall - mono
  }

  #stillRight(): { readonly told: boolean } | undefined {
    return this.#right !== undefined && Math.abs(this.#base - this.#right.base) <= clockSkewMaxMs
      ? this.#right
      : undefined
  }

  /** Set by hand since it was looked at: what was found then is not true any more. */
  #followJump(): void {
    if (this.#verdict !== 'unheard' && Math.abs(this.#base - this.#lookedAt) > clockSkewMaxMs) this.look()
  }
}
