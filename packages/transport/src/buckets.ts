// A token bucket for each peer, so that a rate holds whatever the peer opens anew.

import { Bucket } from './bucket.ts'

/** Peers whose rate is remembered; the one met longest ago is forgotten first. */
const bucketsMax = 1024

export class Buckets {
  readonly #rate: { perSecond: number; burst: number }
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: { perSecond: number; burst: number }) {
    this.#rate = rate
  }

  /** As Bucket.take, of this peer's. */
  take(peer: string, amount: number): number {
    let bucket = this.#buckets.get(peer)
    if (bucket === undefined) {
      bucket = new Bucket(this.#rate)
      this.#buckets.set(peer, bucket)
      const [oldest] = this.#buckets.keys()
      if (this.#buckets.size > bucketsMax && oldest !== undefined) this.#buckets.delete(oldest)
    }
    return bucket.take(amount, performance.now())
  }
}
