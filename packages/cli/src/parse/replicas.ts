// How many copies: a number, or all for every peer.

import { parseCopies } from './count.ts'

/** MESH_BAD_VALUE. */
export function parseReplicas(text: string): number | 'all' {
  return parseCopies(text) || 'all'
}
