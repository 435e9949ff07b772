/**
 * What holds this peer's content: the embedded store of the home, or a Kubo. Which it is belongs to the home, like its budget:
 * told once, it stands in mesh.json, together with the Kubo's peer id, so that the peer also starts while that Kubo is away.
 * Content does not move from one to the other: a home that holds some is not started on another.
 */
import { join } from 'node:path'
import { type Core, meshIdText } from '@pinmesh/core'
import {
  type Content,
  createHeliaContent,
  createKuboContent,
  type HeliaContentInit,
  identifyKubo,
  type KuboIdentity,
  type Mended
} from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import type { Libp2pTransport } from '@pinmesh/transport'
import type { DiskRoom } from './disk-room.ts'
import type { Home } from './home.ts'
import { MeshError } from './mesh-error.ts'
import type { KuboPlace, MeshFile } from './mesh-file.ts'
import { meshErrorOf } from './errors.ts'
import { within } from './pause.ts'
import { holdsSome, reachable } from './shell.ts'

const lookMs = 5000
/** The oldest Kubo whose pin/add tells how many bytes have come. */
const versionMin = [0, 40]
/** Addresses of a Kubo that the record has room for, beside those of the peer. */
const addressesMax = 3
const addressBytesMax = 128

/** Asks the Kubo at an address who it is. MESH_KUBO_UNREACHABLE, MESH_KUBO_OLD. */
export async function findKubo(api: string, signal?: AbortSignal): Promise<KuboPlace> {
  let found: KuboIdentity
  try {
    found = await identifyKubo(api, within(lookMs, signal))
  } catch (error) {
    signal?.throwIfAborted()
    throw new MeshError('MESH_KUBO_UNREACHABLE', `No Kubo answers at ${api}: ${meshErrorOf(error).message}`, {
      remedy: 'Start it with `ipfs daemon`, or give the address of its RPC API (`ipfs config Addresses.API`).',
      cause: error
    })
  }
  const [major = 0, minor = 0] = found.version.split('.').map(Number)
  if (major === versionMin[0] && minor < (versionMin[1] as number)) {
    throw new MeshError('MESH_KUBO_OLD', `The Kubo at ${api} is version ${found.version}; 0.40 or newer is needed.`, {
      remedy: 'Update it.'
    })
  }
  return { api, peer: found.peer }
}

/**
 * The Kubo that this home is to use, undefined for its embedded store; as told, else as before. What changes is written to
 * mesh.json. MESH_BACKEND_CHANGED where content would be lost sight of.
 */
export async function chooseKubo(
  told: string | undefined,
  { home, mesh, store, signal }: { home: Home; mesh: MeshFile; store: Store; signal: AbortSignal | undefined }
): Promise<KuboPlace | undefined> {
  const before = mesh.kubo
  if (told === undefined || told === before?.api) return before
  const chosen = told === 'off' ? undefined : await findKubo(told, signal)
  if (chosen?.peer !== before?.peer && (await holdsSome(store, 'hold'))) {
    throw new MeshError(
      'MESH_BACKEND_CHANGED',
      `The content of this home is in ${nameOf(before)}, not in ${nameOf(chosen)}.`,
      {
        remedy:
          'Start it as before; to move, join the mesh with another --home and let this peer leave once its copies are made.'
      }
    )
  }
  const { kubo: _, ...rest } = mesh
  await home.saveMesh({ ...rest, ...(chosen === undefined ? {} : { kubo: chosen }) })
  return chosen
}

export interface BackEnd {
  readonly content: Content
  /** its peer id; '' where that is the peer's own */
  readonly peer: string
  /** Where its IPFS side is reached now, best first; none where that is the peer itself, or while it is away. */
  addresses(): Promise<readonly string[]>
}

export interface BackEndParts {
  readonly home: Home
  readonly kubo: KuboPlace | undefined
  readonly transport: Libp2pTransport
  /** The core comes later. */
  readonly core: () => Core
  readonly room: DiskRoom
  readonly servePublic: boolean
  /** How the embedded store asks peers outside the mesh; a Kubo goes by its own routing. */
  readonly outside: NonNullable<HeliaContentInit['outside']>
  /** what was held is there no longer */
  readonly lost: (cid: string) => void
  /** what the journal says is held, where it can say */
  readonly held: NonNullable<HeliaContentInit['held']>
  /** the table of what is there had to be mended */
  readonly mended: (mended: Mended) => void
}

export function openBackEnd(parts: BackEndParts): BackEnd {
  const { home, kubo, transport, core, room, servePublic, outside, lost, held, mended } = parts
  const reach = (peer: string): readonly string[] => core().reach(peer)
  if (kubo === undefined) {
    const content = createHeliaContent({
      path: home.blocksPath,
      libp2p: transport.libp2p,
      isMember: (peer) => core().isMember(peer) || core().isBackEnd(peer),
      reach,
      servePublic,
      outside,
      budgetBytes: () => core().space.budgetBytes,
      roomBytes: async () => room.spare(),
      held,
      mended,
      lost
    })
    return { content, peer: '', addresses: async () => [] }
  }
  const { peer } = transport
  const mesh = meshIdText(core().meshId)
  const content = createKuboContent({
    path: join(home.path, 'kubo'),
    api: kubo.api,
    ipfsPeer: kubo.peer,
    mesh,
    peer,
    reach,
    budgetBytes: () => core().space.budgetBytes,
    mended,
    lost
  })
  const addresses = async (): Promise<readonly string[]> => usable((await content.identity()).addresses)
  return { content, peer: kubo.peer, addresses }
}

/** Another member that keeps its content in the same Kubo. */
export function sharedWith(core: Core, ipfsPeer: string): string | undefined {
  return core.members().find((member) => !member.self && ipfsPeer !== '' && member.ipfsPeer === ipfsPeer)?.peer
}

export function backEndShared(other: string): MeshError {
  return new MeshError('MESH_BACKEND_SHARED', `The member ${other} keeps its content in the same Kubo.`, {
    remedy: 'Give each peer its own Kubo; with --shared-backend both run, and count as one copy.'
  })
}

/** What others can dial, plain TCP first: embedded peers speak nothing but that and WebSockets. */
function usable(addresses: readonly string[]): string[] {
  const kinds = [
    /\/tcp\/\d+\/p2p\/\w+$/,
    /\/tcp\/\d+(?:\/tls)?(?:\/sni\/[^/]+)?\/wss?\/p2p\/\w+$/,
    /\/udp\/\d+\/quic-v1\/p2p\/\w+$/
  ]
  const sorted = kinds.flatMap((kind) => addresses.filter((address) => kind.test(address)))
  return reachable(sorted.filter((address) => address.length <= addressBytesMax)).slice(0, addressesMax)
}

function nameOf(kubo: KuboPlace | undefined): string {
  return kubo === undefined ? 'its embedded store' : `the Kubo ${kubo.peer}`
}
