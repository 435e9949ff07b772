// Signals: one that follows another for a while, and waiting for something that does not know ours.

import { ContentError } from './content-error.ts'

/**
 * Aborts when it is told to, and with `outer` if there is one, until its end, which must come: `outer` may live for ever.
 * AbortSignal.any() needs no end, and costs as much as the rest of a small call.
 */
export class Abortion {
  readonly #own = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #follow = (): void => this.#own.abort(this.#outer?.reason)

  constructor(outer?: AbortSignal) {
    this.#outer = outer
    if (outer?.aborted === true) this.#follow()
    else outer?.addEventListener('abort', this.#follow, { once: true })
  }

  get signal(): AbortSignal {
    return this.#own.signal
  }

  abort(reason: unknown): void {
    this.#own.abort(reason)
  }

  end(): void {
    this.#outer?.removeEventListener('abort', this.#follow)
  }
}

/** What the task gives, or `aborted` as soon as the signal says so; the task itself goes on. */
export async function settledOrAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new ContentError('aborted', 'It was aborted', { cause: signal.reason }))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    const end = (): void => signal.removeEventListener('abort', abort)
    task.then(resolve, reject).then(end, end)
  })
}
