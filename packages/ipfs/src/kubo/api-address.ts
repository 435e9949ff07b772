// Where a Kubo's RPC API listens, as Kubo itself writes it: a multiaddr.

import { isIPv4, isIPv6 } from 'node:net'
import { ContentError } from '../content-error.ts'

export type ApiAddress =
  | { readonly secure: boolean; readonly host: string; readonly port: number }
  | { readonly socketPath: string }

/** `/ip4/127.0.0.1/tcp/5001`, `/dns4/kubo.example.org/tcp/443/https`, `/unix/run/ipfs.sock`; `refused` for any other text. */
export function parseApiAddress(text: string): ApiAddress {
  const socket = /^\/unix(\/[^\0]+)$/.exec(text)?.[1]
  if (socket !== undefined) return { socketPath: socket }
  const [, kind, host = '', port = '', scheme] =
    /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/(http|https))?$/.exec(text) ?? []
  const hostFits =
    kind === 'ip4' ? isIPv4(host) : kind === 'ip6' ? isIPv6(host) : kind !== undefined && /^[\w.-]{1,253}$/.test(host)
  if (!hostFits || Number(port) < 1 || Number(port) > 65_535) {
    throw new ContentError('refused', `Not the address of a Kubo API: ${text.slice(0, 100)}`)
  }
  return { secure: scheme === 'https', host, port: Number(port) }
}
