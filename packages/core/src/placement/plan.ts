/*
 * What one peer should do for one pin: hold it, wait for its turn, or nothing. Every peer computes this for itself, and from
 * the same facts all come to answers that fit together, so that one loss is repaired once.
 *
 * 1. The targets are the duty of the pin over the eligible.
 * 2. A target that would be one also if nobody were down acts at once.
 * 3. A target that replaces one that went down waits, by how many copies are left, and a step more for each replacement
 *    before it. Absence shorter than that moves nothing.
 * 4. A target that does not serve (it failed, or showed no progress for the grace) is passed over for this pin. The peers
 *    behind the targets stand in for it: those that serve already first, then the others in line, the j-th after j steps
 *    and as long as nobody before it has begun.
 * 5. If nobody holds the pin at most two stand-ins try: content that cannot be found must not call up the whole mesh.
 * 6. Isolated: nobody starts. Braking: only pins with at most one visible copy.
 */
import type { PinState } from '../formats/claim.ts'
import { dutyOf } from './duty.ts'
import { type PinView, type Plan, isHeld, stepsMs } from './pin-view.ts'
import { type StandIns, standInOf } from './stand-in.ts'

export type { PinView, Plan } from './pin-view.ts'

/** Copies that may be seen while the brake is on, for a pin still to be repaired. */
const brakedCopiesMax = 1

export function planPin(view: PinView): Plan {
  const line = view.order.filter(({ peer }) => view.eligible(peer))
  const targets = dutyOf(view.want, line)
  const copies = copiesSeen(view)
  // Worked out only where it matters: most pins are held by their targets.
  let known: Map<string, number> | undefined
  const waitOf = (peer: string): number | undefined => (known ??= replacements(view, targets, copies)).get(peer)
  const held = view.isolated || (view.braking && copies > brakedCopiesMax)
  if (targets.includes(view.self)) {
    const due = isServed(view.reading(view.self)) ? view.now : (waitOf(view.self) ?? view.now)
    const actAt = Math.max(due, view.now)
    return { role: 'target', targets, actAt: held ? Infinity : actAt, reviewAt: actAt > view.now ? actAt : Infinity }
  }
  const scene: StandIns = { view, line, targets, copies, lapsesAt: (peer) => lapsesAt(view, peer, waitOf) }
  const { role, actAt, reviewAt } = standInOf(scene)
  return { role, targets, actAt: held ? Infinity : actAt, reviewAt }
}

/** Copies that living peers claim; those of one back end are one. */
function copiesSeen(view: PinView): number {
  const backends = new Set<string>()
  for (const { peer, backend } of view.order) {
    if (isHeld(view.reading(peer)) && view.aliveNow(peer)) backends.add(backend)
  }
  return backends.size
}

/** When (mono) each target that replaces a peer that is down may start. */
function replacements(view: PinView, targets: readonly string[], copies: number): Map<string, number> {
  const waits = new Map<string, number>()
  if (!view.order.some(({ peer }) => view.isDown(peer))) return waits
  const natural = dutyOf(
    view.want,
    view.order.filter(({ peer }) => view.isDown(peer) || view.eligible(peer))
  )
  const added = targets.filter((peer) => !natural.includes(peer))
  const lost = natural.filter((peer) => view.isDown(peer)).sort((a, b) => view.downSince(a) - view.downSince(b))
  const trusted = new Set(view.order.filter((candidate) => candidate.trusted).map(({ peer }) => peer))
  let last = lost[0]
  added.forEach((peer, index) => {
    const same = lost.findIndex((gone) => trusted.has(gone) === trusted.has(peer))
    const replaced = lost.splice(Math.max(same, 0), 1)[0] ?? last
    if (replaced === undefined) return
    last = replaced
    const delayMs = repairDelay(view, copies, trusted.has(replaced))
    waits.set(peer, view.downSince(replaced) + delayMs + stepsMs(view, index, peer))
  })
  return waits
}

function repairDelay({ want, timings }: PinView, copies: number, trusted: boolean): number {
  if (copies === 0 || copies < want.min) return timings.repairBelowMinMs
  if (copies === 1) return timings.repairOneLeftMs
  return trusted ? timings.repairMoreTrustedMs : timings.repairMoreMs
}

/** When (mono) a target counts as passed over; Infinity while it serves. */
function lapsesAt(view: PinView, peer: string, waitOf: (peer: string) => number | undefined): number {
  const state = view.reading(peer) ?? 'none'
  if (isServed(state)) return Infinity
  const since = Math.max(view.changedAt, view.progressAt(peer))
  if (state === 'none' || state === 'queued' || state === 'fetching') {
    return Math.max(since, waitOf(peer) ?? -Infinity) + view.timings.acquireGraceMs
  }
  return since
}

function isServed(state: PinState | undefined): boolean {
  return state === 'held' || state === 'promised'
}
