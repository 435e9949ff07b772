/**
 * Setting up a home: founding a mesh, or learning of one from any of its peers. A newcomer knows nothing but an address; it
 * asks for the charter, whose hash is the mesh id, and for the key log, which the charter's root key signs.
 */
import { randomBytes, randomInt } from 'node:crypto'
import {
  admissionRow,
  decodeCharter,
  decodeFrame,
  decodeRecord,
  encodeFrame,
  type Frame,
  found,
  type Invite,
  learn,
  meshIdOf,
  meshIdText,
  type Policy,
  type Profile,
  type Random,
  toHex
} from '@pinmesh/core'
import { createLevelStore } from '@pinmesh/store'
import { createLibp2pTransport, type Transport, TransportError } from '@pinmesh/transport'
import { backEndShared, findKubo } from './back-end.ts'
import { Home } from './home.ts'
import { readInvite, useInvite } from './invite.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshFile } from './mesh-file.ts'
import { meshErrorOf } from './errors.ts'
import { hash, nodeCrypto } from './node-crypto.ts'
import { within } from './pause.ts'

const askTimeoutMs = 15_000
/** Addresses that a home remembers. */
const bootstrapMax = 8
/** Work that an unknown peer does to become a member of an open mesh: about half a second. */
export const openWorkBits = 18
const replicasDefault = 3

export const systemRandom: Random = {
  below: (n) => (n <= 1 ? 0 : randomInt(n)),
  bytes: (n) => new Uint8Array(randomBytes(n))
}

export interface InitSettings {
  readonly home: string
  readonly name?: string
  /** anybody may hold content; writing stays with writers */
  readonly open: boolean
  readonly profile?: Profile
  readonly spaceBytes?: number
  /** multiaddr of the RPC API of a Kubo that is to hold the content. Default: the embedded store of the home */
  readonly kubo?: string
  readonly signal?: AbortSignal
}

/** Founds a mesh in an unused home. Rejects with a MeshError, or with the reason of an aborted signal: then no mesh was founded. */
export async function initHome(
  settings: InitSettings
): Promise<{ mesh: string; peer: string; rootKeyFile: string; spaceBytes: number }> {
  const home = new Home(settings.home)
  const { signal } = settings
  signal?.throwIfAborted()
  const before = await home.mesh()
  if (before !== undefined) throw homeUsed(home.path)
  const kubo =
    settings.kubo === undefined || settings.kubo === 'off' ? undefined : await findKubo(settings.kubo, signal)
  const crypto = nodeCrypto(await home.identity(), await home.newRootSeed())
  const signAsRoot = crypto.signAsRoot as (bytes: Uint8Array) => Uint8Array
  const policy: Policy = {
    admission: settings.open ? 'open' : 'invite',
    replicas: replicasDefault,
    trustedMin: 1,
    profile: settings.profile ?? 'wan',
    workBits: settings.open ? openWorkBits : 0,
    protocolMin: 1
  }
  const founding = {
    name: settings.name ?? 'mesh',
    rootKey: crypto.rootKey as Uint8Array,
    founder: crypto.peer,
    policy,
    wall: Date.now()
  }
  const { charter, meshId, rows } = found(founding, { ...crypto, signAsRoot }, systemRandom)
  const spaceBytes = settings.spaceBytes ?? (await home.defaultSpace())
  signal?.throwIfAborted()
  await keepRows(home, rows)
  const backEnd = kubo === undefined ? {} : { kubo }
  await home.saveMesh({
    version: 1,
    charter: toHex(charter),
    peer: crypto.peer,
    spaceBytes,
    bootstrap: [],
    ...backEnd
  })
  return { mesh: meshIdText(meshId), peer: crypto.peer, rootKeyFile: home.rootKeyPath, spaceBytes }
}

export interface JoinSettings {
  readonly home: string
  /** multiaddr of any peer of the mesh; may be left out where an invitation says whom to call */
  readonly bootstrap?: string
  /** invitation text */
  readonly invite?: string
  /** mesh id text: refuse any other mesh */
  readonly mesh?: string
  readonly spaceBytes?: number
  /** As at the start. A Kubo that another member uses is refused unless `sharedBackend`. */
  readonly kubo?: string
  readonly sharedBackend?: boolean
  readonly signal?: AbortSignal
}

