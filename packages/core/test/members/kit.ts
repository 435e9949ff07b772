/*
 * An observer among beating peers, in virtual time: peers beat on their own intervals until they are stopped, and the clock
 * moves in small steps, each of which asks what a core asks.
 */
import { Liveness, type PeerState, type Transition } from '../../src/members/liveness.ts'
import { type Timings, timings } from '../../src/members/profiles.ts'

export interface Beating {
  readonly peer: string
  readonly trusted: boolean
  readonly weight: number
  everyMs: number
  incarnation: number
  n: number
  nextAt: number
  stopped: boolean
}

/** What was seen at one instant. */
export interface Instant {
  readonly now: number
  readonly isolated: boolean
  readonly braking: boolean
  readonly states: ReadonlyMap<string, PeerState>
}

export class World {
  readonly timings: Timings
  readonly liveness: Liveness
  readonly peers: Beating[]
  readonly transitions: (Transition & { at: number })[] = []
  now = 0

  /** `others`: peers besides the observer. `phase`: 0..1, when in its interval a peer beats. */
  constructor(
    others: number,
    init: { timings?: Timings; trusted?: (i: number) => boolean; phase?: (i: number) => number } = {}
  ) {
    this.timings = init.timings ?? timings('test')
    const { beatMs } = this.timings
    this.liveness = new Liveness({ self: 'self', timings: this.timings, startedAt: 0 })
    this.peers = Array.from({ length: others }, (_, i) => ({
      peer: `p${i}`,
      trusted: init.trusted?.(i) ?? true,
      weight: 0,
      everyMs: beatMs,
      incarnation: 1,
      n: 0,
      nextAt: Math.floor(beatMs * (init.phase?.(i) ?? i / others)),
      stopped: false
    }))
    this.liveness.retain(new Set(this.peers.map(({ peer }) => peer)), 0)
  }

  /** Runs for so long in steps of a tenth of a beat; returns what was seen at each. */
  run(ms: number): Instant[] {
    const seen: Instant[] = []
    const until = this.now + ms
    while (this.now < until) {
      this.now = Math.min(until, this.now + this.timings.beatMs / 10)
      for (const peer of this.peers) {
        while (peer.nextAt <= this.now) {
          if (!peer.stopped) this.liveness.heard({ ...peer, n: ++peer.n, store: 'ok' }, Math.max(peer.nextAt, 0))
          peer.nextAt += peer.everyMs
        }
      }
      seen.push(this.look())
    }
    return seen
  }

  look(): Instant {
    for (const transition of this.liveness.advance(this.now)) this.transitions.push({ ...transition, at: this.now })
    return {
      now: this.now,
      isolated: this.liveness.isolated(this.now, this.peers),
      braking: this.liveness.braking(this.now, this.peers),
      states: new Map(this.peers.map(({ peer }) => [peer, this.liveness.stateOf(peer, this.now)]))
    }
  }

  stop(...which: number[]): void {
    for (const i of which) (this.peers[i] as Beating).stopped = true
  }

  start(...which: number[]): void {
    for (const i of which) (this.peers[i] as Beating).stopped = false
  }

  state(i: number): PeerState {
    return this.liveness.stateOf(`p${i}`, this.now)
  }
}

/** Length from the first to the last instant for which `is` holds, and whether it held without a break. */
export function spanOf(seen: readonly Instant[], is: (instant: Instant) => boolean): { ms: number; whole: boolean } {
  const found = seen.map((instant, i) => ({ i, now: instant.now, yes: is(instant) })).filter(({ yes }) => yes)
  const [first, last] = [found[0], found.at(-1)]
  if (first === undefined || last === undefined) return { ms: 0, whole: true }
  return { ms: last.now - first.now, whole: last.i - first.i + 1 === found.length }
}
