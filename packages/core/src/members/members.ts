/**
 * Who is a member, and which of them can be counted on now. Membership is a function of signed facts and the date;
 * liveness is this peer's own observation of beats. Placement is fed from here, and nothing here writes to the pinset.
 */
import { type Crypto, signedBytes } from '../crypto.ts'
import { FormatError } from '../bytes/format-error.ts'
import { type Beat, beatBytes, decodeBeat } from '../formats/beat.ts'
import { keyOfPeer } from '../formats/peer-id.ts'
import type { MemberRecord } from '../formats/record.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Candidate } from '../placement/order.ts'
import type { MemberReport } from '../reports.ts'
import type { Facts } from '../trust/facts.ts'
import type { StoreState } from '../events.ts'
import { Clock, clockSkewMaxMs } from './clock.ts'
import { Liveness } from './liveness.ts'
import type { Timings } from './profiles.ts'

interface HeardBeat {
  readonly beat: Beat
  readonly bytes: Uint8Array
  /** mono ms of its arrival */
  readonly at: number
}

export interface MembersInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly facts: Facts
  readonly timings: Timings
  readonly self: string
  readonly startedAt: number
  readonly ownStore: () => StoreState
  /** another peer's store works now, or no longer */
  readonly storeChanged: () => void
}

export class Members {
  readonly #init: MembersInit
  readonly liveness: Liveness
  readonly clock: Clock
  readonly #beats = new Map<string, HeardBeat>()
  #candidates: Candidate[] | undefined
  #byPeer = new Map<string, Candidate>()
  /** peer ids of IPFS back ends that are not the members' own */
  #backEnds: ReadonlySet<string> = new Set()
  /** by peer: what placement has read of its record */
  readonly #placings = new Map<string, string>()
  #seen: { at: number; isolated: boolean; braking: boolean } | undefined
  /** Grows whenever the candidates change: caches of orders go by it. */
  epoch = 0

  constructor(init: MembersInit) {
    this.#init = init
    this.liveness = new Liveness({ self: init.self, timings: init.timings, startedAt: init.startedAt })
    this.clock = new Clock({
      outbox: init.outbox,
      told: () => this.#told(),
      alone: () => this.#alone()
    })
  }

  /** Members as placement sees them, sorted by key. */
  get candidates(): readonly Candidate[] {
    this.#candidates ??= this.#collect()
    return this.#candidates
  }

  candidate(peer: string): Candidate | undefined {
    return this.candidates.length > 0 ? this.#byPeer.get(peer) : undefined
  }

  /** Does this peer's record say anything new that placement reads? */
  moved(peer: string): boolean {
    const record = this.#init.facts.record(peer)
    return record === undefined || this.#candidates === undefined || this.#placings.get(peer) !== placingOf(record)
  }

