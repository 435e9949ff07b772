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
