// One look at one thing: how it is, and what to do if it is not well.

import { MeshError } from '@pinmesh/node/mesh-error'

export interface Check {
  readonly name: string
  /** unknown: it cannot be told from here. */
  readonly state: 'ok' | 'warn' | 'fail' | 'unknown'
  /** One sentence. */
  readonly text: string
  readonly remedy?: string
}

export function ok(name: string, text: string): Check {
  return { name, state: 'ok', text }
}

export function warn(name: string, text: string, remedy: string): Check {
  return { name, state: 'warn', text, remedy }
}

export function fail(name: string, text: string, remedy: string): Check {
  return { name, state: 'fail', text, remedy }
}

/** What a look was refused with; `remedy` where the error has none. Any other error is thrown. */
export function refused(name: string, error: unknown, remedy: string): Check {
  if (!(error instanceof MeshError)) throw error
  return fail(name, error.message, error.remedy ?? remedy)
}

export function unknown(name: string, text: string): Check {
  return { name, state: 'unknown', text }
}
