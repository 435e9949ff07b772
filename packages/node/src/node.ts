/**
 * A running peer: ports and core wired together behind the programming API. What is asked here becomes a command of the core
 * or a read of the store; content moves through the ipfs room. Stopping leaves nothing half-written and does not leave the mesh.
 */
import {
  canonicalCid,
  type Core,
  type Failure,
  meshIdText,
  type PinReport,
  type PinWish,
  type Reply,
  readPinRow,
  toHex
} from '@pinmesh/core'
import type { Content } from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import type { Transport } from '@pinmesh/transport'
import { meshErrorOf, meshErrorOfFailure } from './errors.ts'
import { MeshError } from './mesh-error.ts'
import type {
  AddEntry,
  AddOptions,
  ContentEntry,
  ListedPin,
  MeshNode,
  NodeInfo,
  Note,
  PeerInfo,
  PeerStatus,
  PinAnswer,
  PinRequest,
  PinStatus
} from './mesh-node.ts'
import type { Notes } from './notes.ts'
import { reachable, type Shell } from './shell.ts'
import { version } from './settings.ts'

/** How often a waiting caller looks whether a pin's status has changed. */
const lookEveryMs = 100

export interface PeerParts {
  readonly core: Core
  readonly shell: Shell
  readonly store: Store
  readonly transport: Transport
  readonly content: Content
  readonly notes: Notes
  /** ends everything, in order */
  readonly stop: () => Promise<void>
}

export class Peer implements MeshNode {
  readonly #parts: PeerParts
  #stopped: Promise<void> | undefined

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  readonly info = (): NodeInfo => {
    const { core, transport } = this.#parts
    const self = core.members().find((member) => member.self)
    const addresses = transport.addresses()
    const { facts, pinset } = core.roots
    return {
      peer: transport.peer,
      mesh: meshIdText(core.meshId),
      name: core.charter.name,
      addresses,
      joinLines: reachable(addresses).map((address) => `mesh join ${address}`),
      role: core.isWriter
        ? 'writer'
        : core.trusts(transport.peer)
          ? 'trusted'
          : self === undefined
            ? 'waiting'
            : 'volunteer',
      admission: core.policy?.admission ?? 'invite',
      spaceBytes: core.space.budgetBytes,
      usedBytes: core.space.usedBytes,
      version,
      roots: { facts: toHex(facts), pinset: toHex(pinset) },
      store: self?.store ?? 'ok',
      ...core.counts()
    }
  }

