/**
 * The one source of chance in a simulated run: xoshiro128** seeded by splitmix32 (Blackman and Vigna, public domain).
 * Every room forks a generator of its own, so that a new draw in one does not shift the draws of all others.
 */
import type { Random } from '@pinmesh/core'

export class SimRandom implements Random {
  readonly #state: Uint32Array

  constructor(seed: number) {
    let mixed = seed >>> 0
    this.#state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0
      let z = mixed
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    })
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    const s = this.#state
    const [a, b, c, d] = [s[0] as number, s[1] as number, s[2] as number, s[3] as number]
    const x = Math.imul(b, 5)
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0
    const c2 = c ^ a
    const d2 = d ^ b
    s[1] = b ^ c2
    s[0] = a ^ d2
    s[2] = c2 ^ (b << 9)
    s[3] = (d2 << 11) | (d2 >>> 21)
    return result
  }

  /** An integer from 0 to n - 1, n ≤ 2^32. */
  below(n: number): number {
    return Math.floor((this.next() / 2 ** 32) * n)
  }

  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.next() >>> 24)
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.next() / 2 ** 32 < percent / 100
  }

  /** A number from `low` up to, but not, `high`. */
  between(low: number, high: number): number {
    return low + (this.next() / 2 ** 32) * (high - low)
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list]
    for (let n = out.length - 1; n > 0; n--) {
      const other = this.below(n + 1)
      ;[out[n], out[other]] = [out[other] as T, out[n] as T]
    }
    return out
  }

  fork(): SimRandom {
    return new SimRandom(this.next())
  }
}
