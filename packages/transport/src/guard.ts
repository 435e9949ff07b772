// Handlers promise not to throw; this keeps a transport standing when one does.

import type { Handlers, Topic, Verdict } from './index.ts'

/** The handler's verdict, or 'ignore' when there is none or it throws. */
export function judge(handlers: Handlers | undefined, topic: Topic, bytes: Uint8Array, from: string): Verdict {
  try {
    return handlers?.gossiped(topic, bytes, from) ?? 'ignore'
  } catch {
    return 'ignore'
  }
}

/** Runs a notification and drops what it throws. */
export function tell(notify: () => void): void {
  try {
    notify()
  } catch {
    // the owner's bug must not break the connection that is being reported
  }
}
