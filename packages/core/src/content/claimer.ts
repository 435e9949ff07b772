/**
 * This peer's own claims. States are set bucket by bucket as the keeper visits them; a shard whose states changed, or whose
 * promises are due for renewal, is claimed anew. A promise is an absolute wall stamp: it is on disk before the claim that
 * carries it leaves, and never forgotten. Nothing of a shard is claimed before every bucket of it has been visited once.
 */
import { Writer } from '../bytes/writer.ts'
import { Reader } from '../bytes/reader.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import type { Row } from '../effects.ts'
import type { KeyValue } from '../events.ts'
import { type Claim, type ClaimBucket, claimBytes, encodeClaim, pinStates } from '../formats/claim.ts'
import type { Agenda, Timer } from '../loop/agenda.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import { Pace } from '../loop/pace.ts'
import { equalBytes } from '../bytes/compare.ts'
import { type Claims, claimsPerIncarnation, heldIn } from './claims.ts'
import type { Timings } from '../members/profiles.ts'

/** A change waits this long for others of its shard. */
const gatherMs = 30
/** Claims of what is newly held or let go may follow one another this much faster. */
const urgentShare = 4
/** Claims that may leave within `claimMs`, of all shards together: each costs every member a signature check. */
export const claimsPerRoundMax = 64
/** Groups in which claims leave, a round; and the claims of one, which is what a step of whoever gets it checks at once. */
const groupsPerRound = 8
const claimsPerGroup = 16
const promised = pinStates.indexOf('promised')
/** Renewals that fall into the same tenth of their time leave together: messages are dear, bytes are cheap. */
const renewalsPerLife = 10
/** meta 'p' shard: the newest promise of a shard, wall ms. */
const promiseRowKind = 0x70

/** That the pins of a shard are promised up to this wall stamp, ms. */
export function promiseRow(shard: number, until: number): Row {
  return { table: 'meta', key: new Uint8Array([promiseRowKind, shard]), value: new Writer().u48(until).finish() }
}

export interface ClaimerInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly disk: Disk
  readonly claims: Claims
  readonly timings: Timings
  readonly self: string
  readonly incarnation: () => number
  /** log2 size class of all that is held */
  readonly sizeClass: () => number
  readonly publish: (claim: Uint8Array) => void
}

interface OwnShard {
  readonly buckets: Map<number, { view: Uint8Array; states: Uint8Array }>
  /** buckets not visited since the start */
  unvisited: Set<number>
  sentAt: number
  stamp: number
  stampAtStart: number
  timer: Timer | undefined
}

export class Claimer {
  readonly #init: ClaimerInit
  readonly #shards = new Map<number, OwnShard>()
  #counter = 0
  /** shards whose turn has come, in order */
  readonly #due = new Set<number>()
  readonly #pace: Pace
  #pump: Timer | undefined

  constructor(init: ClaimerInit) {
    this.#init = init
    this.#pace = new Pace(claimsPerRoundMax, init.timings.claimMs)
  }

  /** Takes the promises given before the restart (rows of table meta). */
  load(rows: readonly KeyValue[]): void {
    for (const { key, value } of rows) {
      if (key[0] !== promiseRowKind || key.length !== 2) continue
      const shard = this.#shard(key[1] as number)
      shard.stamp = shard.stampAtStart = new Reader(value).u48()
    }
  }

  /** A bucket that has pins or holds and has to be visited before its shard is claimed. */
  expect(bucket: number): void {
    this.#shard(bucket >> 8).unvisited.add(bucket)
  }

  /** wall ms up to which this shard's promised pins are promised. */
  stampOf(bucket: number): number {
    return this.#shard(bucket >> 8).stamp
  }

  /** wall ms up to which any pin of this shard may have been promised before the restart. */
  stampAtStart(bucket: number): number {
    return this.#shard(bucket >> 8).stampAtStart
  }

