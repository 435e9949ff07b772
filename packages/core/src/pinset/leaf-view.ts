/**
 * What a leaf shows once its logs are merged: the winning pin of each map key, and of each bucket the rows and their hash, made
 * when they are asked for and kept until a pin of the bucket changes.
 */
import type { Crypto } from '../crypto.ts'
import { bucketOfMapKey } from '../formats/key.ts'
import type { PinRegister } from '../formats/register.ts'
import { type PinRow, rowsOf, viewHash } from './view.ts'

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

/** The winner of each map key, where that is a pin. */
export interface Pins extends Iterable<[string, Seen]> {
  readonly size: number
  get(mapKey: string): Seen | undefined
  has(mapKey: string): boolean
  keys(): Iterable<string>
}

export class LeafView implements Pins {
  readonly #crypto: Crypto
  /** Those that have had pins. */
  readonly #buckets = new Map<number, Bucket>()
  #noHash: Uint8Array | undefined

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  /** How many map keys have a winner that is a pin. */
  get size(): number {
    let size = 0
    for (const { pins } of this.#buckets.values()) size += pins.size
    return size
  }

  /** The winner of a map key, where that is a pin. */
  get(mapKey: string): Seen | undefined {
    return this.#buckets.get(bucketOfMapKey(mapKey))?.pins.get(mapKey)
  }

  has(mapKey: string): boolean {
    return this.get(mapKey) !== undefined
  }

  /** The map keys whose winner is a pin, with their winners. */
  *[Symbol.iterator](): IterableIterator<[string, Seen]> {
    for (const { pins } of this.#buckets.values()) yield* pins
  }

  *keys(): IterableIterator<string> {
    for (const { pins } of this.#buckets.values()) yield* pins.keys()
  }

  set(mapKey: string, seen: Seen | undefined): void {
    const id = bucketOfMapKey(mapKey)
    let bucket = this.#buckets.get(id)
    if (bucket === undefined) {
      if (seen === undefined) return
      bucket = { pins: new Map(), rows: undefined, hash: undefined }
      this.#buckets.set(id, bucket)
    }
    bucket.rows = undefined
    bucket.hash = undefined
    if (seen === undefined) bucket.pins.delete(mapKey)
    else bucket.pins.set(mapKey, seen)
  }

  /** The pins of one bucket, slots merged, sorted by key: the order that claims use. */
  rows(id: number): readonly PinRow[] {
    const bucket = this.#buckets.get(id)
    return bucket === undefined ? noRows : (bucket.rows ??= rowsOf(bucket.pins))
  }

  /** The hash of a bucket's rows, by which claims say which pins they speak of. */
  hash(id: number): Uint8Array {
    const bucket = this.#buckets.get(id)
    if (bucket === undefined) return (this.#noHash ??= viewHash(noRows, this.#crypto))
    return (bucket.hash ??= viewHash(this.rows(id), this.#crypto))
  }
}
