/**
 * The journal of one leaf while it is resident: what is held of it, by bucket, which is how it is asked for.
 */
import { equalBytes } from '../bytes/compare.ts'
import type { Row } from '../effects.ts'
import type { KeyValue } from '../events.ts'
import { bucketOf } from '../formats/key.ts'
import { decodeHold, encodeHold, type Hold } from './hold.ts'

/** Most buckets of most leaves. */
const none: readonly Hold[] = []

export class Holds {
  readonly #buckets = new Map<number, Hold[]>()
  #size = 0

  constructor(rows: readonly KeyValue[]) {
    for (const { key, value } of rows) this.#keep(decodeHold(key, value))
  }

  get size(): number {
    return this.#size
  }

  get(key: Uint8Array): Hold | undefined {
    return this.of(bucketOf(key)).find((hold) => equalBytes(hold.key, key))
  }

  /** Of the pins of a bucket, wanted or not. */
  of(bucket: number): readonly Hold[] {
    return this.#buckets.get(bucket) ?? none
  }

  all(): Hold[] {
    return [...this.#buckets.values()].flat()
  }

  set(hold: Hold): Row {
    this.#forget(hold.key)
    this.#keep(hold)
    return { table: 'hold', key: hold.key, value: encodeHold(hold) }
  }

  drop(key: Uint8Array): Row {
    this.#forget(key)
    return { table: 'hold', key, value: null }
  }

  #keep(hold: Hold): void {
    const bucket = bucketOf(hold.key)
    this.#buckets.set(bucket, [...this.of(bucket), hold])
    this.#size++
  }

  #forget(key: Uint8Array): void {
    const bucket = bucketOf(key)
    const before = this.of(bucket)
    const after = before.filter((hold) => !equalBytes(hold.key, key))
    this.#size -= before.length - after.length
    if (after.length > 0) this.#buckets.set(bucket, after)
    else this.#buckets.delete(bucket)
  }
}