  async pin(requests: PinRequest[], signal?: AbortSignal): Promise<(PinAnswer | { cid: string; error: MeshError })[]> {
    signal?.throwIfAborted()
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: requests.map((request) => wishOf(request)) })
    return answers(reply, 'pin')
  }

  async unpin(
    cids: string[],
    options: { yes?: boolean; signal?: AbortSignal } = {}
  ): Promise<({ cid: string } | { cid: string; error: MeshError })[]> {
    options.signal?.throwIfAborted()
    const reply = await this.#parts.shell.command({ do: 'unpin', cids: cids.map(bareCid), yes: options.yes === true })
    return answers(reply, 'unpin')
  }

  async *list(): AsyncIterable<ListedPin[]> {
    for await (const rows of this.#parts.store.range('pin')) {
      const listed: ListedPin[] = []
      for (const row of rows) {
        const register = readPinRow(row)?.register
        if (register === undefined) continue
        listed.push({
          cid: register.cid.toString(),
          want: register.max,
          min: register.min,
          ...(register.name === undefined ? {} : { name: register.name }),
          ...(register.expiry === undefined ? {} : { expiry: register.expiry * 1000 }),
          ...(register.meta === undefined ? {} : { meta: Object.fromEntries(register.meta) })
        })
      }
      yield listed
    }
  }

  async status(cid: string): Promise<PinStatus> {
    const reply = await this.#parts.shell.command({ do: 'status', cid: bareCid(cid) })
    if (reply.of !== 'status') throw failureOf(reply)
    return statusOf(reply.report)
  }

  async *statusAll(): AsyncIterable<PinStatus> {
    for await (const pins of this.list()) {
      for (const pin of pins) {
        try {
          yield await this.status(pin.cid)
        } catch (error) {
          // Unpinned since the index was read.
          if (!(error instanceof MeshError) || error.code !== 'MESH_NOT_PINNED') throw error
        }
      }
    }
  }

  async *waitFor(cid: string, holders: number, signal: AbortSignal): AsyncIterable<PinStatus> {
    let last = ''
    while (true) {
      signal.throwIfAborted()
      const status = await this.status(cid)
      const text = JSON.stringify(status)
      if (text !== last) yield status
      last = text
      if (status.have >= holders) return
      await pause(lookEveryMs, signal)
    }
  }

  peers(): PeerInfo[] {
    return this.#parts.core.members().map((member) => ({
      peer: member.peer,
      self: member.self,
      state: member.state,
      since: member.since,
      class: member.trusted ? 'trusted' : 'volunteer',
      backend: member.ipfsPeer === '' ? 'helia' : 'kubo',
      writer: member.writer,
      ...(member.free === undefined ? {} : { spaceFree: member.free }),
      store: member.store,
      version: member.version,
      addresses: [...member.addresses]
    }))
  }

  notes(signal: AbortSignal): AsyncIterable<Note> {
    return this.#parts.notes.listen(signal)
  }

  async addFile(
    entries: AsyncIterable<AddEntry>,
    options: AddOptions
  ): Promise<{ cid: string; bytes: number } & Partial<PinAnswer>> {
    const { content, core, shell } = this.#parts
    if (options.pin !== undefined && !core.isWriter) await this.#refuseEarly()
    const { budgetBytes, usedBytes } = core.space
    try {
      const added = await content.add(await sourceOf(entries, options.wrap), {
        bytesMax: Math.max(0, budgetBytes - usedBytes),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress })
      })
      if (options.pin === undefined) return added
      const wish = { ...wishOf({ ...options.pin, cid: added.cid }), bytes: added.bytes, heldHere: true }
      const [answer] = answers<PinAnswer>(await shell.command({ do: 'pin', wishes: [wish] }), 'pin')
      if (answer === undefined || 'error' in answer) {
        await content.release(added.cid)
        throw answer?.error ?? new MeshError('MESH_INTERNAL', 'The pin was not answered.')
      }
      return { ...added, ...answer }
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason
      throw meshErrorOf(error)
    } finally {
      const { usedBytes: now } = await content.space()
      shell.step({ kind: 'released', cid: '', usedBytes: now })
    }
  }

  async *get(cid: string, signal: AbortSignal): AsyncIterable<ContentEntry> {
    const { content, transport, shell, core } = this.#parts
    const bare = bareCid(cid)
    const sources = await this.#sources(bare)
    await Promise.all(sources.map(async (peer) => shell.dial(peer, core.addressesOf(peer))))
    try {
      yield* content.get(bare, { sources: sources.length > 0 ? sources : transport.connections(), signal })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw meshErrorOf(error)
    }
  }

  async addWriter(peer: string): Promise<{ writer: number }> {
    const reply = await this.#parts.shell.command({ do: 'change-trust', change: { kind: 'add-writer', peer } })
    if (reply.of !== 'change-trust') throw failureOf(reply)
    return { writer: reply.writer ?? 0 }
  }

  async vouch(peer: string): Promise<void> {
    const reply = await this.#parts.shell.command({ do: 'change-trust', change: { kind: 'vouch', peer } })
    if (reply.of !== 'change-trust') throw failureOf(reply)
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#parts.stop()
    return this.#stopped
  }

  /** Throws what a pin would be refused with, before anything is added. */
  async #refuseEarly(): Promise<void> {
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: [{ cid: 'bafkqaaa', anyway: true }] })
    const [answer] = answers<PinAnswer>(reply, 'pin')
    if (answer !== undefined && 'error' in answer) throw answer.error
  }

  /** Who is said to hold it, this peer left out; nobody where it is not pinned. */
  async #sources(cid: string): Promise<string[]> {
    try {
      const { peers } = await this.status(cid)
      return peers
        .filter((one) => one.state === 'held' && one.peer !== this.#parts.transport.peer)
        .map((one) => one.peer)
    } catch (error) {
      if (error instanceof MeshError && error.code === 'MESH_NOT_PINNED') return []
      throw error
    }
  }
}

