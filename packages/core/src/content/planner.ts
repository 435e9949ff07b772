/**
 * Feeds the pure plan of one pin with what this peer knows: the order of its bucket (cached), who is usable, what each peer
 * claims. It also remembers when the targets of a bucket last changed, since a new target is given time before others step in.
 */
import { concatBytes, fromText } from '../bytes/compare.ts'
import type { Crypto } from '../crypto.ts'
import type { PinState } from '../formats/claim.ts'
import { Front } from '../loop/front.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { PinRow } from '../pinset/view.ts'
import { type Candidate, candidatesOf, orderOf } from '../placement/order.ts'
import { isHeld } from '../placement/pin-view.ts'
import { type Plan, planPin } from '../placement/plan.ts'
import type { Claims } from './claims.ts'

/** Orders kept: 8,192 × 100 candidates are about 7 MB. */
const ordersMax = 8192

export interface PlannerInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly members: Members
  readonly claims: Claims
  readonly timings: Timings
}

/** What a bucket's targets follow from. */
interface Look {
  /** mono ms since when it is so */
  readonly at: number
  /** a sum over their keys, in their order: names of a hundred for each bucket would be 60 MB */
  readonly usable: number
  readonly last: number
  readonly held: boolean
}

export class Planner {
  readonly #init: PlannerInit
  readonly #orders = new Map<number, readonly Candidate[]>()
  readonly #oldestOrder = new Front(this.#orders)
  readonly #shards = new Map<number, readonly Candidate[]>()
  #epoch = -1
  readonly #looks = new Map<number, Look>()

  constructor(init: PlannerInit) {
    this.#init = init
  }

  /** Members in the order in which they are asked to hold pins of this bucket. */
  order(bucket: number): readonly Candidate[] {
    const { members, meshId, crypto } = this.#init
    if (this.#epoch !== members.epoch) {
      this.#epoch = members.epoch
      this.#orders.clear()
      this.#shards.clear()
    }
    const known = this.#orders.get(bucket)
    if (known !== undefined) return known
    const shard = bucket >> 8
    let candidates = this.#shards.get(shard)
    if (candidates === undefined) {
      candidates = candidatesOf(shard, members.candidates, meshId, crypto)
      this.#shards.set(shard, candidates)
    }
    const order = orderOf(bucket, candidates, meshId, crypto)
    if (this.#orders.size >= ordersMax) this.#orders.delete(this.#oldestOrder.next() as number)
    this.#orders.set(bucket, order)
    return order
  }

  /** Notes whether the bucket's pins or usable members have changed since it was last looked at. */
  look(bucket: number, rows: readonly PinRow[]): void {
    const { members, outbox } = this.#init
    let usable = 0
    for (const { peer, key } of this.order(bucket))
      if (members.usable(peer)) usable = Math.imul(usable, 31) + firstWord(key)
    const last = rows.reduce((latest, row) => Math.max(latest, row.lamport), rows.length)
    // Nobody could start while the brake was on or this peer cut off: everybody's time begins anew after it.
    const held = members.isolated || members.braking
    const before = this.#looks.get(bucket)
    if (before !== undefined && before.last === last && before.held === held && before.usable === usable) return
    this.#looks.set(bucket, { at: outbox.mono, usable, last, held })
  }

  /** `own`: what this peer does about the pin itself. */
  plan(bucket: number, row: PinRow, at: number, own: PinState | undefined): Plan {
    const { members, claims, self, outbox, timings } = this.#init
    return planPin({
      want: row.want,
      order: this.#orderFor(bucket, row),
      eligible: (peer) => members.usable(peer) && (members.takesNew(peer) || this.#holds(peer, bucket, at, own)),
      isDown: (peer) => members.stateOf(peer) === 'down',
      downSince: (peer) => members.liveness.since(peer),
      reading: (peer) => (peer === self ? own : claims.stateOf(peer, bucket, at)),
      aliveNow: (peer) => members.stateOf(peer) === 'alive',
      changedAt: this.#looks.get(bucket)?.at ?? outbox.mono,
      progressAt: (peer) => claims.changedAt(peer, bucket),
      self,
      now: outbox.mono,
      timings,
      jitter: (peer) => this.#jitter(row.key, peer),
      isolated: members.isolated,
      braking: members.braking
    })
  }

  /** The order of the bucket, and behind it the chosen peers that are not among its candidates. */
  #orderFor(bucket: number, row: PinRow): readonly Candidate[] {
    const order = this.order(bucket)
    const absent = row.want.chosen.filter((peer) => !order.some((candidate) => candidate.peer === peer))
    if (absent.length === 0) return order
    return [...order, ...absent.flatMap((peer) => this.#init.members.candidate(peer) ?? [])]
  }

  /** How many members could be asked to hold a new pin of this bucket. */
  eligibleForNew(bucket: number): number {
    const { members } = this.#init
    return this.order(bucket).filter(({ peer }) => members.usable(peer) && members.takesNew(peer)).length
  }

  #holds(peer: string, bucket: number, at: number, own: PinState | undefined): boolean {
    return isHeld(peer === this.#init.self ? own : this.#init.claims.stateOf(peer, bucket, at))
  }

  /** 0..1, the same at every peer. */
  #jitter(key: Uint8Array, peer: string): number {
    return (this.#init.crypto.hash(concatBytes(key, fromText(peer)))[0] as number) / 255
  }
}

function firstWord(key: Uint8Array): number {
  const [a, b, c, d] = key as unknown as [number, number, number, number]
  return (a << 24) | (b << 16) | (c << 8) | d
}
