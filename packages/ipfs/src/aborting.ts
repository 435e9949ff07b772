// Waiting for something that does not know our signal.

import { ContentError } from './content-error.ts'

/** What the task gives, or `aborted` as soon as the signal says so; the task itself goes on. */
export async function settledOrAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new ContentError('aborted', 'It was aborted', { cause: signal.reason }))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([task, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