  /** The facts about members have changed. */
  factsChanged(): void {
    this.#candidates = undefined
    this.epoch++
    const members = new Set<string>()
    for (const { record } of this.#init.facts.records())
      if (record.peer !== this.#init.self && !record.flags.left) members.add(record.peer)
    this.liveness.retain(members, this.#init.outbox.mono)
    for (const peer of this.#beats.keys()) if (!members.has(peer)) this.#beats.delete(peer)
  }

  isMember(peer: string): boolean {
    const record = this.#init.facts.record(peer)
    return record !== undefined && !record.flags.left
  }

  /** Is it handing its duties on? */
  leaving(peer: string): boolean {
    return this.#init.facts.record(peer)?.flags.leaving === true
  }

  /** Has it just joined, and is still taking the pinset in? */
  comingIn(peer: string): boolean {
    return this.#init.facts.record(peer)?.flags.syncing === true
  }

  isBackEnd(peer: string): boolean {
    return this.candidates.length > 0 && this.#backEnds.has(peer)
  }

  trusted(peer: string): boolean {
    return this.#init.facts.trusted(peer)
  }

  record(peer: string): MemberRecord | undefined {
    return this.#init.facts.record(peer)
  }

  /**
   * Takes a beat of a member. `old`: not newer than the one held, or no other is `allowed` after that one now. Throws FormatError if it is
   * malformed or forged.
   */
  takeBeat(
    bytes: Uint8Array,
    allowed: (held: Beat) => boolean
  ): {
    outcome: 'new' | 'old' | 'own' | 'stranger'
    beat: Beat
  } {
    const beat = decodeBeat(bytes)
    if (beat.peer === this.#init.self) return { outcome: 'own', beat }
    if (this.#init.facts.record(beat.peer) === undefined) return { outcome: 'stranger', beat }
    const held = this.#beats.get(beat.peer)?.beat
    if (held !== undefined && (!later(beat, held) || !allowed(held))) return { outcome: 'old', beat }
    this.checkBeat(beat)
    const { mono } = this.#init.outbox
    const before = this.storeOf(beat.peer)
    this.#beats.set(beat.peer, { beat, bytes, at: mono })
    if (beat.store !== before) this.#init.storeChanged()
    this.liveness.heard(beat, mono)
    return { outcome: 'new', beat }
  }

  /** Throws FormatError if a beat is not signed by its peer. */
  checkBeat(beat: Beat): void {
    const signed = signedBytes('pinmesh/beat/1', this.#init.meshId, beatBytes(beat))
    if (!this.#init.crypto.verify(keyOfPeer(beat.peer), signed, beat.sig))
      throw new FormatError('a beat is not signed by its peer')
  }

  /** Newest beats held, for passing on. */
  beats(): Iterable<HeardBeat> {
    return this.#beats.values()
  }

  beat(peer: string): HeardBeat | undefined {
    return this.#beats.get(peer)
  }

  stateOf(peer: string): MemberReport['state'] {
    return peer === this.#init.self ? 'alive' : this.liveness.stateOf(peer, this.#init.outbox.mono)
  }

  storeOf(peer: string): StoreState {
    if (peer === this.#init.self) return this.#init.ownStore()
    return this.#beats.get(peer)?.beat.store ?? 'ok'
  }

  /** Counts for holding and duty: alive or not yet known not to be, not leaving, with a store that works. */
  usable(peer: string): boolean {
    const store = this.storeOf(peer)
    return this.stateOf(peer) !== 'down' && !this.leaving(peer) && store !== 'failing' && store !== 'read-only'
  }

  /** May it be asked to hold what it does not hold yet? */
  takesNew(peer: string): boolean {
    const record = this.#init.facts.record(peer)
    return record !== undefined && !record.flags.declining && !record.flags.syncing && this.storeOf(peer) === 'ok'
  }

  get isolated(): boolean {
    return this.#look().isolated
  }

  get braking(): boolean {
    return this.#look().braking
  }

  /** Looked at once an instant: many pins are planned in one step. */
  #look(): { at: number; isolated: boolean; braking: boolean } {
    const mono = this.#init.outbox.mono
    if (this.#seen?.at === mono) return this.#seen
    const others = this.#others()
    this.#seen = {
      at: mono,
      isolated: this.liveness.isolated(mono, others),
      braking: this.liveness.braking(mono, others)
    }
    return this.#seen
  }

  /** Everybody with a valid record, this peer first. */
  reports(): MemberReport[] {
    const { facts, self, outbox } = this.#init
    const found: MemberReport[] = []
    for (const { record } of facts.records()) {
      if (record.flags.left) continue
      const state = this.stateOf(record.peer)
      const free = this.#beats.get(record.peer)?.beat.free
      const since = record.peer === self ? outbox.wall : outbox.wall - (outbox.mono - this.liveness.since(record.peer))
      found.push({
        peer: record.peer,
        self: record.peer === self,
        state,
        since: Math.round(since),
        trusted: this.trusted(record.peer),
        writer: facts.keyLog.writerOf(record.peer) !== undefined,
        leaving: record.flags.leaving,
        ...this.#clockOf(record.peer),
        store: this.storeOf(record.peer),
        ...(free === undefined ? {} : { free: free / 255 }),
        version: record.version,
        ipfsPeer: record.ipfsPeer,
        addresses: record.addresses
      })
    }
    return found.sort((a, b) => (a.self ? -1 : b.self ? 1 : a.peer < b.peer ? -1 : 1))
  }

  #clockOf(peer: string): { clockAheadMs?: number } {
    const heard = this.#beats.get(peer)
    const aheadMs = heard === undefined ? 0 : this.clock.aheadMs({ wall: heard.beat.wall, at: heard.at })
    return Math.abs(aheadMs) > clockSkewMaxMs ? { clockAheadMs: aheadMs } : {}
  }

  #alone(): boolean {
    for (const { record } of this.#init.facts.records()) if (record.peer !== this.#init.self) return false
    return true
  }

  *#told(): Iterable<{ wall: number; at: number }> {
    for (const { beat, at } of this.#beats.values())
      if (this.stateOf(beat.peer) === 'alive') yield { wall: beat.wall, at }
  }

  #others(): { peer: string; trusted: boolean; weight: number }[] {
    return this.candidates
      .filter(({ peer }) => peer !== this.#init.self && !this.leaving(peer))
      .map((candidate) => ({ peer: candidate.peer, trusted: candidate.trusted, weight: candidate.weight }))
  }

  #collect(): Candidate[] {
    const found: Candidate[] = []
    this.#placings.clear()
    for (const { record } of this.#init.facts.records()) {
      this.#placings.set(record.peer, placingOf(record))
      if (record.flags.left) continue
      found.push({
        peer: record.peer,
        key: keyOfPeer(record.peer),
        trusted: this.trusted(record.peer),
        weight: record.weight,
        zone: record.zone,
        addresses: record.addresses,
        backend: record.ipfsPeer === '' ? record.peer : record.ipfsPeer
      })
    }
    found.sort((a, b) => (a.peer < b.peer ? -1 : 1))
    this.#byPeer = new Map(found.map((candidate) => [candidate.peer, candidate]))
    this.#backEnds = new Set(found.filter(({ peer, backend }) => backend !== peer).map(({ backend }) => backend))
    return found
  }
}

function later(a: Beat, b: Beat): boolean {
  return a.incarnation > b.incarnation || (a.incarnation === b.incarnation && a.n > b.n)
}

/** All of a record but its date, incarnation and signature. */
function placingOf({ flags, weight, zone, ipfsPeer, addresses, class: of, version }: MemberRecord): string {
  return JSON.stringify([flags, weight, zone, ipfsPeer, addresses, of, version])
}
