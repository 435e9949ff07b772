/**
 * Starting a peer: opens its home, wires the ports to the core and begins to serve. What fails before it serves is undone
 * in the reverse order, so a failed start leaves nothing open.
 */
import { Core, fromHex, readingOf, type Timings, timings } from '@pinmesh/core'
import type { Content } from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import { createLibp2pTransport, createOutsideNode, type Transport } from '@pinmesh/transport'
import { DiskRoom } from './disk-room.ts'
import { backEndShared, chooseKubo, openBackEnd, sharedWith } from './back-end.ts'
import { meshErrorOf } from './errors.ts'
import { Health } from './health.ts'
import { checkHolds, heldIn, noteOfMended } from './holds.ts'
import { Home } from './home.ts'
import { systemRandom } from './join.ts'
import { knownPeers, noteKnownPeers } from './known-peers.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshFile } from './mesh-file.ts'
import type { MeshNode } from './mesh-node.ts'
import { type MovableRoot, type NodeCrypto, nodeCrypto } from './node-crypto.ts'
import { RootHolder } from './root-holder.ts'
import { Notes } from './notes.ts'
import { openStore } from './open-store.ts'
import { Peer } from './peer.ts'
import { noteOfRouter, routersOf } from './routing.ts'
import { listenDefault, type NodeInit, type NodeSettings, version } from './settings.ts'
import { Refusals } from './refusals.ts'
import { collect, Shell } from './shell.ts'

const bootstrapEveryMs = 3000
const recordWithinMs = 15_000
/** A Kubo takes more at once than the embedded store does: most of a small pin's time goes by in waiting for it. */
const kuboFetchesMax = 48

/**
 * Resolves when the peer of a home serves. Rejects with a MeshError, or with the reason of an aborted signal; nothing that was
 * opened stays open then. MESH_HOME_MISSING, MESH_HOME_BUSY, MESH_PORT_TAKEN.
 */
export async function createNode(init: NodeInit): Promise<MeshNode> {
  const undo: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return await begin(init, undo, stop)
  } catch (error) {
    await stop()
    throw init.signal?.aborted === true ? init.signal.reason : meshErrorOf(error)
  }
}

async function begin(settings: NodeInit, undo: (() => Promise<void>)[], stop: () => Promise<void>): Promise<MeshNode> {
  const { signal } = settings
  signal?.throwIfAborted()
  const routers = routersOf(settings)
  const home = new Home(settings.home)
  const mesh = await meshOf(home)
  const charter = fromHex(mesh.charter)
  const seed = await home.identityIn(mesh)
  const crypto: NodeCrypto & MovableRoot = nodeCrypto(seed, await home.rootSeed())
  const spaceBytes = settings.spaceBytes ?? mesh.spaceBytes
  const room = new DiskRoom(home.path)
  const notes = new Notes()
  const note = notes.say.bind(notes)
  const { store, whole } = await openStore({ home, mesh, crypto, settings, signal, note: (kept) => notes.keep(kept) })
  undo.push(async () => store.close())
  signal?.throwIfAborted()
  const kubo = await chooseKubo(settings.kubo, { home, mesh, store, signal })
  if (spaceBytes !== mesh.spaceBytes) await home.saveMesh({ ...((await home.mesh()) ?? mesh), spaceBytes })
  const { policy, rootKey } = readingOf(charter, await collect(store, 'fact'), crypto)
  const root = new RootHolder(home, crypto)
  await root.settle(rootKey)
  signal?.throwIfAborted()
  const transport = await createLibp2pTransport({
    privateKeySeed: seed,
    listen: [...(settings.listen ?? listenDefault)],
    gossip: settings.gossip ?? true,
    isMember: (peer) => core.isMember(peer) || core.isBackEnd(peer),
    mdns: settings.mdns ?? false,
    ...(settings.announce === undefined ? {} : { announce: [...settings.announce] })
  })
  const chosen = timings(settings.profile ?? policy?.profile ?? 'wan', settings.timings)
  const core = buildCore({ settings, charter, crypto, spaceBytes, ipfsPeer: kubo?.peer ?? '', timings: chosen })
  const backEnd = openBackEnd({
    home,
    kubo,
    transport,
    room,
    core: () => core,
    servePublic: settings.servePublic ?? false,
    outside: { node: createOutsideNode, routers, routerChanged: (change) => notes.say(noteOfRouter(change)) },
    lost: (cid) => void shell.step({ kind: 'content-lost', cid }),
    held: async (options) => (whole ? heldIn(store, options) : undefined),
    mended: (mended) => notes.keep(noteOfMended(mended))
  })
  const { content } = backEnd
  const shell = new Shell({ core, store, transport, content, note, refused: () => health.doubt(), broken: crash })
  const health: Health = new Health({ core, store, backEnd, room, shell, notes })
  const refusals = new Refusals(note)
  const parts = { core, shell, store, transport, content, health, refusals, notes }
  await serve(parts, undo, signal)
  const other = sharedWith(core, backEnd.peer)
  if (other !== undefined && settings.sharedBackend !== true) throw backEndShared(other)
  const connected = (): boolean => transport.connections().some((peer) => !core.isBackEnd(peer))
  undo.push(noteKnownPeers(home.path, core))
  const addresses = [...mesh.bootstrap, ...(await knownPeers(home.path))]
  undo.push(bootstrap(addresses, connected, async (address, signal) => transport.dial(address, signal)))
  signal?.throwIfAborted()
  const markLeft = async (): Promise<void> => home.saveMesh({ ...((await home.mesh()) ?? mesh), left: true })
  return new Peer({ ...parts, root, homePath: home.path, timings: chosen, markLeft, stop })
}