/**
 * Learns of the mesh behind an address and sets the home up for it. Joining the same mesh again only adds the address. Rejects
 * with a MeshError, or with the reason of an aborted signal. MESH_UNREACHABLE, MESH_NOT_A_MESH, MESH_WRONG_MESH, MESH_HOME_USED.
 */
export async function joinHome(
  settings: JoinSettings
): Promise<{ mesh: string; peer: string; name: string; spaceBytes: number }> {
  const { signal } = settings
  signal?.throwIfAborted()
  const home = new Home(settings.home)
  const before = await home.mesh()
  const seed = await (before === undefined ? home.identity() : home.identityIn(before))
  const invite = settings.invite === undefined ? undefined : readInvite(settings.invite)
  const addresses = settings.bootstrap === undefined ? (invite?.addresses ?? []) : [settings.bootstrap]
  const kuboPeer = await kuboPeerOf(settings, before)
  const meant = (charter: Uint8Array): void => {
    const mesh = meshIdText(meshIdOf(charter, { hash }))
    if (settings.mesh !== undefined && settings.mesh !== mesh) throw wrongMesh(mesh, settings.mesh)
    if (before !== undefined && before.charter !== toHex(charter)) throw homeUsed(home.path)
  }
  const { charter, ops, records, admission, address } = await firstOf(addresses, async (one) => {
    signal?.throwIfAborted()
    return askMesh({ seed, address: one, invite, meant, signal })
  })
  const mesh = meshIdText(meshIdOf(charter, { hash }))
  const crypto = nodeCrypto(seed)
  if (settings.sharedBackend !== true) refuseShared(kuboPeer, crypto.peer, records)
  const spaceBytes = settings.spaceBytes ?? before?.spaceBytes ?? (await home.defaultSpace())
  const rows = before === undefined ? learn(charter, ops, crypto).rows : []
  if (admission !== undefined) rows.push(admissionRow(admission, crypto))
  signal?.throwIfAborted()
  if (rows.length > 0) await keepRows(home, rows)
  const bootstrap = [...new Set([address, ...addresses, ...(before?.bootstrap ?? [])])].slice(0, bootstrapMax)
  const kubo = before?.kubo === undefined ? {} : { kubo: before.kubo }
  await home.saveMesh({ version: 1, charter: toHex(charter), peer: crypto.peer, spaceBytes, bootstrap, ...kubo })
  return { mesh, peer: crypto.peer, name: decodeCharter(charter).name, spaceBytes }
}

/** The answer of the first address that gives one; else that none did, and why the last did not. */
async function firstOf<T>(
  addresses: readonly string[],
  ask: (address: string) => Promise<T>
): Promise<T & { address: string }> {
  let failed = new MeshError('MESH_UNREACHABLE', 'The invitation names nobody to call.', {
    remedy: 'Give the address of a peer of the mesh, with --invite behind it.'
  })
  for (const address of addresses) {
    try {
      return { ...(await ask(address)), address }
    } catch (error) {
      if (!(error instanceof MeshError) || !elsewhere.has(error.code)) throw error
      failed = error
    }
  }
  throw addresses.length > 1 ? noneOf(addresses.length, failed) : failed
}

function noneOf(count: number, last: MeshError): MeshError {
  const { code, message, exit, remedy } = last
  const text = `None of the ${count} addresses in the invitation leads into the mesh; the last: ${message}`
  return new MeshError(code, text, { exit, cause: last, ...(remedy === undefined ? {} : { remedy }) })
}

/** What another peer of the same mesh may answer otherwise. */
const elsewhere = new Set([
  'MESH_UNREACHABLE',
  'MESH_NOT_A_MESH',
  'MESH_NO_SPONSOR',
  'MESH_TIMED_OUT',
  'MESH_DISCONNECTED'
])

interface Asked {
  readonly seed: Uint8Array
  readonly address: string
  readonly invite: Invite | undefined
  /** Throws where the mesh of this charter is not the one to join: before the invitation is used, which might be the only time. */
  readonly meant?: (charter: Uint8Array) => void
  readonly signal: AbortSignal | undefined
}

