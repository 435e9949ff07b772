// Commands over many things: how far they got, as one exit code.

import type { Exit } from './failure.ts'

export class Tally {
  #done = 0
  #first: Exit = 0
  #timedOut = false

  done(): void {
    this.#done++
  }

  failed(exit: Exit): void {
    if (this.#first === 0) this.#first = exit
    if (exit === 62) this.#timedOut = true
  }

  /** Out of time wins over done in part; if nothing was done, the first failure tells. */
  get exit(): Exit {
    if (this.#first === 0) return 0
    if (this.#timedOut) return 62
    return this.#done > 0 ? 3 : this.#first
  }
}
