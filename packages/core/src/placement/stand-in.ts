/*
 * Standing in for targets that do not serve. Think of slots and a line: each target that is passed over opens a slot, at the
 * instant it counts as passed over. Behind the targets the other eligible peers stand in line. Who holds a copy or is
 * fetching one fills the earliest slots; the first slot left over calls the rest, the j-th in line after j steps. By then
 * those before it have begun, which is seen in their claims and fills the slot, or they will not.
 */
import type { PinState } from '../formats/claim.ts'
import type { Candidate } from './order.ts'
import { type PinView, type Plan, isHeld, stepsMs } from './pin-view.ts'
import { Walk } from './spread.ts'

/** Stand-ins that try a pin which nobody holds. */
export const blindTriesMax = 2

export interface StandIns {
  readonly view: PinView
  /** the eligible, best first */
  readonly line: readonly Candidate[]
  readonly targets: readonly string[]
  /** copies that living peers claim */
  readonly copies: number
  /** mono; Infinity: it serves */
  lapsesAt(peer: string): number
}

type Part = Pick<Plan, 'role' | 'actAt' | 'reviewAt'>
type Standing = 'holds' | 'tries' | 'failed' | 'idle'

const nothing: Part = { role: 'none', actAt: Infinity, reviewAt: Infinity }

/** The part of a peer that is no target. */
export function standInOf(scene: StandIns): Part {
  const { view, targets, copies } = scene
  const slots = targets
    .map((peer) => scene.lapsesAt(peer))
    .filter((at) => at < Infinity)
    .sort((a, b) => a - b)
  if (slots.length === 0) return nothing
  const queue = queueOf(scene)
  const standings = new Map(queue.map((peer) => [peer, standingOf(view, peer)]))
  const own = standings.get(view.self)
  if (own === undefined) return nothing
  const of = (standing: Standing): string[] => queue.filter((peer) => standings.get(peer) === standing)
  const takers = [...of('holds'), ...of('tries')]
  if (copies === 0) {
    const tried = [...of('tries'), ...of('failed').filter((peer) => view.reading(peer) !== 'refused')]
    const mine = tried.indexOf(view.self)
    if ((mine < 0 ? tried.length : mine) >= blindTriesMax) return nothing
  }
  const review = nextLapse(view, of('tries'))
  const place = takers.indexOf(view.self)
  if (place >= 0) return partOfTaker(slots[place], view.now)
  const opensAt = slots[takers.length]
  if (own === 'failed') return partOfFailed(view, slots[of('holds').length], opensAt ?? Infinity, review)
  if (opensAt === undefined) return { ...nothing, reviewAt: review }
  const turn = 1 + of('idle').indexOf(view.self)
  return wait(view, opensAt, opensAt + stepsMs(view, turn, view.self), review)
}

/** It holds or fetches a copy: it stands in if a slot is open for it, and else is an extra. */
function partOfTaker(slotAt: number | undefined, now: number): Part {
  if (slotAt === undefined) return nothing
  if (slotAt > now) return { ...nothing, reviewAt: slotAt }
  return { role: 'stand-in', actAt: now, reviewAt: Infinity }
}

/**
 * It tried and could not. It stays until somebody holds the copy, so that its failure is remembered and the two last in line
 * do not try in turn for ever; it may try again (by its own back-off) while nobody else does.
 */
function partOfFailed(view: PinView, unfilledAt: number | undefined, opensAt: number, review: number): Part {
  if (unfilledAt === undefined) return nothing
  if (unfilledAt > view.now) return { ...nothing, reviewAt: unfilledAt }
  if (opensAt <= view.now) return { role: 'stand-in', actAt: view.now, reviewAt: Infinity }
  return { role: 'stand-in', actAt: opensAt, reviewAt: Math.min(review, opensAt) }
}

function wait(view: PinView, opensAt: number, dueAt: number, review: number): Part {
  const actAt = Math.max(dueAt, view.now)
  const reviewAt = Math.min(review, actAt > view.now ? actAt : Infinity)
  return opensAt > view.now ? { ...nothing, reviewAt } : { role: 'stand-in', actAt, reviewAt }
}

/**
 * Who may stand in, in turn: trusted ones first, as many as the targets that serve fall short of; in domains that these do
 * not use, as far as there are any.
 */
function queueOf({ view, line, targets, lapsesAt }: StandIns): string[] {
  const walk = new Walk()
  const aims = new Set(targets)
  let trusted = 0
  for (const candidate of line) {
    if (!aims.has(candidate.peer)) continue
    walk.exclude(candidate)
    if (lapsesAt(candidate.peer) < Infinity) continue
    walk.use(candidate)
    if (candidate.trusted) trusted++
  }
  const rest = line.filter(({ peer }) => !aims.has(peer))
  const first = walk.take(
    rest.filter((candidate) => candidate.trusted),
    Math.max(0, view.want.trustedMin - trusted)
  )
  return [...first, ...walk.take(rest)].map(({ peer }) => peer)
}

function standingOf(view: PinView, peer: string): Standing {
  const state: PinState = view.reading(peer) ?? 'none'
  if (state === 'held' || state === 'promised') return 'holds'
  if (state === 'none') return 'idle'
  if (state === 'queued' || state === 'fetching') return view.now < triesUntil(view, peer) ? 'tries' : 'failed'
  return isHeld(state) ? 'idle' : 'failed'
}

/** A try without progress for the grace is over; my own has its own watchdog. */
function triesUntil(view: PinView, peer: string): number {
  if (peer === view.self) return Infinity
  return Math.max(view.changedAt, view.progressAt(peer)) + view.timings.acquireGraceMs
}

function nextLapse(view: PinView, trying: readonly string[]): number {
  return trying.reduce((least, peer) => Math.min(least, triesUntil(view, peer)), Infinity)
}
