/*
 * Who is alive, as one observer sees it. Think of it as a row of lamps: each beat that moves (a larger number, or a newer
 * incarnation) lights its sender's lamp, silence dims it to suspect after about three missed beats and puts it out after
 * `down`. A lamp is judged by the pace its owner declares, so a peer that beats slowly is not punished for it. A lamp that
 * went out needs a while of steady beats to count as lit again, and one that keeps flickering is given more time before it
 * is put out: what flickers would otherwise be repaired and returned all day. Nobody can put out another's lamp, and a lamp
 * that I have not seen move since I started may be a replay: it is `unheard`, neither alive nor down.
 *
 * Time stands still while this process does (`stepGap`): I then did not listen, so nobody was silent.
 */
import type { StoreState } from '../formats/beat.ts'
import { Brake, type Weighed } from './brake.ts'
import { basisOf } from './basis.ts'
import { isIsolated, type Sighting } from './isolation.ts'
import type { Timings } from './profiles.ts'

export type { StoreState } from '../formats/beat.ts'
export type PeerState = 'unheard' | 'alive' | 'suspect' | 'down'

/** A peer may declare beats so many times slower than the mesh's; a slower one only gets this much patience. */
export const slownessMax = 10
/** A peer that returned once within a day gets twice the time until it is down, then four, then eight times. */
const doublingsMax = 3
const flapMemoryMs: number = 24 * 60 * 60 * 1000
/** A step later than this many beats means that I, not the others, stood still. */
const gapBeatsMax = 2

export interface Transition {
  readonly peer: string
  readonly from: PeerState
  readonly to: PeerState
}

/** What is read of a beat. */
export interface HeardBeat {
  readonly peer: string
  readonly incarnation: number
  readonly n: number
  readonly everyMs: number
  readonly store: StoreState
}

/** Times are own times: mono less what was lost in gaps. */
interface Lamp {
  readonly knownAt: number
  state: PeerState
  since: number
  last: HeardBeat | undefined
  heardAt: number
  everAlive: boolean
  suspectedAt: number | undefined
  /** Begin of the unbroken beats of a peer that is down. */
  steadySince: number | undefined
  /** When it came back from down, within the last day, oldest first; at most `doublingsMax`. */
  returns: number[]
  awaited: boolean
}

export class Liveness {
  readonly #self: string
  readonly #timings: Timings
  readonly #lamps = new Map<string, Lamp>()
  readonly #brake: Brake
  /** States before the transitions that `advance` has not handed out yet. */
  readonly #changed = new Map<string, PeerState>()
  /** ms of mono during which I did not listen. */
  #lostMs = 0
  #now: number
  /** Nothing is due before this: between two scans a beat costs one comparison. */
  #quietUntil = Infinity

  constructor(init: { self: string; timings: Timings; startedAt: number }) {
    this.#self = init.self
    this.#timings = init.timings
    this.#now = init.startedAt
    this.#brake = new Brake(init.timings.brakeWindowMs, init.timings.brakeMaxMs)
  }

  /** Takes a verified beat. True when it moved; false also for strangers and for this peer itself. */
  heard(beat: HeardBeat, mono: number): boolean {
    const lamp = this.#lamps.get(beat.peer)
    if (lamp === undefined || (lamp.last !== undefined && !isLater(beat, lamp.last))) return false
    const now = this.#settle(mono)
    const silentMs = now - lamp.heardAt
    const first = lamp.last === undefined
    lamp.last = { peer: beat.peer, incarnation: beat.incarnation, n: beat.n, everyMs: beat.everyMs, store: beat.store }
    lamp.heardAt = now
    lamp.awaited = false
    if (lamp.returns.length > 0) lamp.returns = lamp.returns.filter((at) => at > now - flapMemoryMs)
    if (lamp.state === 'down') this.#steadier(beat.peer, lamp, silentMs, now)
    else if (lamp.state === 'suspect' || (lamp.state === 'unheard' && !first)) this.#turn(beat.peer, lamp, 'alive', now)
    this.#quietUntil = Math.min(this.#quietUntil, this.#dueAt(lamp, now))
    return true
  }

