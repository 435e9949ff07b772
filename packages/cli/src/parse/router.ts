// A router by its URL.

import { badValue } from './refuse.ts'

/** MESH_BAD_VALUE. */
export function parseRouter(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  if (!plain) throw badValue('the URL of a router', text, 'Give one such as https://delegated-ipfs.dev.')
  return text
}
