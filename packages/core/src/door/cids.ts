/**
 * CIDs as people type them, and what is said when one is wrong or unknown.
 */
import type { CID } from 'multiformats/cid'
import type { Failure } from '../effects.ts'
import { canonicalCid } from '../formats/key.ts'

export function parseCid(text: string): CID | undefined {
  try {
    return canonicalCid(text)
  } catch {
    return undefined
  }
}

export function badCid(text: string): Failure {
  return {
    code: 'MESH_BAD_CID',
    text: `"${text.slice(0, 100)}" is not a CID.`,
    remedy: 'Give a CID such as bafy… or Qm…, or /ipfs/<cid>.'
  }
}

export function notPinned(text: string): Failure {
  return { code: 'MESH_NOT_PINNED', text: `${text} is not pinned in this mesh.`, remedy: 'See `mesh ls` for what is.' }
}