function wishOf(request: PinRequest): PinWish {
  const max = request.replicas === 'all' ? 0 : request.replicas
  const meta =
    request.meta === undefined ? undefined : Object.entries(request.meta).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    cid: bareCid(request.cid),
    ...(max === undefined ? {} : { max }),
    ...(request.min === undefined ? {} : { min: request.min }),
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(meta === undefined ? {} : { meta }),
    ...(request.expireInMs === undefined ? {} : { expiry: Math.ceil((Date.now() + request.expireInMs) / 1000) }),
    ...(request.mode === undefined ? {} : { mode: request.mode }),
    ...(request.anyway === undefined ? {} : { anyway: request.anyway })
  }
}

/** `/ipfs/<cid>` and `<cid>` alike, as CIDv1 text; anything else goes on as it is and is refused by the core. */
function bareCid(text: string): string {
  const bare = text.replace(/^\/ipfs\//, '').replace(/\/$/, '')
  try {
    return canonicalCid(bare).toString()
  } catch {
    return text
  }
}

function statusOf(report: PinReport): PinStatus {
  return {
    cid: report.cid,
    ...(report.name === undefined ? {} : { name: report.name }),
    want: report.want,
    min: report.min,
    have: report.have,
    peers: report.peers.map((peer) => ({
      peer: peer.peer,
      state: stateOf(peer.state),
      since: peer.since,
      target: peer.target,
      ...(peer.reason === undefined ? {} : { reason: peer.reason })
    })),
    ...(report.expiry === undefined ? {} : { expiry: report.expiry * 1000 }),
    ...(report.limbo ? { limbo: true } : {})
  }
}

function stateOf(state: PinReport['peers'][number]['state']): PeerStatus['state'] {
  switch (state) {
    case 'promised':
      return 'held'
    case 'unreachable':
    case 'no-space':
    case 'back-end':
    case 'refused':
      return 'failed'
    default:
      return state
  }
}

function answers<T>(reply: Reply, of: 'pin' | 'unpin'): (T | { cid: string; error: MeshError })[] {
  if (reply.of !== of) throw failureOf(reply)
  const list = reply.answers as readonly (T | { cid: string; failure: Failure })[]
  return list.map((answer) =>
    typeof answer === 'object' && answer !== null && 'failure' in answer
      ? { cid: answer.cid, error: meshErrorOfFailure(answer.failure) }
      : answer
  )
}

function failureOf(reply: Reply): MeshError {
  return reply.of === 'failure'
    ? meshErrorOfFailure(reply.failure)
    : new MeshError('MESH_INTERNAL', 'An unexpected reply.')
}

/** One file alone is added as it is; anything else as a folder. */
async function sourceOf(entries: AsyncIterable<AddEntry>, wrap: boolean): Promise<Parameters<Content['add']>[0]> {
  const from = entries[Symbol.asyncIterator]()
  const first = await from.next()
  if (first.done === true) return { folder: [] }
  const single = !wrap && !first.value.path.includes('/') && first.value.content !== undefined
  if (single) return first.value.content as AsyncIterable<Uint8Array>
  const rest = async function* (): AsyncIterable<AddEntry> {
    yield first.value
    for (let next = await from.next(); next.done !== true; next = await from.next()) yield next.value
  }
  return { folder: rest() }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true }
    )
  })
}
