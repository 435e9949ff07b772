// What runs between start and stop: stop aborts it and waits for it, and whatever it throws becomes a ContentError.

import { ContentError, asContentError } from './content-error.ts'

export class Tasks {
  readonly #running = new Set<Promise<unknown>>()
  #stopping: AbortController | undefined

  get started(): boolean {
    return this.#stopping !== undefined
  }

  begin(): void {
    this.#stopping = new AbortController()
  }

  /** Nothing new runs from now on; resolves when what ran has ended. */
  async end(): Promise<void> {
    const stopping = this.#stopping
    this.#stopping = undefined
    stopping?.abort(new ContentError('aborted', 'Content was stopped'))
    await Promise.allSettled(this.#running)
  }

  /** `refused` outside of start and stop; the signal aborts at the end. */
  check(): AbortSignal {
    if (this.#stopping === undefined) throw new ContentError('refused', 'Content is not started')
    return this.#stopping.signal
  }

  async run<T>(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = this.check()
    const either = signal === undefined ? stop : AbortSignal.any([signal, stop])
    const running = task(either).catch((error: unknown) => {
      if (either.aborted) throw new ContentError('aborted', 'It was aborted', { cause: error })
      throw asContentError(error)
    })
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }
}
