// Waiting for time to pass, or for a signal, whichever comes first.

import { setTimeout as sleep } from 'node:timers/promises'

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}) // the caller looks at the signal
}