  /** Of a stranger: unheard. This peer itself is alive. */
  stateOf(peer: string, mono: number): PeerState {
    this.#settle(mono)
    if (peer === this.#self) return 'alive'
    return this.#lamps.get(peer)?.state ?? 'unheard'
  }

  /** mono of the last change of state, or since when the peer is known. */
  since(peer: string): number {
    return (this.#lamps.get(peer)?.since ?? this.#now) + this.#lostMs
  }

  incarnationOf(peer: string): number | undefined {
    return this.#lamps.get(peer)?.last?.incarnation
  }

  /** As its newest beat says; ok while there is none. */
  storeOf(peer: string): StoreState {
    return this.#lamps.get(peer)?.last?.store ?? 'ok'
  }

  /** The members are these: forgets all others and begins to wait for the new ones. */
  retain(peers: ReadonlySet<string>, mono: number): void {
    const now = this.#settle(mono)
    for (const peer of this.#lamps.keys()) {
      if (peers.has(peer)) continue
      this.#lamps.delete(peer)
      this.#changed.delete(peer)
    }
    for (const peer of peers) {
      if (peer === this.#self || this.#lamps.has(peer)) continue
      const lamp = newLamp(now)
      this.#lamps.set(peer, lamp)
      this.#quietUntil = Math.min(this.#quietUntil, this.#dueAt(lamp, now))
    }
  }

  /** What changed since the last call, by time or by beats, each peer once. */
  advance(mono: number): Transition[] {
    this.#settle(mono)
    const found: Transition[] = []
    for (const [peer, from] of this.#changed) {
      const to = (this.#lamps.get(peer) as Lamp).state
      if (to !== from) found.push({ peer, from, to })
    }
    this.#changed.clear()
    return found
  }

  /** mono before which no state, isolation or brake ends by time alone; Infinity if none will. It may be early, never late. */
  nextAt(): number {
    return Math.min(this.#quietUntil, this.#brake.endsAt) + this.#lostMs
  }

  /**
   * My own step came late by this. Over two beats: all deadlines move by it, and I am isolated until I hear the others again. To be
   * called before anything else of that step.
   */
  stepGap(gapMs: number): void {
    if (gapMs <= gapBeatsMax * this.#timings.beatMs) return
    this.#lostMs += gapMs
    for (const lamp of this.#lamps.values()) lamp.awaited = lamp.state === 'alive' || lamp.state === 'suspect'
  }

  /** `members`: the others. */
  isolated(mono: number, members: readonly { readonly peer: string; readonly trusted: boolean }[]): boolean {
    const now = this.#settle(mono)
    const sightings: Sighting[] = []
    for (const { peer } of basisOf(members)) {
      const lamp = this.#lamps.get(peer)
      if (lamp !== undefined) sightings.push(this.#sighting(lamp))
    }
    return isIsolated(sightings, now)
  }

  /** `members`: the others, or all. */
  braking(mono: number, members: readonly Weighed[]): boolean {
    const now = this.#settle(mono)
    return this.#brake.on(now, members, (peer) => {
      const lamp = this.#lamps.get(peer)
      return lamp?.state === 'down' ? lamp.since : undefined
    })
  }

  /** `mesh resume`: what is down now is lost, not out. */
  resume(): void {
    this.#brake.resume(this.#now)
  }

  /** Lets everything happen that is due by now, at the instant it was due. Returns own time. */
  #settle(mono: number): number {
    this.#now = Math.max(this.#now, mono - this.#lostMs)
    if (this.#now < this.#quietUntil) return this.#now
    let next = Infinity
    for (const [peer, lamp] of this.#lamps) {
      if (lamp.state === 'alive' && this.#now >= lamp.heardAt + this.#suspectMs(lamp)) {
        this.#turn(peer, lamp, 'suspect', lamp.heardAt + this.#suspectMs(lamp))
      }
      if (lamp.state === 'suspect' || lamp.state === 'unheard') {
        const downAt = this.#downAt(lamp)
        if (this.#now >= downAt) this.#turn(peer, lamp, 'down', downAt)
      }
      next = Math.min(next, this.#dueAt(lamp, this.#now))
    }
    this.#quietUntil = next
    return this.#now
  }

  /** A beat of a peer that is down: it is back once its beats have been unbroken for long enough. */
  #steadier(peer: string, lamp: Lamp, silentMs: number, now: number): void {
    if (lamp.steadySince === undefined || silentMs >= this.#suspectMs(lamp)) lamp.steadySince = now
    else if (now - lamp.steadySince >= this.#timings.steadyMs) {
      if (lamp.everAlive) lamp.returns = [...lamp.returns, now].slice(-doublingsMax)
      this.#turn(peer, lamp, 'alive', now)
    }
  }

  #turn(peer: string, lamp: Lamp, state: PeerState, at: number): void {
    if (!this.#changed.has(peer)) this.#changed.set(peer, lamp.state)
    lamp.state = state
    lamp.since = at
    lamp.steadySince = undefined
    if (state === 'alive') lamp.everAlive = true
    if (state === 'suspect') lamp.suspectedAt = at
  }

  #dueAt(lamp: Lamp, now: number): number {
    if (lamp.state === 'down') return Infinity
    if (lamp.state === 'alive') return lamp.heardAt + this.#suspectMs(lamp)
    const goneAt = lamp.state === 'suspect' ? lamp.heardAt + this.#goneMs(lamp) : Infinity
    return Math.min(this.#downAt(lamp), goneAt > now ? goneAt : Infinity)
  }

  #downAt(lamp: Lamp): number {
    const from = lamp.state === 'unheard' ? lamp.knownAt : lamp.heardAt
    return from + this.#goneMs(lamp) * 2 ** lamp.returns.length
  }

  #suspectMs(lamp: Lamp): number {
    return this.#timings.suspectMs * this.#slowness(lamp)
  }

  /** Silence after which it is down, but for its record of flapping. */
  #goneMs(lamp: Lamp): number {
    return this.#timings.downMs * this.#slowness(lamp)
  }

  #slowness(lamp: Lamp): number {
    const declared = (lamp.last?.everyMs ?? 0) / this.#timings.beatMs
    return Math.min(Math.max(declared, 1), slownessMax)
  }

  #sighting(lamp: Lamp): Sighting {
    return {
      state: lamp.state,
      heardAt: lamp.everAlive ? lamp.heardAt : undefined,
      goneMs: this.#goneMs(lamp),
      suspectedAt: lamp.suspectedAt,
      returning: lamp.steadySince !== undefined,
      awaited: lamp.awaited
    }
  }
}

function newLamp(now: number): Lamp {
  return {
    knownAt: now,
    state: 'unheard',
    since: now,
    last: undefined,
    heardAt: now,
    everAlive: false,
    suspectedAt: undefined,
    steadySince: undefined,
    returns: [],
    awaited: false
  }
}

function isLater(beat: HeardBeat, last: HeardBeat): boolean {
  return beat.incarnation > last.incarnation || (beat.incarnation === last.incarnation && beat.n > last.n)
}
