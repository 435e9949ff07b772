/**
 * Trying again what has failed, now and not when its time comes. Here that takes nothing but a word to the keeper. Others are
 * asked by the wish itself, written anew: every peer that has failed takes a later wish as a reason to try at once. So only a
 * writer can ask them, and only for its own wishes: it must not make another's wish its own.
 */
import type { Crypto } from '../crypto.ts'
import { type Claims, findRow } from '../content/claims.ts'
import { failures } from '../content/hold.ts'
import type { Keeper } from '../content/keeper.ts'
import type { Failure } from '../effects.ts'
import { bucketOf, keyOfPin } from '../formats/key.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { PinRow } from '../pinset/view.ts'
import type { RetryAnswer } from '../reports.ts'
import { badCid, notPinned, parseCid } from './cids.ts'
import { nextLamport, writeDenied, writeFailed, type Writing } from './writing.ts'

export interface RetriesInit extends Writing {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly leaves: Leaves
  readonly members: Members
  readonly claims: Claims
  readonly keeper: Keeper
}

type Done = (answer: RetryAnswer | { cid: string; failure: Failure }) => void

export class Retries {
  readonly #init: RetriesInit

  constructor(init: RetriesInit) {
    this.#init = init
  }

  /** `local`: ask nobody else. */
  run(text: string, local: boolean, done: Done): void {
    const { meshId, crypto, leaves, keeper, self } = this.#init
    const parsed = parseCid(text)
    if (parsed === undefined) return done({ cid: text, failure: badCid(text) })
    const cid = parsed.toString()
    const key = keyOfPin(meshId, parsed, crypto)
    const bucket = bucketOf(key)
    leaves.with(bucket >> 4, (leaf) => {
      const rows = leaf.rows(bucket)
      const at = findRow(rows, key)
      const row = rows[at]
      if (row === undefined) return done({ cid: text, failure: notPinned(text) })
      const here = leaf.holds.get(key)?.state === 'failed'
      if (here) keeper.retry(key)
      const failed = this.#othersFailed(bucket, at)
      const mapKey = local || failed === 0 ? undefined : this.#ownSlot(leaf, row)
      if (mapKey === undefined) return done({ cid, here, failed, asked: false })
      this.#ask(leaf.id, mapKey, (code) => {
        if (code === undefined) done({ cid, here, failed, asked: true })
        else done({ cid, failure: writeFailed(code, self) })
      })
    })
  }

  /** How many others say that they have failed. */
  #othersFailed(bucket: number, at: number): number {
    const { members, claims, self } = this.#init
    const reasons: readonly string[] = failures
    return members.candidates.filter(({ peer }) => peer !== self && reasons.includes(claims.stateOf(peer, bucket, at)))
      .length
  }

  #ownSlot(leaf: Leaf, row: PinRow): string | undefined {
    const { facts, self } = this.#init
    if (writeDenied(this.#init) !== undefined) return undefined
    const own = facts.keyLog.writerOf(self)
    return row.mapKeys.find((mapKey) => leaf.view().get(mapKey)?.writer === own)
  }

  #ask(leaf: number, mapKey: string, done: (code?: string) => void): void {
    const { author, facts, self, outbox } = this.#init
    author.change({
      leaf,
      mapKey,
      change: (resident) => {
        const seen = resident.view().get(mapKey)
        if (seen === undefined || seen.writer !== facts.keyLog.writerOf(self)) return undefined
        return { ...seen.register, lamport: nextLamport(resident, mapKey, outbox) }
      },
      done
    })
  }
}
