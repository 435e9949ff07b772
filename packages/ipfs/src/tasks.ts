// What runs between start and stop: stop aborts it and waits for it, and whatever it throws becomes a ContentError.

import { Abortion } from './aborting.ts'
import { ContentError, asContentError } from './content-error.ts'

export class Tasks {
  readonly #running = new Map<Promise<unknown>, Abortion>()
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
    const reason = new ContentError('aborted', 'Content was stopped')
    stopping?.abort(reason)
    for (const abortion of this.#running.values()) abortion.abort(reason)
    await Promise.allSettled(this.#running.keys())
  }

  /** `refused` outside of start and stop; the signal aborts at the end. */
  check(): AbortSignal {
    if (this.#stopping === undefined) throw new ContentError('refused', 'Content is not started')
    return this.#stopping.signal
  }

  async run<T>(outer: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.check()
    const abortion = new Abortion(outer)
    const { signal } = abortion
    const running = task(signal).catch((error: unknown) => {
      if (signal.aborted) throw new ContentError('aborted', 'It was aborted', { cause: error })
      throw asContentError(error)
    })
    this.#running.set(running, abortion)
    try {
      return await running
    } finally {
      abortion.end()
      this.#running.delete(running)
    }
  }
}
