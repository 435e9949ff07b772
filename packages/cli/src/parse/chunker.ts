// How files are cut, in the words of ipfs. What the sizes may be is for the peer to say.

import { badValue } from './refuse.ts'

/** MESH_BAD_VALUE. */
export function parseChunker(text: string): string {
  if (/^(size-\d{1,8}|rabin-\d{1,8}-\d{1,8}-\d{1,8})$/.test(text)) return text
  throw badValue('a way to cut files', text, 'Give size-<bytes>, or rabin-<min>-<avg>-<max>, such as size-262144.')
}
