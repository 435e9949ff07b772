// Multiaddrs by their parts: which names there are, what follows each, and whether a peer could be dialed, or listen,
// there. The peer parses every one again, with the library that uses it.

import { isIPv4, isIPv6 } from 'node:net'
import { MeshError } from '@pinmesh/node/mesh-error'
import { shown, usage } from './refuse.ts'

const host = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i
const isHost = (text: string): boolean => text.length <= 253 && host.test(text)
const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535
const isPeer = (text: string): boolean => /^[1-9A-HJ-NP-Za-km-z]{30,80}$/.test(text)
const nothing = undefined

/** What each part takes behind its name. */
const parts: Readonly<Record<string, ((text: string) => boolean) | undefined>> = {
  ip4: isIPv4,
  ip6: isIPv6,
  ip6zone: (text) => /^[\w.-]+$/.test(text),
  dns: isHost,
  dns4: isHost,
  dns6: isHost,
  dnsaddr: isHost,
  tcp: isPort,
  p2p: isPeer,
  sni: isHost,
  ws: nothing,
  wss: nothing,
  tls: nothing,
  'p2p-circuit': nothing
}

/** Where a peer of a mesh can be dialed. MESH_BAD_ADDRESS. */
export function parseBootstrap(text: string): string {
  const names = namesOf(text)
  const dialable = names[0] === 'dnsaddr' || (isPlace(names[0]) && names.includes('tcp'))
  if (!dialable || portOf(text) === 0)
    throw badAddress(text, 'Give the line that `mesh start` or `mesh id` prints on a peer.')
  return text
}

const originsMax = 8

/** One more address of a peer that has the content. MESH_BAD_ADDRESS, MESH_USAGE. */
export function addOrigin(text: string, before: readonly string[] = []): string[] {
  const origins = [...new Set([...before, parseBootstrap(text)])]
  if (origins.length > originsMax) throw usage(`At most ${originsMax} origins can be given.`, 'Give fewer.')
  return origins
}

/** Where a peer can listen; port 0 takes a free one. MESH_BAD_ADDRESS. */
export function parseListen(text: string): string {
  const [place, tcp, ...rest] = namesOf(text)
  const plain = (place === 'ip4' || place === 'ip6') && tcp === 'tcp' && rest.every((name) => name === 'ws')
  if (!plain || rest.length > 1)
    throw badAddress(text, 'Give one such as /ip4/0.0.0.0/tcp/4101 or /ip4/0.0.0.0/tcp/4102/ws.')
  return text
}

/** Where the RPC API of a Kubo is reached, or `off`. MESH_BAD_ADDRESS. */
export function parseKubo(text: string): string {
  if (text === 'off' || /^\/unix\/[^\0]+$/.test(text)) return text
  const bare = text.replace(/\/https?$/, '')
  const [place, tcp, ...rest] = namesOf(bare)
  const fits = isPlace(place) && place !== 'ip6zone' && tcp === 'tcp' && rest.length === 0
  if (!fits || portOf(text) === 0)
    throw badAddress(text, 'Give the one of `ipfs config Addresses.API`, such as /ip4/127.0.0.1/tcp/5001, or off.')
  return text
}

function isPlace(name: string | undefined): boolean {
  return name !== undefined && /^(ip4|ip6|ip6zone|dns|dns4|dns6)$/.test(name)
}

function portOf(text: string): number {
  return Number(/\/tcp\/(\d+)/.exec(text)?.[1] ?? 1)
}

/** The names of the parts in order. */
function namesOf(text: string): string[] {
  const words = text.split('/').slice(1)
  const names: string[] = []
  if (!text.startsWith('/') || text.length > 512) throw badAddress(text)
  for (let at = 0; at < words.length; at++) {
    const name = words[at]!
    if (!Object.hasOwn(parts, name)) throw badAddress(text)
    const check = parts[name]
    if (check !== undefined && !check(words[++at] ?? '')) throw badAddress(text)
    names.push(name)
  }
  return names
}

function badAddress(text: string, remedy = 'Give one such as /ip4/192.0.2.7/tcp/4101.'): MeshError {
  return new MeshError('MESH_BAD_ADDRESS', `"${shown(text)}" is not a multiaddr that fits here.`, { exit: 1, remedy })
}
