/**
 * The release rule (DESIGN section 9): a copy that is not this peer's duty is dropped only when as many others as the pin
 * wants have promised to keep theirs. Promises are absolute wall stamps, chosen and stored by their givers and compared as
 * numbers. Until challenges exist only trusted witnesses count: keeping an extra copy is the safe side.
 */
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { PinRow } from '../pinset/view.ts'
import type { Candidate } from '../placement/order.ts'
import { isHeld } from '../placement/pin-view.ts'
import { domainOf } from '../placement/spread.ts'
import type { Claims } from './claims.ts'

export interface ReleaseQuestion {
  readonly self: string
  readonly outbox: Outbox
  readonly members: Members
  readonly claims: Claims
  readonly timings: Timings
  readonly bucket: number
  /** place of the pin among my rows of the bucket */
  readonly at: number
  readonly row: PinRow
  /** wall ms up to which a promise of mine covers the pin */
  readonly coveredUntil: number
}

/** `reviewAt` (mono): when the answer may change by time alone. Assumes that the pin is no duty of this peer. */
export function mayRelease(question: ReleaseQuestion): { release: boolean; reviewAt: number } {
  const { outbox, members, timings, coveredUntil } = question
  const later = outbox.mono + timings.renewMs
  if (members.isolated || members.braking || !members.clock.isRight) return { release: false, reviewAt: later }
  if (coveredUntil >= outbox.wall) return { release: false, reviewAt: outbox.mono + (coveredUntil - outbox.wall) + 1 }
  if (sharesBackend(question)) return { release: false, reviewAt: later }
  return { release: countWitnesses(question) >= witnessesWanted(question), reviewAt: later }
}

/** How many others must have promised. What is wanted everywhere is let go only by a peer that leaves, once all others have it. */
export function witnessesWanted(question: ReleaseQuestion): number {
  const { self, members, claims, bucket, at, row } = question
  if (row.want.max > 0) return row.want.max
  if (!members.leaving(self)) return Infinity
  const staying = apart(
    question,
    ({ peer }) => members.usable(peer) && (members.takesNew(peer) || isHeld(claims.stateOf(peer, bucket, at)))
  )
  return Math.max(1, row.want.min, staying)
}

/** Does another member claim the very blocks that would go? */
function sharesBackend({ self, members, claims, bucket, at }: ReleaseQuestion): boolean {
  const own = members.candidate(self)?.backend
  return members.candidates.some(
    ({ peer, backend }) => peer !== self && backend === own && isHeld(claims.stateOf(peer, bucket, at))
  )
}

/** Trusted peers, alive in the incarnation that made an unexpired promise; one per back end and per domain. */
export function countWitnesses(question: ReleaseQuestion): number {
  const { outbox, members, claims, bucket, at } = question
  return apart(question, ({ peer }) => {
    const { until, incarnation } = claims.promisedUntil(peer, bucket, at)
    return until > outbox.wall && incarnation === members.liveness.incarnationOf(peer)
  })
}

/** How many of these peers could be witnesses, once they have promised. */
export function possibleWitnesses(question: ReleaseQuestion, peers: readonly string[]): number {
  return apart(question, ({ peer }) => peers.includes(peer))
}

/** Of the others that are trusted, alive and stay, those that pass; one per back end and per domain. */
function apart({ self, members }: ReleaseQuestion, passes: (candidate: Candidate) => boolean): number {
  const places = new Set<string>()
  let found = 0
  for (const candidate of members.candidates) {
    const { peer, backend, trusted } = candidate
    if (peer === self || !trusted || members.leaving(peer) || members.stateOf(peer) !== 'alive') continue
    if (!passes(candidate)) continue
    const domain = domainOf(candidate)
    if (places.has(`backend ${backend}`) || places.has(`domain ${domain}`)) continue
    places.add(`backend ${backend}`)
    places.add(`domain ${domain}`)
    found++
  }
  return found
}
