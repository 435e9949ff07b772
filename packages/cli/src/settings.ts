// Every setting of a peer, in one table: its flag and variable, unit, default and reason. The flags of `start` and `join`,
// `mesh config`, and the Settings of docs/REFERENCE.md all follow it.

import { parseApiAddress } from './parse/api-address.ts'
import { choiceOf } from './parse/choice.ts'
import { parseBootstrap, parseKubo, parseListen } from './parse/multiaddr.ts'
import { parseZone } from './parse/name.ts'
import { parseRouter } from './parse/router.ts'
import { parseSize } from './parse/size.ts'
import { parseSwitch } from './parse/switch.ts'
import type { PeerOptions } from './serve.ts'

export type SettingName = keyof PeerOptions

/** What one text becomes; a setting of several values is a list of them. */
type ValueOf<N extends SettingName> = Required<PeerOptions>[N] extends (infer E)[] ? E : Required<PeerOptions>[N]

interface SettingNamed<N extends SettingName> {
  readonly name: N
  /** The same setting of `createNode`; the API is none of the node's. */
  readonly field?: string
  /** As commander takes it. */
  readonly flag: string
  /** What the flag does, in the help. */
  readonly help: string
  readonly unit: string
  readonly default: string
  readonly why: string
  /** From the text that a person types. MESH_BAD_VALUE, MESH_BAD_ADDRESS. */
  readonly parse: (text: string) => ValueOf<N>
  /** It may have several values. */
  readonly many?: true
  readonly choices?: readonly string[]
}

export type Setting = { [N in SettingName]: SettingNamed<N> }[SettingName]

const profiles = ['lan', 'wan', 'test'] as const
const routings = ['off', 'public'] as const
const serves = ['members', 'public'] as const
const switches = ['on', 'off'] as const

export const settings: readonly Setting[] = [
  {
    name: 'listen',
    field: 'listen',
    flag: '--listen <maddr>',
    help: 'where to listen for peers; may be repeated',
    unit: 'multiaddrs',
    default: 'TCP 4101, WebSockets 4102, on IPv4 and, where the machine has it, IPv6',
    why: 'Fixed ports, so that the join line of yesterday works tomorrow.',
    parse: parseListen,
    many: true
  },
  {
    name: 'announce',
    field: 'announce',
    flag: '--announce <maddr>',
    help: 'tell others this address instead; may be repeated',
    unit: 'multiaddrs',
    default: 'what is listened on',
    why: 'For a peer behind a port forward, or with a name.',
    parse: parseBootstrap,
    many: true
  },
  {
    name: 'space',
    field: 'spaceBytes',
    flag: '--space <size>',
    help: 'how much this peer may hold, such as 50GB; kept in the home',
    unit: 'bytes',
    default: '10 GB, or half of the free disk if less',
    why: 'No peer ever holds more. A guest must not fill a disk that nobody offered.',
    parse: parseSize
  },
  {
    name: 'profile',
    field: 'profile',
    flag: '--profile <name>',
    help: "override the mesh's timings, for tests",
    unit: 'lan, wan, test',
    default: "the mesh's own, `wan` unless `mesh init` was told",
    why: 'All members judge each other by the same clock; overriding it is for tests.',
    parse: choiceOf(profiles),
    choices: profiles
  },
  {
    name: 'gossip',
    field: 'gossip',
    flag: '--gossip <state>',
    help: 'off: everything travels by sync',
    unit: 'on, off',
    default: 'on',
    why: 'Off, everything travels by sync: slower, and nothing is lost but time.',
    parse: parseSwitch,
    choices: switches
  },
  {
    name: 'routing',
    field: 'routing',
    flag: '--routing <where>',
    help: 'where content from outside the mesh is looked for',
    unit: 'off, public',
    default: 'off',
    why: 'Public: what no member gives is looked for among all of IPFS. A question to a router tells a stranger what the mesh is about to keep; with off no router is asked, and nobody outside is dialled but the origins that a pin names. Nothing is announced to routers either way.',
    parse: choiceOf(routings),
    choices: routings
  },
  {
    name: 'router',
    field: 'routers',
    flag: '--router <url>',
    help: 'with --routing public, ask this router instead; may be repeated',
    unit: 'URLs',
    default: '`https://delegated-ipfs.dev`',
    why: 'Whom to ask when routing is public: servers of the Delegated Routing V1 HTTP API. Name your own to trust nobody else. One that fails is told of in a note and rests, from 2 s up to a minute: what waits for it fails at once and is tried again by itself.',
    parse: parseRouter,
    many: true
  },
  {
    name: 'serve',
    field: 'servePublic',
    flag: '--serve <whom>',
    help: 'whom this peer gives content to',
    unit: 'members, public',
    default: 'members',
    why: 'Public gives blocks to anybody who asks.',
    parse: choiceOf(serves),
    choices: serves
  },
  {
    name: 'kubo',
    field: 'kubo',
    flag: '--kubo <maddr>',
    help: 'hold the content in the Kubo whose RPC API this is, or off; kept in the home',
    unit: 'multiaddr, off',
    default: 'off: the embedded store of the home',
    why: 'For a server that runs Kubo anyway. Content does not move by itself, so a home that holds some stays where it is.',
    parse: parseKubo
  },
  {
    name: 'sharedBackend',
    field: 'sharedBackend',
    flag: '--shared-backend',
    help: 'run although another member keeps its content in the same Kubo',
    unit: 'on, off',
    default: 'off',
    why: 'Two members on one Kubo are one copy; by mistake that would look like two.',
    parse: parseSwitch
  },
  {
    name: 'mdns',
    field: 'mdns',
    flag: '--mdns',
    help: 'find peers on the local network',
    unit: 'on, off',
    default: 'off',
    why: 'Finds peers on the local network; on a shared one it also tells them about this one.',
    parse: parseSwitch
  },
  {
    name: 'zone',
    field: 'zone',
    flag: '--zone <name>',
    help: 'the site or rack this peer fails with: copies are spread over zones',
    unit: 'text',
    default: 'none',
    why: 'Copies are spread over zones; a zone is what fails together.',
    parse: parseZone
  },
  {
    name: 'api',
    flag: '--api <host:port>',
    help: 'where the local API listens',
    unit: 'host:port',
    default: 'a socket in the home',
    why: 'A socket has the permissions of its folder. Where its path would be too long, a free loopback port.',
    parse: parseApiAddress
  }
]

export function settingOf(name: string): Setting | undefined {
  return settings.find((one) => one.name === name)
}

/** The variable that gives it: MESH_ and the name in capitals. */
export function variableOf({ name }: Setting): string {
  return `MESH_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`
}
