/**
 * The one place where what others say is let in, whether it came by gossip or by sync: commits, claims, beats, facts.
 * Each is checked by the room that keeps it; what cannot be judged yet starts a sync with whoever sent it.
 */
import { compareBytes } from '../bytes/compare.ts'
import type { Claims } from '../content/claims.ts'
import type { Keeper } from '../content/keeper.ts'
import type { Crypto } from '../crypto.ts'
import { decodeCommit } from '../formats/commit.ts'
import { decodeRecord } from '../formats/record.ts'
import { readStored } from '../formats/stored.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Self } from '../members/self.ts'
import type { Beat } from '../formats/beat.ts'
import type { Pulse } from '../members/pulse.ts'
import type { Heads } from '../pinset/heads.ts'
import type { Intake, Taken } from '../pinset/intake.ts'
import type { SyncServer } from '../sync/server.ts'
import type { SessionInit } from '../sync/session.ts'
import type { Syncs } from '../sync/syncs.ts'
import type { Facts } from '../trust/facts.ts'
import type { FactKind, Standing } from '../trust/standing.ts'
import type { Bounded, Bounds } from './bounds.ts'
import type { ItemKind, ItemOutcome } from './gossip.ts'

export interface ReceiverInit {
  readonly self: string
  readonly own: Self
  readonly outbox: Outbox
  readonly bounds: Bounds
  readonly crypto: Crypto
  readonly facts: Facts
  readonly heads: Heads
  readonly members: Members
  readonly claims: Claims
  readonly intake: Intake
  readonly standing: Standing
  readonly keeper: Keeper
  readonly server: SyncServer
  /** rooms that are built after this one */
  readonly syncs: () => Syncs
  readonly pulse: () => Pulse
  readonly ownBeat: () => Uint8Array | undefined
}

export class Receiver {
  readonly #init: ReceiverInit
  /** entries that turned out new, ever */
  #newEntries = 0
  #newFacts = 0
  readonly #fetching = new Set<number>()

  constructor(init: ReceiverInit) {
    this.#init = init
  }

  /** One item of a gossip message. Throws FormatError if it is malformed or forged. */
  take(kind: ItemKind, bytes: Uint8Array, from: string): ItemOutcome {
    if (kind === 'commit') return this.#takeCommit(bytes, from)
    if (kind === 'claim') return this.#orAsk(this.#takeClaim(bytes), from)
    if (kind === 'beat') return this.#orAsk(this.#takeBeat(bytes, 'beat'), from)
    if (kind === 'record') return this.#takeRecord(bytes, from, 'record')
    return this.#init.standing.take(kind, bytes, from)
  }

  /** Entries and facts that turned out new, ever. */
  get news(): number {
    return this.#newEntries + this.#newFacts
  }

  takeBeats(beats: readonly Uint8Array[]): void {
    for (const bytes of beats) this.#takeBeat(bytes, 'synced-beat')
  }

  /** What a sync session with this peer works on. */
  session(peer: string): SessionInit {
    const { facts, members, heads, claims, server, intake, crypto, standing } = this.#init
    return {
      facts,
      heads,
      claims,
      comingIn: () => members.comingIn(peer),
      vector: () => server.vector(),
      beatsFor: () => {
        const own = this.#init.ownBeat()
        return own === undefined ? [] : [own]
      },
      takeFacts: (frame) => {
        let fresh = 0
        const take = (kind: FactKind, list: readonly Uint8Array[]): void => {
          for (const bytes of list) if (standing.take(kind, bytes, peer) === 'new') fresh++
        }
        take('key-op', frame.ops)
        take('admission', frame.admissions)
        for (const bytes of frame.records) if (this.#takeRecord(bytes, peer, 'synced-record') === 'new') fresh++
        take('fork', frame.forks)
        this.#newFacts += fresh
        return fresh
      },
      takeRun: (run) =>
        intake.takeRun(
          run.map((bytes) => readStored(bytes, crypto)),
          (taken) => {
            if (taken === 'new') this.#newEntries++
          }
        ),
      takeBeats: (beats) => this.takeBeats(beats),
      takeClaims: (list) => list.filter((bytes) => this.#takeClaim(bytes) === 'new').length,
      claimsMatter: (one) => this.#believed(one),
      newEntries: () => this.#newEntries,
      fetching: this.#fetching
    }
  }

  #takeCommit(bytes: Uint8Array, from: string): ItemOutcome {
    const { intake, crypto } = this.#init
    // Too much waits already: what is passed over now comes by sync.
    if (intake.full) return this.#orAsk('unknown', from)
    const judged = (taken: Taken): void => {
      if (taken === 'new') this.#newEntries++
      if (taken === 'behind') this.#init.syncs().missing(from)
    }
    const { known, jump } = intake.takeCommit(decodeCommit(bytes, crypto), judged)
    if (!known || jump) this.#init.syncs().missing(from)
    return known ? 'new' : 'unknown'
  }

  #takeClaim(bytes: Uint8Array): ItemOutcome {
    const { claims, keeper, bounds } = this.#init
    const taken = claims.take(
      bytes,
      (peer) => this.#believed(peer),
      (peer) => bounds.allow('claim', peer)
    )
    if (taken === 'old') return 'old'
    if (taken === 'stranger') return 'unknown'
    bounds.count('claim', taken.peer)
    for (const bucket of taken.buckets) keeper.mark(bucket)
    return 'new'
  }

  #takeBeat(bytes: Uint8Array, what: Bounded & ('beat' | 'synced-beat')): ItemOutcome {
    const { members, facts, bounds } = this.#init
    const { outcome, beat } = members.takeBeat(bytes, (held) => bounds.allow(what, held.peer, held.everyMs))
    if (outcome === 'own') return this.#takeOwnBeat(beat)
    if (outcome !== 'new') return outcome === 'old' ? 'old' : 'unknown'
    bounds.count(what, beat.peer)
    this.#init.syncs().rootsSeen(beat.peer, undefined, beat.root)
    const hash = facts.hash8(beat.peer)
    if (hash === undefined || compareBytes(hash, beat.recordHash) !== 0) this.#init.syncs().missing(beat.peer)
    this.#init.pulse().look()
    return 'new'
  }

  /** What others remember of this peer. A later beat than its last is of a life that its store knows nothing of. */
  #takeOwnBeat(beat: Beat): ItemOutcome {
    const { own, members } = this.#init
    const later = beat.incarnation > own.incarnation || (beat.incarnation === own.incarnation && beat.n > own.beats)
    if (!later) return 'old'
    members.checkBeat(beat)
    own.outrun(beat.incarnation)
    return 'old'
  }

  /** The first record of a peer is always looked at: it is what makes the peer a member, and there are bounds on those. */
  #takeRecord(bytes: Uint8Array, from: string, what: Bounded & ('record' | 'synced-record')): ItemOutcome {
    const { standing, facts, bounds } = this.#init
    const { peer } = decodeRecord(bytes)
    const bounded = facts.record(peer) !== undefined
    if (bounded && !bounds.allow(what, peer)) return 'old'
    const outcome = standing.take('record', bytes, from)
    if (bounded && outcome !== 'old') bounds.count(what, peer)
    return outcome
  }

  /** Only members' claims count; what I hold myself I know better than others who remember it. */
  #believed(peer: string): boolean {
    return peer !== this.#init.self && this.#init.members.isMember(peer)
  }

  #orAsk(outcome: ItemOutcome, from: string): ItemOutcome {
    if (outcome === 'unknown') this.#init.syncs().missing(from)
    return outcome
  }
}