interface Serving {
  readonly core: Core
  readonly shell: Shell
  readonly store: Store
  readonly transport: Transport
  readonly content: Content
  readonly health: Health
  readonly refusals: Refusals
  readonly notes: Notes
}

/** Starts the parts in their order, each with what undoes it. */
async function serve(parts: Serving, undo: (() => Promise<void>)[], signal: AbortSignal | undefined): Promise<void> {
  const { core, shell, transport, content, health, refusals } = parts
  await content.start()
  undo.push(async () => content.stop())
  signal?.throwIfAborted()
  undo.push(async () => transport.stop())
  await transport.start({
    gossiped: (topic, bytes, from) => shell.gossiped(topic, bytes, from),
    asked: async (peer, frame) => shell.asked(peer, frame),
    connected: (peer) => void shell.step({ kind: 'connected', peer }),
    disconnected: (peer) => void shell.step({ kind: 'disconnected', peer }),
    refused: (peer, what) => refusals.add(peer, what)
  })
  signal?.throwIfAborted()
  transport.join(core.meshId)
  undo.push(async () => shell.stop())
  await shell.start()
  await settled(core, signal)
  undo.push(checkHolds(parts))
  health.begin(core.space.usedBytes)
  undo.push(async () => health.stop())
}

/** The mesh that this home takes part in. */
async function meshOf(home: Home): Promise<MeshFile> {
  const mesh = await home.mesh()
  if (mesh === undefined) {
    throw new MeshError('MESH_HOME_MISSING', `There is no mesh in ${home.path} yet.`, {
      exit: 1,
      remedy: 'Found one with `mesh init`, or join one with `mesh join <address>`.'
    })
  }
  if (mesh.left !== true) return mesh
  throw new MeshError('MESH_LEFT', `The peer of ${home.path} has left its mesh.`, {
    exit: 1,
    remedy: 'Join again with `mesh join <address>`, or remove the folder when nothing in it is needed any more.'
  })
}

interface CoreParts {
  readonly settings: NodeSettings
  readonly charter: Uint8Array
  readonly crypto: NodeCrypto
  readonly spaceBytes: number
  readonly ipfsPeer: string
  readonly timings: Timings
}

function buildCore({ settings, charter, crypto, spaceBytes, ipfsPeer, timings }: CoreParts): Core {
  return new Core({
    charter,
    self: crypto.peer,
    crypto,
    random: systemRandom,
    timings,
    startedAt: performance.now(),
    spaceBytes,
    zone: settings.zone ?? '',
    version,
    ipfsPeer,
    ...(ipfsPeer === '' ? {} : { fetchesMax: kuboFetchesMax }),
    gossip: settings.gossip ?? true
  })
}

/** Waits for the own record where this peer may be a member: the work that an open mesh asks for takes about a second. */
async function settled(core: Core, signal: AbortSignal | undefined): Promise<void> {
  const until = performance.now() + recordWithinMs
  const expected = (): boolean => core.policy?.admission === 'open' || core.trusts(core.self)
  while (expected() && !core.members().some(({ self }) => self) && performance.now() < until) {
    signal?.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** As long as nobody is connected, the addresses through which the mesh was found are tried. */
function bootstrap(
  addresses: readonly string[],
  connected: () => boolean,
  dial: (address: string, signal: AbortSignal) => Promise<string>
): () => Promise<void> {
  const stop = new AbortController()
  let trying: Promise<unknown> = Promise.resolve()
  let busy = false
  const attempt = async (): Promise<void> => {
    if (busy || connected()) return
    busy = true
    const limit = AbortSignal.any([stop.signal, AbortSignal.timeout(bootstrapEveryMs * 3)])
    await Promise.allSettled(addresses.map(async (address) => dial(address, limit)))
    busy = false
  }
  const timer = setInterval(() => {
    trying = attempt()
  }, bootstrapEveryMs)
  trying = attempt()
  return async () => {
    clearInterval(timer)
    stop.abort(new Error('the peer stops'))
    await trying
  }
}

/**
 * A broken invariant: nothing that this process holds in memory can be trusted any more, what is on disk is whole. It is
 * thrown where nobody catches it, so that the process ends; the command line says so in a sentence and keeps the details.
 */
function crash(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
