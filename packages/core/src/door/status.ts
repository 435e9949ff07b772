/**
 * What is known of one pin: who holds it, who fetches it, who failed and why, since when; as this peer sees it now.
 */
import { compareBytes } from '../bytes/compare.ts'
import type { Claims } from '../content/claims.ts'
import { findRow } from '../content/claims.ts'
import type { Hold } from '../content/hold.ts'
import type { Keeper } from '../content/keeper.ts'
import { isPart } from '../content/visit.ts'
import type { Planner } from '../content/planner.ts'
import type { Crypto } from '../crypto.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, keyOfPin } from '../formats/key.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { Want } from '../placement/duty.ts'
import { isHeld } from '../placement/pin-view.ts'
import { liveRow, type PinRow } from '../pinset/view.ts'
import type { PeerReport, PinReport } from '../reports.ts'
import { badCid, notPinned, parseCid } from './cids.ts'
import { slotsOf } from './unpins.ts'

/** Reports in one unit of work, at about 20 µs each in a small mesh and 0.1 ms in one of two hundred. */
const pinsPerUnit = 4

export interface StatusInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly members: Members
  readonly leaves: Leaves
  readonly claims: Claims
  readonly keeper: Keeper
  readonly planner: Planner
}

export class Status {
  readonly #init: StatusInit

  constructor(init: StatusInit) {
    this.#init = init
  }

  /** Replies with a report of the pin, or with MESH_NOT_PINNED. */
  run(id: number, text: string): void {
    const { outbox, meshId, crypto, leaves } = this.#init
    const cid = parseCid(text)
    if (cid === undefined) return outbox.fail(id, badCid(text))
    const key = keyOfPin(meshId, cid, crypto)
    const bucket = bucketOf(key)
    leaves.with(bucket >> 4, (leaf) => {
      const report = this.#report(leaf, bucket, key)
      if (report === undefined) outbox.fail(id, notPinned(text))
      else outbox.emit({ kind: 'reply', id, reply: { of: 'status', report } })
    })
  }

  /** Replies with a report of each pin of a leaf, those in limbo last. They are made a few at a time: others wait too. */
  runLeaf(id: number, leafId: number): void {
    const { outbox, leaves } = this.#init
    const reports: PinReport[] = []
    const goOn = (after: Uint8Array | undefined): void =>
      leaves.with(leafId, (leaf) => {
        const next = this.#some(leaf, after, reports)
        if (next !== undefined) return goOn(next)
        reports.push(...limboOf(leaf))
        outbox.emit({ kind: 'reply', id, reply: { of: 'statuses', reports } })
      })
    goOn(undefined)
  }

  /** Reports the next pins behind a key; the key of the last, undefined when it was the leaf's last. */
  #some(leaf: Leaf, after: Uint8Array | undefined, reports: PinReport[]): Uint8Array | undefined {
    let left = pinsPerUnit
    const from = after === undefined ? leaf.id * 16 : bucketOf(after)
    for (let bucket = from; bucket < (leaf.id + 1) * 16; bucket++) {
      const rows = leaf.rows(bucket)
      const start = after === undefined ? 0 : rows.findIndex((row) => compareBytes(row.key, after) > 0)
      for (let at = start; at >= 0 && at < rows.length; at++) {
        const row = rows[at] as PinRow
        reports.push(this.#reportAt(leaf, bucket, row, at))
        if (--left === 0) return row.key
      }
    }
    return undefined
  }

