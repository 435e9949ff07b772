// Waiting for a condition with a deadline, never for a time: a test says what it waits for and how long that may take.

import { setTimeout as pause } from 'node:timers/promises'

const lookEveryMsDefault = 50

/**
 * What `look` gives once it gives something other than undefined or false. A throw counts as not yet, and stands in the
 * error that is thrown after `ms`.
 */
export async function until<T>(
  what: string,
  ms: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  lookEveryMs: number = lookEveryMsDefault
): Promise<T> {
  const end = performance.now() + ms
  let cause: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > end) {
      const why = cause instanceof Error ? `: ${cause.message}` : ''
      throw new Error(`${what}: not within ${ms / 1000} s${why}`, { cause })
    }
    await pause(lookEveryMs)
  }
}

/** The promise's value, or an error that says what did not come. */
export async function within<T>(what: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
