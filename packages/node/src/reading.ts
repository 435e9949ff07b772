/**
 * Reading content of the mesh: whom to ask for it, and what lies at a path below it.
 */
import type { Content, GetOptions as ReadOptions } from '@pinmesh/ipfs'
import { MeshError } from './mesh-error.ts'
import type { MeshPins } from './mesh-pins.ts'
import { abortable } from './pause.ts'
import type { PeerParts } from './peer.ts'

/** Who is said to hold it, connected; whoever is connected where nobody is. */
export async function readOptions(
  { shell, core, transport }: PeerParts,
  pins: Pick<MeshPins, 'status'>,
  { cid, signal }: { cid: string; signal: AbortSignal }
): Promise<ReadOptions> {
  const holders = await holdersOf(pins, { cid, signal }, transport.peer)
  await abortable(Promise.all(holders.map(async (peer) => shell.dial(peer, core.addressesOf(peer)))), signal)
  return { sources: holders.length > 0 ? holders : transport.connections(), signal }
}

/** MESH_PATH_MISSING. */
export async function resolved(
  content: Content,
  at: { cid: string; path: string },
  port: ReadOptions
): Promise<string> {
  const { cid, path } = at
  const found = path === '' ? cid : await content.resolve(cid, path, port)
  if (found !== undefined) return found
  throw new MeshError('MESH_PATH_MISSING', `There is no ${JSON.stringify(path.slice(0, 200))} below ${cid}.`, {
    exit: 1,
    remedy: 'Check the path; without one, the whole is meant.'
  })
}

/** Who is said to hold it, this peer left out; nobody where it is not pinned. */
async function holdersOf(
  pins: Pick<MeshPins, 'status'>,
  { cid, signal }: { cid: string; signal: AbortSignal },
  self: string
): Promise<string[]> {
  try {
    const { peers } = await pins.status(cid, { signal })
    return peers.filter((one) => one.state === 'held' && one.peer !== self).map((one) => one.peer)
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_NOT_PINNED') return []
    throw error
  }
}