  /** Has every bucket been visited since the start? */
  get complete(): boolean {
    return [...this.#shards.values()].every(({ unvisited }) => unvisited.size === 0)
  }

  /** Buckets in which this peer holds anything. */
  holding(): number[] {
    return [...this.#shards.values()].flatMap(({ buckets }) =>
      [...buckets].filter(([, { states }]) => heldIn(states) > 0).map(([bucket]) => bucket)
    )
  }

  /** Claims everything again when a new incarnation has begun: what was claimed in an earlier one does not count for others. */
  anew(begun: () => void): void {
    begun()
    for (const [id, { buckets }] of this.#shards) if (buckets.size > 0) this.#plan(id, true)
  }

  /** Sets what this peer says of a bucket: a nibble for each row. */
  set(bucket: number, view: Uint8Array, states: Uint8Array): void {
    const shard = this.#shard(bucket >> 8)
    const complete = shard.unvisited.delete(bucket) && shard.unvisited.size === 0
    const old = shard.buckets.get(bucket)
    const empty = states.every((state) => state === 0)
    const same = empty
      ? old === undefined
      : old !== undefined && equalBytes(old.view, view) && equalBytes(old.states, states)
    if (same) {
      if (complete && shard.buckets.size > 0) this.#plan(bucket >> 8, true)
      return
    }
    if (empty) shard.buckets.delete(bucket)
    else shard.buckets.set(bucket, { view, states })
    // What is held is told at once; what is only on its way can wait for more of its kind.
    const had = old === undefined ? 0 : heldIn(old.states)
    const urgent = heldIn(states) !== had || (old !== undefined && had > 0 && !equalBytes(old.view, view))
    this.#plan(bucket >> 8, urgent || complete)
  }

  /** Claims the shard soon, and not sooner than the least time after the claim before (a quarter of it when urgent). */
  #plan(id: number, urgent: boolean): void {
    const { outbox, timings } = this.#init
    const { sentAt } = this.#shard(id)
    const soonest = urgent ? outbox.mono + gatherMs : outbox.mono + timings.claimMs
    this.#planAt(id, Math.max(soonest, sentAt + timings.claimMs / (urgent ? urgentShare : 1)))
  }

  #planAt(id: number, at: number): void {
    const { agenda } = this.#init
    const shard = this.#shard(id)
    if (shard.timer !== undefined && !shard.timer.cancelled && shard.timer.at <= at) return
    if (shard.timer !== undefined) shard.timer.cancelled = true
    shard.timer = agenda.at(at, () => {
      shard.timer = undefined
      this.#due.add(id)
      this.#sendDue()
    })
  }

  /** Sends what is due as far as the pace allows. What falls due right behind that leaves together: messages are dear. */
  #sendDue(): void {
    if (this.#pump !== undefined) return
    const { agenda, outbox, timings } = this.#init
    let left = claimsPerGroup
    for (const id of this.#due) {
      if (left-- === 0 || !this.#pace.take(outbox.mono)) break
      this.#due.delete(id)
      this.#send(id, this.#shard(id))
    }
    this.#pump = agenda.at(outbox.mono + timings.claimMs / groupsPerRound, () => {
      this.#pump = undefined
      if (this.#due.size > 0) this.#sendDue()
    })
  }

  #send(id: number, shard: OwnShard): void {
    const { outbox, disk, timings } = this.#init
    if (shard.unvisited.size > 0) return
    shard.sentAt = outbox.mono
    const buckets: ClaimBucket[] = [...shard.buckets]
      .sort(([a], [b]) => a - b)
      .map(([bucket, { view, states }]) => ({ low: bucket & 255, view, states }))
    const promises = buckets.some(({ states }) => states.includes(promised))
    if (!promises) {
      this.#publish(id, buckets, 0)
      return
    }
    const holdUntil = Math.max(shard.stamp, outbox.wall + timings.leaseMs)
    shard.stamp = holdUntil
    disk.write({
      rows: [promiseRow(id, holdUntil)],
      sync: true,
      patient: true,
      done: () => this.#publish(id, buckets, holdUntil)
    })
    this.#planAt(id, inRound(outbox.mono + timings.renewMs, timings.renewMs / renewalsPerLife))
  }

  #publish(id: number, buckets: ClaimBucket[], holdUntil: number): void {
    const { meshId, crypto, outbox, self, claims } = this.#init
    const claim: Claim = {
      peer: self,
      shard: id,
      seq: this.#init.incarnation() * claimsPerIncarnation + ++this.#counter,
      wall: outbox.wall,
      holdUntil,
      sizeClass: this.#init.sizeClass(),
      buckets,
      sig: new Uint8Array(64)
    }
    const signed = { ...claim, sig: crypto.sign(signedBytes('pinmesh/claim/1', meshId, claimBytes(claim))) }
    const bytes = encodeClaim(signed)
    claims.keep(signed, bytes)
    this.#init.publish(bytes)
  }

  #shard(id: number): OwnShard {
    let shard = this.#shards.get(id)
    if (shard === undefined) {
      shard = {
        buckets: new Map(),
        unvisited: new Set(),
        sentAt: -Infinity,
        stamp: 0,
        stampAtStart: 0,
        timer: undefined
      }
      this.#shards.set(id, shard)
    }
    return shard
  }
}

/** The last end of a round before `at`, so that what is due in one round is due at one instant. */
function inRound(at: number, roundMs: number): number {
  return Math.floor(at / roundMs) * roundMs
}
