/**
 * A token bucket: so many at once, and so many again in every round. It paces what this peer sends, and bounds what it takes
 * from one peer before a signature is checked.
 */
export class Pace {
  readonly #most: number
  readonly #roundMs: number
  #tokens: number
  #at = -Infinity

  /** `most`: tokens at once, and refilled within `roundMs`. */
  constructor(most: number, roundMs: number) {
    this.#most = most
    this.#roundMs = roundMs
    this.#tokens = most
  }

  /** Takes one token at `mono`; false if there is none. */
  take(mono: number): boolean {
    const refill = this.#at === -Infinity ? 0 : ((mono - this.#at) / this.#roundMs) * this.#most
    this.#tokens = Math.min(this.#most, this.#tokens + refill)
    this.#at = mono
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
