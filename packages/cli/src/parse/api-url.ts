// Where the API of a peer on another machine is: http or https, perhaps with a path that a proxy puts before it.

import { badValue } from './refuse.ts'

/** MESH_BAD_VALUE. */
export function parseApiUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const { protocol = '', username, password, search, hash } = url ?? {}
  if (url === undefined || !/^https?:$/.test(protocol) || `${username}${password}${search}${hash}` !== '') {
    throw badValue("the address of a peer's API", text, 'Give one such as https://mesh.example.org.')
  }
  return url
}
