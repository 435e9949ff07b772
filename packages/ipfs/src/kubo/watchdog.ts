// A signal that fires when nothing has moved for a while: Kubo itself waits for ever, for blocks that nobody has and for
// peers that say nothing.

import { Abortion } from '../aborting.ts'
import type { ContentError } from '../content-error.ts'

export class Watchdog {
  readonly #ms: number
  readonly #failure: () => ContentError
  readonly #abortion: Abortion
  #failed: ContentError | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(init: { ms: number; outer: AbortSignal; failure: () => ContentError }) {
    this.#ms = init.ms
    this.#failure = init.failure
    this.#abortion = new Abortion(init.outer)
    this.moved()
  }

  /** Aborts with the outer signal, or with the failure once nothing moved for so long. */
  get signal(): AbortSignal {
    return this.#abortion.signal
  }

  moved(): void {
    this.#timer = this.#timer?.refresh() ?? setTimeout(() => this.#bite(), this.#ms)
  }

  /** Waits for nothing until the next moved(). */
  rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** The call is over. */
  end(): void {
    this.rest()
    this.#abortion.end()
  }

  /** Why a call under this signal failed: the watchdog's own reason if it was the one that bit. */
  reasonFor(error: unknown): unknown {
    return this.#failed ?? error
  }

  #bite(): void {
    if (this.signal.aborted) return
    this.#failed = this.#failure()
    this.#abortion.abort(this.#failed)
  }
}
