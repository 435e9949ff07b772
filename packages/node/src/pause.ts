// Waiting: for time to pass, or for a signal, whichever comes first.

import { setTimeout as sleep } from 'node:timers/promises'

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}) // the caller looks at the signal
}

/** Aborted by the signal, or once the time is over. */
export function within(ms: number, signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(ms)
  return signal === undefined ? late : AbortSignal.any([signal, late])
}

/** The result, or the signal's reason if that comes first; the work goes on then. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** What the source gives, until the signal: then its reason is thrown, also while the source is waited for. */
export async function* abortableSource<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) {
    yield* source
    return
  }
  signal.throwIfAborted()
  const from = source[Symbol.asyncIterator]()
  try {
    while (true) {
      const next = await abortable(from.next(), signal)
      if (next.done === true) return
      yield next.value
    }
  } finally {
    const ended = Promise.resolve(from.return?.()).catch(() => {}) // the caller has its reason already
    // A source that waits ends when it has what it waits for.
    if (!signal.aborted) await ended
  }
}
