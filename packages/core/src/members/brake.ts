/*
 * The brake: when several members, holding a good part of the mesh, go down together, that is an outage or a partition and
 * not so many deaths. Copying everything they held would cost the most when the mesh can bear it least, and both sides of a
 * partition would do it. So repair is held back (but for pins with at most one copy) until half of them are back, somebody
 * says `mesh resume`, or it has lasted `brakeMax`: what is gone that long is lost. Losses are counted once: those of a brake
 * that ended do not start the next.
 */
import { basisOf, volunteerWeightMax } from './basis.ts'

/** More than this share of the weight, by at least so many members. */
const weightPercentMax = 25
const downMin = 3

export interface Weighed {
  readonly peer: string
  readonly trusted: boolean
  /** log2 */
  readonly weight: number
}

export class Brake {
  readonly #windowMs: number
  readonly #longestMs: number
  /** Losses up to here are dealt with. */
  #spentUntil = -Infinity
  #current: { readonly since: number; readonly peers: Set<string> } | undefined

  constructor(windowMs: number, longestMs: number) {
    this.#windowMs = windowMs
    this.#longestMs = longestMs
  }

  /** When the present brake ends at the latest; Infinity without one. */
  get endsAt(): number {
    return this.#current === undefined ? Infinity : this.#current.since + this.#longestMs
  }

  /** Is it on? `downAt`: since when a member is down, undefined if it is not. To be asked after every change of a state. */
  on(now: number, members: readonly Weighed[], downAt: (peer: string) => number | undefined): boolean {
    const basis = basisOf(members)
    const fresh = basis.filter(({ peer }) => {
      const at = downAt(peer)
      return at !== undefined && at > this.#spentUntil && at > now - this.#windowMs
    })
    if (this.#current === undefined && isOutage(fresh, basis, volunteerWeightMax(members))) {
      const since = Math.max(...fresh.map(({ peer }) => downAt(peer) as number))
      this.#current = { since, peers: new Set() }
    }
    if (this.#current === undefined) return false
    for (const { peer } of fresh) this.#current.peers.add(peer)
    this.#review(now, basis, downAt)
    return this.#current !== undefined
  }

  /** Ends it now. */
  resume(now: number): void {
    this.#end(now)
  }

  #review(now: number, basis: readonly Weighed[], downAt: (peer: string) => number | undefined): void {
    const { since, peers } = this.#current as { since: number; peers: Set<string> }
    if (now >= since + this.#longestMs) {
      this.#end(since + this.#longestMs)
      return
    }
    const still = new Set(basis.map(({ peer }) => peer))
    for (const peer of peers) if (!still.has(peer)) peers.delete(peer)
    const back = [...peers].filter((peer) => downAt(peer) === undefined).length
    if (2 * back >= peers.size) this.#end(now)
  }

  #end(at: number): void {
    this.#current = undefined
    this.#spentUntil = Math.max(this.#spentUntil, at)
  }
}

function isOutage(fresh: readonly Weighed[], basis: readonly Weighed[], capped: number): boolean {
  if (fresh.length < downMin) return false
  return 100 * sum(fresh, capped) > weightPercentMax * sum(basis, capped)
}

function sum(members: readonly Weighed[], capped: number): number {
  return members.reduce((all, { trusted, weight }) => all + 2 ** (trusted ? weight : Math.min(weight, capped)), 0)
}