interface Learned {
  readonly charter: Uint8Array
  readonly ops: readonly Uint8Array[]
  /** of the members that the asked peer knows, not verified */
  readonly records: readonly Uint8Array[]
  readonly admission?: Uint8Array
}

/** Asks the peer at an address for the charter and the key log of its mesh, and shows it the invitation. */
export async function askMesh({ seed, address, invite, meant, signal }: Asked): Promise<Learned> {
  const limit = within(askTimeoutMs, signal)
  let transport: Transport | undefined
  try {
    transport = await createLibp2pTransport({ privateKeySeed: seed, listen: [], gossip: false, isMember: () => true })
    await transport.start({
      gossiped: () => 'ignore',
      asked: async () => Promise.reject(new Error('not serving yet')),
      connected: () => {},
      disconnected: () => {}
    })
    const { ask } = askerOf(transport, await transport.dial(address, limit), limit)
    const answer = await ask({ kind: 'charter', bytes: new Uint8Array() })
    if (answer.kind !== 'charter')
      throw new MeshError('MESH_NOT_A_MESH', 'The peer at that address is in no mesh that can be joined.', { exit: 1 })
    meant?.(answer.bytes)
    const admission = invite === undefined ? undefined : await useInvite(invite, answer.bytes, seed, ask)
    const facts = await ask({ kind: 'facts-wanted', keySeq: 0, records: [], admissions: [] })
    const { ops, records } = facts.kind === 'facts' ? facts : { ops: [], records: [] }
    return {
      charter: answer.bytes,
      ops,
      records,
      ...(admission === undefined ? {} : { admission })
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof TransportError && error.code === 'MESH_DISCONNECTED') {
      throw new MeshError('MESH_NOT_A_MESH', 'What listens at that address does not speak as a peer of a mesh.', {
        exit: 1,
        remedy: 'Check the address: it is printed by `mesh start` on the other peer.',
        cause: error
      })
    }
    throw meshErrorOf(error)
  } finally {
    await transport?.stop()
  }
}

type Ask = (frame: Frame) => Promise<Frame>

function askerOf(transport: Transport, peer: string, limit: AbortSignal): { ask: Ask } {
  return { ask: async (frame) => decodeFrame(await transport.ask(peer, encodeFrame(frame), limit)) }
}

/** The peer id of the Kubo that is to hold the content, undefined for none. One that the home knows already may be away. */
async function kuboPeerOf({ kubo, signal }: JoinSettings, before: MeshFile | undefined): Promise<string | undefined> {
  if (kubo === undefined || kubo === before?.kubo?.api) return before?.kubo?.peer
  return kubo === 'off' ? undefined : (await findKubo(kubo, signal)).peer
}

/** What the asked peer says of the others is not verified here: it can only make us look twice. */
function refuseShared(kuboPeer: string | undefined, self: string, records: readonly Uint8Array[]): void {
  if (kuboPeer === undefined) return
  for (const bytes of records) {
    const record = decodeRecord(bytes)
    if (record.peer !== self && record.ipfsPeer === kuboPeer) throw backEndShared(record.peer)
  }
}

async function keepRows(
  home: Home,
  rows: Parameters<Awaited<ReturnType<typeof createLevelStore>>['write']>[0]
): Promise<void> {
  const store = await createLevelStore({ path: home.storePath }).catch((error: unknown) => {
    throw meshErrorOf(error)
  })
  try {
    await store.write(rows, { sync: true })
  } finally {
    await store.close()
  }
}

function wrongMesh(found: string, wanted: string): MeshError {
  return new MeshError('MESH_WRONG_MESH', `The peer at that address is in the mesh ${found}, not in ${wanted}.`, {
    remedy: 'Check the address, or leave --mesh out if that mesh is meant.'
  })
}

function homeUsed(path: string): MeshError {
  return new MeshError('MESH_HOME_USED', `The home ${path} belongs to a mesh already.`, {
    remedy: 'Start it with `mesh start`, or choose another folder with --home.'
  })
}
