// A token bucket that says how long to wait instead of waiting: pure, the time is passed in.

export class Bucket {
  readonly #perSecond: number
  readonly #burst: number
  #level: number
  #at = -Infinity

  constructor(init: { perSecond: number; burst: number }) {
    this.#perSecond = init.perSecond
    this.#burst = init.burst
    this.#level = init.burst
  }

  /** Takes `amount` at `nowMs` (monotonic) and returns the ms to wait before using it; 0 while the burst lasts. */
  take(amount: number, nowMs: number): number {
    if (this.#at !== -Infinity) {
      this.#level = Math.min(this.#burst, this.#level + ((nowMs - this.#at) / 1000) * this.#perSecond)
    }
    this.#at = nowMs
    this.#level -= amount
    return this.#level >= 0 ? 0 : (-this.#level / this.#perSecond) * 1000
  }
}
