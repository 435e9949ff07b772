// A signal that fires when nothing has moved for a while: Kubo itself waits for ever, for blocks that nobody has and for
// peers that say nothing.

import type { ContentError } from '../content-error.ts'

export class Watchdog {
  readonly #ms: number
  readonly #failure: () => ContentError
  readonly #own = new AbortController()
  #timer: NodeJS.Timeout | undefined
  /** Aborts with the outer signal, or with the failure once nothing moved for so long. */
  readonly signal: AbortSignal

  constructor(init: { ms: number; outer: AbortSignal; failure: () => ContentError }) {
    this.#ms = init.ms
    this.#failure = init.failure
    this.signal = AbortSignal.any([init.outer, this.#own.signal])
    this.moved()
  }

  moved(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#own.abort(this.#failure()), this.#ms)
  }

  /** Waits for nothing until the next moved(). */
  rest(): void {
    clearTimeout(this.#timer)
  }

  /** Why a call under this signal failed: the watchdog's own reason if it was the one that bit. */
  reasonFor(error: unknown): unknown {
    return this.#own.signal.aborted ? this.#own.signal.reason : error
  }
}
