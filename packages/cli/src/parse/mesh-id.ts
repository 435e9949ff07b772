// Mesh ids: a word in base58 that begins with z, as `mesh init` prints it.

import { badValue } from './refuse.ts'

const form = /^z[1-9A-HJ-NP-Za-km-z]{32,44}$/

/** MESH_BAD_VALUE. */
export function parseMeshId(text: string): string {
  if (!form.test(text)) throw badValue('a mesh id', text, 'Give the one that `mesh init` printed: z….')
  return text
}