  #report(leaf: Leaf, bucket: number, key: Uint8Array): PinReport | undefined {
    const rows = leaf.rows(bucket)
    const at = findRow(rows, key)
    const row = rows[at]
    if (row !== undefined) return this.#reportAt(leaf, bucket, row, at)
    const hold = leaf.holds.get(key)
    return hold?.state === 'limbo' ? limboReport(hold) : undefined
  }

  #reportAt(leaf: Leaf, bucket: number, merged: PinRow, at: number): PinReport {
    const { planner, members, claims, keeper, self, outbox } = this.#init
    const { key } = merged
    const hold = leaf.holds.get(key)
    const live = liveRow(merged, members.clock.isRight ? outbox.wall / 1000 : -Infinity)
    const row = live ?? merged
    const job = keeper.jobs.of(key)
    const mine =
      hold === undefined || hold.state === 'trash' || hold.state === 'releasing' || isPart(hold, row)
        ? undefined
        : hold.state === 'failed'
          ? hold.reason
          : 'held'
    const plan = planner.plan(bucket, row, at, mine === 'held' ? mine : (job?.state ?? mine))
    const targets = live === undefined ? [] : plan.targets
    const peers: PeerReport[] = []
    for (const { peer } of members.candidates) {
      const claimed = claims.stateOf(peer, bucket, at)
      const state =
        peer !== self
          ? claimed
          : mine === 'held'
            ? claimed === 'promised' || claimed === 'leaving'
              ? claimed
              : 'held'
            : (job?.state ?? mine ?? 'none')
      const target = targets.includes(peer)
      if (state === 'none' && !target) continue
      const down = members.stateOf(peer) === 'down'
      const since =
        peer === self ? (hold?.since ?? job?.since ?? outbox.wall) : wallOf(outbox, claims.changedAt(peer, bucket))
      const reason = down ? 'this peer is down' : reasons[state]
      peers.push({ peer, state, since, target, ...(reason === undefined ? {} : { reason }) })
    }
    const counted = peers.filter(
      ({ state, peer }) => isHeld(state) && members.stateOf(peer) !== 'down' && !members.leaving(peer)
    )
    const trusted = this.#trusted(row.want, targets, counted)
    const slots = slotsOf(row.mapKeys)
    return {
      cid: cidText(row.cid),
      ...(row.name === undefined ? {} : { name: row.name }),
      want: Math.max(row.want.max, targets.length),
      min: row.want.min,
      ...(row.want.max === 0 ? { everywhere: true } : {}),
      ...(slots.some((slot) => slot !== '') ? { slots } : {}),
      have: counted.length,
      ...(trusted.have < trusted.want ? { trusted } : {}),
      peers,
      ...(row.expiry === undefined ? {} : { expiry: row.expiry }),
      ...(live === undefined ? { expired: true } : {}),
      limbo: false
    }
  }

  /** Copies on trusted peers, and how many there should be: those whom the user chose instead are not asked to be. */
  #trusted(want: Want, targets: readonly string[], counted: readonly PeerReport[]): { have: number; want: number } {
    const isTrusted = (peer: string): boolean => this.#init.members.trusted(peer)
    const copies = want.max === 0 ? Infinity : Math.max(want.max, targets.length)
    const preferred = targets.filter((peer) => want.chosen.includes(peer) && !isTrusted(peer)).length
    return {
      have: counted.filter(({ peer }) => isTrusted(peer)).length,
      want: Math.min(want.trustedMin, copies - preferred)
    }
  }
}

function limboOf(leaf: Leaf): PinReport[] {
  const kept = leaf.holds.all().filter(({ state }) => state === 'limbo')
  return kept.filter(({ key }) => findRow(leaf.rows(bucketOf(key)), key) < 0).map(limboReport)
}

function limboReport({ cid }: Hold): PinReport {
  return { cid: cidText(cid), want: 0, min: 0, have: 1, peers: [], limbo: true }
}

const reasons: Partial<Record<PeerReport['state'], string>> = {
  unreachable: 'no peer gave the content',
  'no-space': 'not enough room in its budget',
  'back-end': 'its IPFS back end failed',
  refused: 'it refused the content'
}

function wallOf(outbox: Outbox, mono: number): number {
  return mono === -Infinity ? outbox.wall : Math.round(outbox.wall - (outbox.mono - mono))
}
