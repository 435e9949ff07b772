/**
 * What a leaf shows once its logs are merged: the winning pin of each map key, and of each bucket the rows and their hash, made
 * when they are asked for and kept until a pin of the bucket changes.
 */
import type { Crypto } from '../crypto.ts'
import { bucketOf, parseMapKey } from '../formats/key.ts'
import type { PinRegister } from '../formats/register.ts'
import { type PinRow, rowsOfBucket, viewHash } from './view.ts'

export interface Seen {
  readonly register: PinRegister
  readonly writer: number
}

/** Most buckets of most leaves. */
const noRows: readonly PinRow[] = []

interface Bucket {
  readonly pins: Map<string, Seen>
  rows: readonly PinRow[] | undefined
  hash: Uint8Array | undefined
}

export class LeafView {
  readonly #crypto: Crypto
  readonly #pins = new Map<string, Seen>()
  readonly #buckets = new Map<number, Bucket>()

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  /** The winner of each map key, where that is a pin. */
  get pins(): ReadonlyMap<string, Seen> {
    return this.#pins
  }

  set(mapKey: string, seen: Seen | undefined): void {
    const bucket = this.#bucket(bucketOf(parseMapKey(mapKey).key))
    bucket.rows = undefined
    bucket.hash = undefined
    if (seen === undefined) {
      this.#pins.delete(mapKey)
      bucket.pins.delete(mapKey)
    } else {
      this.#pins.set(mapKey, seen)
      bucket.pins.set(mapKey, seen)
    }
  }

  /** The pins of one bucket, slots merged, sorted by key: the order that claims use. */
  rows(bucket: number): readonly PinRow[] {
    const kept = this.#buckets.get(bucket)
    if (kept === undefined || kept.pins.size === 0) return noRows
    return (kept.rows ??= rowsOfBucket(kept.pins, bucket))
  }

  /** The hash of a bucket's rows, by which claims say which pins they speak of. */
  hash(bucket: number): Uint8Array {
    return (this.#bucket(bucket).hash ??= viewHash(this.rows(bucket), this.#crypto))
  }

  #bucket(id: number): Bucket {
    const known = this.#buckets.get(id)
    if (known !== undefined) return known
    const made: Bucket = { pins: new Map(), rows: undefined, hash: undefined }
    this.#buckets.set(id, made)
    return made
  }
}
