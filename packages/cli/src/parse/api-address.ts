// Where the local API listens when it is not a socket in the home: host:port, an IPv6 host in brackets.

import type { ApiListen } from '@pinmesh/api/client'
import { badValue } from './refuse.ts'

const form = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/

/** Port 0 takes a free one. MESH_BAD_VALUE. */
export function parseApiAddress(text: string): ApiListen {
  const [, ip6, name, digits] = form.exec(text) ?? []
  const host = ip6 ?? name
  const port = Number(digits)
  if (host === undefined || !(port <= 65_535)) {
    throw badValue('an address for the API', text, 'Give host:port, such as 127.0.0.1:4720.')
  }
  return { host, port }
}

export function apiText(listen: ApiListen): string {
  if ('socketPath' in listen) return listen.socketPath
  return listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`
}
