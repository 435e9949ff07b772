// From what the core replies to what the programming API answers.

import { canonicalCid, type Failure, type Reply } from '@pinmesh/core'
import { meshErrorOfFailure } from './errors.ts'
import { MeshError } from './mesh-error.ts'
import type { Refused } from './mesh-pins.ts'

export function answers<T>(reply: Reply, of: 'pin' | 'unpin' | 'retry'): (T | Refused)[] {
  if (reply.of !== of) throw failureOf(reply)
  const list = reply.answers as readonly (T | { cid: string; failure: Failure })[]
  return list.map((answer) =>
    typeof answer === 'object' && answer !== null && 'failure' in answer
      ? { cid: answer.cid, error: meshErrorOfFailure(answer.failure) }
      : answer
  )
}

export function failureOf(reply: Reply): MeshError {
  return reply.of === 'failure'
    ? meshErrorOfFailure(reply.failure)
    : new MeshError('MESH_INTERNAL', 'An unexpected reply.')
}

/** `/ipfs/<cid>` and `<cid>` alike, as CIDv1 text; anything else goes on as it is and is refused by the core. */
export function bareCid(text: string): string {
  const bare = text.replace(/^\/ipfs\//, '').replace(/\/$/, '')
  try {
    return canonicalCid(bare).toString()
  } catch {
    return text
  }
}
