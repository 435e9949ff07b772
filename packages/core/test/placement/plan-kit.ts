/*
 * A mesh in which everybody shares the same facts, and time: each peer plans the one pin for itself, whoever may start does,
 * and that is seen at once. It counts who started what.
 */
import type { PinState } from '../../src/formats/claim.ts'
import { type Timings, timings } from '../../src/members/profiles.ts'
import type { Want } from '../../src/placement/duty.ts'
import { type Candidate, orderOf } from '../../src/placement/order.ts'
import { type PinView, type Plan, planPin } from '../../src/placement/plan.ts'
import { crypto, members, meshId } from './kit.ts'

/** What a peer does with what it starts. */
export type Habit = 'fetches' | 'unreachable' | 'no-space' | 'stalls' | 'sleeps'

export interface Site {
  readonly peer: string
  state: PinState
  progressAt: number
  downSince: number | undefined
  habit: Habit
  doneAt: number
}

export class Mesh {
  readonly timings: Timings
  readonly order: Candidate[]
  readonly sites: Map<string, Site>
  want: Want
  now = 0
  changedAt = 0
  isolated = false
  braking = false
  /** Who started to fetch, in turn. */
  readonly started: { peer: string; role: Plan['role']; at: number }[] = []
  readonly #fetchMs: number

  constructor(
    count: number,
    want: Partial<Want> = {},
    init: {
      bucket?: number
      timings?: Timings
      fetchMs?: number
      kind?: (i: number) => Partial<Candidate>
      habit?: (place: number) => Habit
    } = {}
  ) {
    this.timings = init.timings ?? timings('wan')
    this.#fetchMs = init.fetchMs ?? 10_000
    this.order = orderOf(init.bucket ?? 3, members(count, init.kind), meshId, crypto)
    this.want = { max: 3, min: 2, trustedMin: 0, chosen: [], ...want }
    this.sites = new Map(this.order.map(({ peer }, i) => [peer, newSite(peer, init.habit?.(i) ?? 'fetches')]))
  }

  /** The i-th of the order. */
  site(i: number): Site {
    return this.sites.get((this.order[i] as Candidate).peer) as Site
  }

  /** The first places hold it. */
  hold(...places: number[]): this {
    for (const i of places) this.site(i).state = 'promised'
    return this
  }

  down(...places: number[]): this {
    for (const i of places) this.site(i).downSince = this.now
    this.changedAt = this.now
    return this
  }

  up(...places: number[]): this {
    for (const i of places) this.site(i).downSince = undefined
    this.changedAt = this.now
    return this
  }

  plan(i: number): Plan {
    return planPin(this.view(this.site(i).peer))
  }

  view(self: string): PinView {
    const of = (peer: string): Site => this.sites.get(peer) as Site
    const isDown = (peer: string): boolean => of(peer).downSince !== undefined
    return {
      want: this.want,
      order: this.order,
      eligible: (peer) => !isDown(peer),
      isDown,
      downSince: (peer) => of(peer).downSince as number,
      reading: (peer) => of(peer).state,
      aliveNow: (peer) => !isDown(peer),
      changedAt: this.changedAt,
      progressAt: (peer) => of(peer).progressAt,
      self,
      now: this.now,
      timings: this.timings,
      jitter: (peer) => (Number(peer.slice(5)) % 7) / 7,
      isolated: this.isolated,
      braking: this.braking
    }
  }

  copies(): number {
    return [...this.sites.values()].filter((site) => site.downSince === undefined && isCopy(site.state)).length
  }

  /** Lets time pass, from one instant at which something may change to the next. */
  run(ms: number): this {
    const until = this.now + ms
    for (let guard = 0; guard < 10_000; guard++) {
      this.#settle()
      const next = Math.min(...[...this.sites.values()].map((site) => this.#nextOf(site)))
      if (next > until) break
      this.now = Math.max(next, this.now)
    }
    this.now = until
    return this
  }

  /** Peers act one after another until nobody changes anything. */
  #settle(): void {
    for (let changed = true; changed;) {
      changed = false
      for (const site of this.sites.values()) changed = this.#act(site) || changed
    }
  }

  #act(site: Site): boolean {
    if (site.downSince !== undefined || site.habit === 'sleeps') return false
    if (site.state === 'fetching' && site.doneAt <= this.now) return this.#finish(site)
    const plan = planPin(this.view(site.peer))
    if (plan.role === 'none' && site.state !== 'promised' && site.state !== 'held' && site.state !== 'none') {
      return this.#turn(site, 'none')
    }
    if (plan.role === 'none' || plan.actAt > this.now || site.state !== 'none') return false
    this.started.push({ peer: site.peer, role: plan.role, at: this.now })
    site.doneAt = site.habit === 'stalls' ? Infinity : this.now + this.#fetchMs
    return this.#turn(site, 'fetching')
  }

  #finish(site: Site): boolean {
    if (site.habit === 'unreachable' || site.habit === 'no-space') return this.#turn(site, site.habit)
    return this.#turn(site, 'held')
  }

  #turn(site: Site, state: PinState): boolean {
    site.state = state
    site.progressAt = this.now
    return true
  }

  #nextOf(site: Site): number {
    if (site.downSince !== undefined || site.habit === 'sleeps') return Infinity
    const { actAt, reviewAt } = planPin(this.view(site.peer))
    const times = [reviewAt, actAt, site.state === 'fetching' ? site.doneAt : Infinity]
    return Math.min(...times.filter((at) => at > this.now))
  }
}

function newSite(peer: string, habit: Habit): Site {
  return { peer, state: 'none', progressAt: -Infinity, downSince: undefined, habit, doneAt: Infinity }
}

function isCopy(state: PinState): boolean {
  return state === 'held' || state === 'promised'
}
