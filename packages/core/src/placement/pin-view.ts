/*
 * One pin through the eyes of one peer: what goes into its plan, and what comes out. The view is given as questions, since a
 * plan asks few of them.
 */
import type { PinState } from '../formats/claim.ts'
import type { Timings } from '../members/profiles.ts'
import type { Want } from './duty.ts'
import type { Candidate } from './order.ts'

export interface PinView {
  readonly want: Want
  /** orderOf the pin's bucket, best first; with the chosen peers in it, if they are to be asked */
  readonly order: readonly Candidate[]
  /** Not down (unheard is not down), not leaving, store ok, and not (declining or syncing, and not holding). */
  eligible(peer: string): boolean
  isDown(peer: string): boolean
  /** mono; asked of peers that are down */
  downSince(peer: string): number
  /** What it claims of this pin; of myself what I do about it, a failure included. */
  reading(peer: string): PinState | undefined
  aliveNow(peer: string): boolean
  /** mono: when this pin or the targets of its bucket last changed */
  readonly changedAt: number
  /** mono of its last changed claim for this bucket; -Infinity without one */
  progressAt(peer: string): number
  readonly self: string
  readonly now: number
  readonly timings: Timings
  /** 0..1, the same at every peer */
  jitter(peer: string): number
  readonly isolated: boolean
  readonly braking: boolean
}

export interface Plan {
  readonly role: 'target' | 'stand-in' | 'none'
  readonly targets: readonly string[]
  /** mono: when I may start fetching; ≤ now: now, Infinity: not. It says nothing about a fetch under way. */
  readonly actAt: number
  /** mono: when this answer may change by time alone; Infinity if never */
  readonly reviewAt: number
}

/** Is it there, whatever its holder means to do with it? */
export function isHeld(state: PinState | undefined): boolean {
  return state === 'held' || state === 'promised' || state === 'leaving'
}

/** j steps and up to half of one more, so that no two turns overlap; none for j = 0. */
export function stepsMs(view: PinView, j: number, peer: string): number {
  return j === 0 ? 0 : (j + view.jitter(peer) / 2) * view.timings.stepInMs
}
