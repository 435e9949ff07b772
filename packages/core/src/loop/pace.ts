/**
 * A token bucket: so many at once, and so many again in every round. It paces what this peer sends, and bounds what it takes
 * from one peer before a signature is checked.
 */
export class Pace {
  readonly #most: number
  #roundMs: number
  #tokens: number
  #at = -Infinity

  /** `most`: tokens at once, and refilled within `roundMs`. */
  constructor(most: number, roundMs: number) {
    this.#most = most
    this.#roundMs = roundMs
    this.#tokens = most
  }

  /** From now on, and for the time since the last look, it refills within so many ms. */
  set roundMs(roundMs: number) {
    this.#roundMs = roundMs
  }

  /** Is there a token at `mono`? Takes none. */
  has(mono: number): boolean {
    const refill = this.#at === -Infinity ? 0 : ((mono - this.#at) / this.#roundMs) * this.#most
    this.#tokens = Math.min(this.#most, this.#tokens + refill)
    this.#at = mono
    return this.#tokens >= 1
  }

  /** Takes one token at `mono`; false if there is none. */
  take(mono: number): boolean {
    if (!this.has(mono)) return false
    this.#tokens--
    return true
  }
}
