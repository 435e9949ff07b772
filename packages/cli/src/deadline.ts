// A signal that ends with Ctrl-C, or when the time that was given is over.

import { MeshError } from '@pinmesh/node/mesh-error'

export interface Deadline {
  readonly signal: AbortSignal
  clear(): void
}

const goesOn = 'What was begun goes on; see `mesh status`, or give more time.'

/** The signal's reason is then MESH_TIMED_OUT. Without a time there is no end. */
export function deadlineOf(signal: AbortSignal, ms: number | undefined, remedy: string = goesOn): Deadline {
  if (ms === undefined) return { signal, clear: () => {} }
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(timedOut(remedy)), Math.min(ms, 2 ** 31 - 1))
  return { signal: AbortSignal.any([signal, late.signal]), clear: () => clearTimeout(timer) }
}

function timedOut(remedy: string): MeshError {
  return new MeshError('MESH_TIMED_OUT', 'The time that --timeout gave was over before it was done.', {
    exit: 62,
    remedy
  })
}
