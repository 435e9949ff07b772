/**
 * What an operator asks to be cleared: the trash, also before its time, and copies that no pin of the mesh has asked for.
 * It only asks sooner; what may go is decided where it always is (trash.ts), so nothing goes that is pinned, promised or in
 * limbo. Whoever asked is answered when the back end has deleted it.
 */
import type { CID } from 'multiformats/cid'
import type { Crypto } from '../crypto.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, keyOfPin } from '../formats/key.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { EmptiedReport } from '../reports.ts'
import { findRow } from './claims.ts'
import type { Hold } from './hold.ts'
import type { Keeper } from './keeper.ts'
import type { Stay } from './trash.ts'

export interface CollectorInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly leaves: Leaves
  readonly keeper: Keeper
}

export class Collector {
  readonly #init: CollectorInit

  constructor(init: CollectorInit) {
    this.#init = init
  }

  /** Empties the trash of these buckets as far as it may be; `now`: without waiting for the trash time. */
  emptyTrash(buckets: readonly number[], now: boolean, done: (report: EmptiedReport) => void): void {
    const { keeper, leaves } = this.#init
    if (now) keeper.trash.hurryAll()
    const tally = new Tally(done)
    for (const bucket of buckets) {
      tally.wait()
      const look = (): void => leaves.with(bucket >> 4, visit)
      const visit = (leaf: Leaf): void => {
        if (leaf.drafts > 0) return leaf.whenSettled(look)
        if (keeper.ready) keeper.visit(leaf, bucket)
        for (const hold of leaf.holds.of(bucket)) this.#count(tally, bucket, hold)
        tally.over()
      }
      look()
    }
    tally.over()
  }

  /** Deletes copies that no pin asks for and nothing here holds or fetches. Answers with those that are gone. */
  dropCopies(cids: readonly CID[], done: (gone: string[]) => void): void {
    const gone: string[] = []
    let left = 1
    const over = (): void => {
      if (--left === 0) done(gone)
    }
    for (const cid of cids) {
      left++
      this.#dropCopy(cid, (deleted) => {
        if (deleted) gone.push(cidText(cid))
        over()
      })
    }
    over()
  }

  #count(tally: Tally, bucket: number, hold: Hold): void {
    const { deletions, trash } = this.#init.keeper
    if (hold.state === 'trash') tally.stays(hold, trash.stay(bucket, hold))
    if (hold.state !== 'releasing') return
    tally.wait()
    deletions.watch(cidText(hold.cid), (gone) => {
      if (gone) tally.gone(hold)
      else tally.stays(hold, { why: 'failed' })
      tally.over()
    })
  }

  #dropCopy(cid: CID, done: (gone: boolean) => void): void {
    const { meshId, crypto, leaves, keeper } = this.#init
    const key = keyOfPin(meshId, cid, crypto)
    const bucket = bucketOf(key)
    const look = (): void => leaves.with(bucket >> 4, visit)
    const visit = (leaf: Leaf): void => {
      if (leaf.drafts > 0) return leaf.whenSettled(look)
      const needed = leaf.holds.get(key) !== undefined || findRow(leaf.rows(bucket), key) >= 0
      if (needed || keeper.jobs.of(key) !== undefined || !keeper.ready || !keeper.trash.clear) return done(false)
      keeper.deletions.copy(cidText(cid), key)
      keeper.deletions.watch(cidText(cid), done)
    }
    look()
  }
}

/** Counts until everything begun is over, then reports. */
class Tally {
  readonly #done: (report: EmptiedReport) => void
  readonly #stays = new Map<Stay['why'], { pins: number; bytes: number; until?: number }>()
  #pins = 0
  #bytes = 0
  #left = 1

  constructor(done: (report: EmptiedReport) => void) {
    this.#done = done
  }

  wait(): void {
    this.#left++
  }

  over(): void {
    if (--this.#left > 0) return
    const stays = [...this.#stays].map(([why, some]) => ({ why, ...some }))
    this.#done({ pins: this.#pins, bytes: this.#bytes, stays })
  }

  gone({ bytes }: Hold): void {
    this.#pins++
    this.#bytes += bytes
  }

  stays({ bytes }: Hold, { why, until }: Stay): void {
    const some = this.#stays.get(why) ?? { pins: 0, bytes: 0 }
    this.#stays.set(why, {
      pins: some.pins + 1,
      bytes: some.bytes + bytes,
      ...(until === undefined ? {} : { until: Math.max(some.until ?? 0, until) })
    })
  }
}
