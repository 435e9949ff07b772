/*
 * Whom a pin asks to hold it: the chosen, then trusted ones until there are trustedMin, then whoever comes next, each time
 * spread over failure domains. For a fixed trustedMin the answer for r copies begins that for r + 1, so that raising r only
 * adds and lowering it only drops.
 */
import type { Candidate } from './order.ts'
import { Walk } from './spread.ts'

/** What a pin wants. */
export interface Want {
  /** copies; 0 = everywhere */
  readonly max: number
  readonly min: number
  /** copies on trusted peers, where there are so many */
  readonly trustedMin: number
  /** peers chosen by the user */
  readonly chosen: readonly string[]
}

/** The peers that must hold it, most wanted first. `eligible`: the eligible peers in the order of the bucket, not spread. */
export function dutyOf(want: Want, eligible: readonly Candidate[]): string[] {
  const walk = new Walk()
  const taken = want.chosen.length === 0 ? [] : walk.take(eligible.filter(({ peer }) => want.chosen.includes(peer)))
  const copies = want.max === 0 ? Infinity : Math.max(want.max, taken.length)
  const trusted = taken.filter((candidate) => candidate.trusted).length
  const missing = Math.min(want.trustedMin - trusted, copies - taken.length)
  if (missing > 0) {
    taken.push(
      ...walk.take(
        eligible.filter((candidate) => candidate.trusted),
        missing
      )
    )
  }
  taken.push(...walk.take(eligible, copies - taken.length))
  return taken.map(({ peer }) => peer)
}
