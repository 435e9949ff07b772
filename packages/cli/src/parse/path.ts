// Paths of files and folders. An empty one, which a variable that is not set leaves behind, would mean the folder that one is in.

import { badValue } from './refuse.ts'

/** The path as it was written. MESH_BAD_VALUE. */
export function parsePath(text: string): string {
  if (text === '') throw badValue('a path', text, 'Name a file or a folder; . is the folder that you are in.')
  return text
}
