/**
 * What every change of the pinset has in common: who may make one, how it is ordered after what was seen, and how a failure is told.
 */
import type { Failure } from '../effects.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Author } from '../pinset/author.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Facts } from '../trust/facts.ts'

export interface Writing {
  readonly self: string
  readonly facts: Facts
  readonly author: Author
}

/** Why this peer may not write now, if so. */
export function writeDenied({ facts, self, author }: Writing): Failure | undefined {
  if (facts.keyLog.writerOf(self) === undefined) return notWriter(self)
  if (author.unsure) return rebuilding
  if (author.full)
    return { code: 'MESH_BUSY', text: 'Too many changes wait to be written.', remedy: 'Try again in a moment.' }
  return undefined
}

/** The store was built anew, and what this peer has written before is not back yet. */
export const rebuilding: Failure = {
  code: 'MESH_STORE_REBUILDING',
  text: 'The store of this peer was lost and comes back from the other peers; nothing can be changed here until that is done.',
  remedy: 'Try again in a moment; if it lasts, see with `mesh peers` whether another peer is there.'
}

/** Later than every wish seen for this map key. */
export function nextLamport(leaf: Leaf, mapKey: string, outbox: Outbox): number {
  let highest = 0
  for (const { register } of leaf.registers(mapKey)) highest = Math.max(highest, register.lamport)
  return Math.max(highest + 1, outbox.wall)
}

export function writeFailed(code: string, self: string): Failure {
  if (code === 'MESH_NOT_A_WRITER') return notWriter(self)
  if (code === 'MESH_LOG_FULL') {
    return {
      code,
      text: "Too many pins fall into one part of this writer's log.",
      remedy: 'Have another writer pin it, or unpin something.'
    }
  }
  return {
    code,
    text: 'The change could not be written to disk; nothing was changed.',
    remedy: 'Look at the disk of this peer, then try again.'
  }
}

function notWriter(self: string): Failure {
  return {
    code: 'MESH_NOT_A_WRITER',
    text: 'This peer may hold content of the mesh, but not change the pinset.',
    remedy: `Ask the owner to run on the founding peer: mesh writers add ${self}`
  }
}
