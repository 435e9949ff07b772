// The calls of Kubo that we use, typed and with its traps stepped around:
// - `pin/ls` of one CID is a look at an index only with its type named; `indirect` and `all` walk every pin's DAG.
// - `pin/add` of what is pinned already takes the pin away first and puts it back when it has seen the whole DAG: a
//   failure in between loses the pin. So it is never called on a pin that stands.
// - `pin/add` waits for ever for a block that nobody has. With `progress` it says every half second how far it is.
// - `pin/add` and `pin/rm` wait while Kubo's garbage collection runs.

import { randomBytes } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { PinMode } from '../content.ts'
import { ContentError } from '../content-error.ts'
import { matches } from '../dag/digest.ts'
import { carBlock, carHeader } from '../car/car-frames.ts'
import { KuboError } from './kubo-error.ts'
import type { CallOptions, Rpc } from './rpc.ts'
import { Watchdog } from './watchdog.ts'

/** Ms: a collection of a large repository takes minutes, and unpinning waits for it. */
const unpinMs = 120_000
/** Ms: the look whether Kubo is well. */
const probeMs = 5000
/** Bytes: what is smaller may find a place on a disk where nothing else does. */
const triedBytes: number = 1 << 20
/** Ms to connect to a peer. */
const connectMs = 10_000

export interface KuboIdentity {
  /** its peer id */
  peer: string
  /** multiaddrs, each ending in /p2p/<peer> */
  addresses: string[]
  version: string
}

export interface PinAddOptions {
  mode: PinMode
  name: string
  bytesMax: number
  signal: AbortSignal
  /** Ms without a new block after which it is `unreachable`. */
  stallMs: number
  onProgress?: ((bytes: number) => void) | undefined
}

export class KuboApi {
  readonly #rpc: Rpc

  constructor(rpc: Rpc) {
    this.#rpc = rpc
  }

  async identity(signal: AbortSignal): Promise<KuboIdentity> {
    const answer = await this.#value('id', {}, { signal, answerMs: probeMs })
    const { ID: peer, Addresses: addresses, AgentVersion: agent } = answer
    if (typeof peer !== 'string' || typeof agent !== 'string') throw notKubo()
    const version = /^kubo\/([\w.-]+)/.exec(agent)?.[1]
    if (version === undefined) throw notKubo()
    return { peer, addresses: Array.isArray(addresses) ? addresses.map(String) : [], version }
  }

  /** Whether it has room: for a block as large as a chunk, kept no longer than it takes. */
  async tryWrite(signal: AbortSignal): Promise<void> {
    const bytes = new Uint8Array(randomBytes(triedBytes))
    const call = { signal, body: async (write: (bytes: Uint8Array) => Promise<void>) => write(bytes) }
    const keys: string[] = []
    await this.#rpc.values('block/put', { 'cid-codec': 'raw' }, call, (value) => void keys.push(field(value, 'Key')))
    for (const key of keys) await this.#value('block/rm', { arg: key, force: true }, { signal })
  }

  /** Undefined: not pinned in that way. */
  async pinOf(cid: CID, mode: PinMode, signal: AbortSignal): Promise<{ name: string } | undefined> {
    const query = { arg: cid.toString(), type: mode, names: true }
    const answer = await this.#rpc.value('pin/ls', query, { signal, expected: /is not pinned/ })
    if (answer === undefined) return undefined
    const pins = Object.values(objectIn(answer).Keys ?? {}) as { Name?: string }[]
    return pins[0] === undefined ? undefined : { name: pins[0].Name ?? '' }
  }

  /**
   * All recursive or direct pins, whoever made them, until `take` gives false; each name costs Kubo a read, and is '' unless
   * asked for.
   */
  async pins(
    mode: PinMode,
    { names = false, signal }: { names?: boolean; signal: AbortSignal },
    take: (pin: { cid: string; name: string }) => boolean | void
  ): Promise<void> {
    await this.#rpc.values('pin/ls', { type: mode, stream: true, names }, { signal }, (value) => {
      const { Name: name } = value as { Name?: string }
      return take({ cid: field(value, 'Cid'), name: name ?? '' })
    })
  }

  /** Fetches and pins. Resolves with the bytes of the DAG's blocks; mode direct: of the one block. */
  async pinAdd(cid: CID, options: PinAddOptions): Promise<{ bytes: number }> {
    const { mode, name, bytesMax, signal, stallMs, onProgress } = options
    const failure = (): ContentError => new ContentError('unreachable', `Nobody gives blocks of ${cid}`)
    const watchdog = new Watchdog({ ms: stallMs, outer: signal, failure })
    const query = { arg: cid.toString(), recursive: mode === 'recursive', name, progress: true }
    let bytes = 0
    let pinned = false
    try {
      await this.#rpc.values('pin/add', query, { signal: watchdog.signal }, (value) => {
        const step = value as { Bytes?: number; Pins?: string[] }
        if (step.Bytes !== undefined && step.Bytes > bytes) {
          bytes = step.Bytes
          watchdog.moved()
          onProgress?.(bytes)
        }
        if (step.Pins !== undefined) pinned = true
        else if (bytes > bytesMax)
          throw new ContentError('limit', `${cid} is larger than the ${bytesMax} bytes allowed`)
      })
    } catch (error) {
      throw watchdog.reasonFor(error)
    } finally {
      watchdog.end()
    }
    if (!pinned) throw new KuboError(200, 'the answer to pin/add ended early')
    return { bytes: mode === 'recursive' ? bytes : await this.#blockSize(cid, signal) }
  }

  /**
   * Makes a recursive pin of one block, fetched if need be, with the name that the pin `pattern` has. `stands`: the block has a
   * recursive pin, which is not touched; `no-pattern`: the pattern has none. In both cases nothing has changed.
   */
  async pinLike(
    pattern: CID,
    cid: CID,
    { signal, stallMs }: { signal: AbortSignal; stallMs: number }
  ): Promise<'pinned' | 'stands' | 'no-pattern'> {
    const query = { arg: [pattern.toString(), cid.toString()], unpin: false }
    try {
      await this.#value('pin/update', query, fetching(cid, signal, stallMs))
      return 'pinned'
    } catch (error) {
      if (!(error instanceof KuboError)) throw error
      if (/'to' cid was already recursively pinned/.test(error.message)) return 'stands'
      if (/'from' cid was not recursively pinned/.test(error.message)) return 'no-pattern'
      throw error
    }
  }

  async pinRemove(cid: CID, mode: PinMode, signal: AbortSignal): Promise<void> {
    try {
      const query = { arg: cid.toString(), recursive: mode === 'recursive' }
      await this.#value('pin/rm', query, { signal, answerMs: unpinMs })
    } catch (error) {
      if (!(error instanceof KuboError && /not pinned/.test(error.message))) throw error
    }
  }

  /** The block, right by its hash; from Kubo's store, else from whoever it can ask. */
  async block(cid: CID, signal: AbortSignal, stallMs: number): Promise<Uint8Array> {
    const bytes = await this.#rpc.bytes('block/get', { arg: cid.toString() }, fetching(cid, signal, stallMs))
    if (!matches(cid.multihash.bytes, bytes)) throw new ContentError('back-end', `Kubo gave wrong bytes for ${cid}`)
    return bytes
  }

  /** Bytes of blocks that are there, by their CIDs, asked for in one call. */
  async blockSizes(cids: readonly CID[], signal: AbortSignal): Promise<Map<string, number>> {
    const answer = await this.#value('dag/stat', { arg: cids.map(String), progress: false, offline: true }, { signal })
    const stats = (answer.DagStats ?? []) as { Cid: unknown; Size: number }[]
    return new Map(stats.map((one) => [linkIn(one.Cid), one.Size]))
  }

  /** Bytes of the distinct blocks of a DAG that is there. */
  async dagBytes(cid: CID, signal: AbortSignal): Promise<number> {
    let bytes = 0
    const query = { arg: cid.toString(), progress: true, offline: true }
    await this.#rpc.values('dag/stat', query, { signal }, (value) => {
      const [stats] = (value as { DagStats?: { Size?: number }[] }).DagStats ?? []
      bytes = Math.max(bytes, stats?.Size ?? 0)
    })
    return bytes
  }

  /** Stores the blocks that `produce` puts, in one request. None of them is pinned. */
  async importBlocks(
    produce: (put: (cid: CID, bytes: Uint8Array) => Promise<void>) => Promise<void>,
    signal: AbortSignal
  ): Promise<void> {
    const body = async (write: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
      await write(carHeader([]))
      await produce(async (cid, bytes) => write(carBlock(cid, bytes)))
    }
    await this.#rpc.values('dag/import', { 'pin-roots': false, stats: true }, { signal, body }, () => {})
  }

  /** Connects to one peer by any of its addresses, each ending in /p2p/<its id>. */
  async connect(addresses: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#value('swarm/connect', { arg: addresses }, { signal, answerMs: connectMs })
  }

  async #blockSize(cid: CID, signal: AbortSignal): Promise<number> {
    const { Size: size } = await this.#value('block/stat', { arg: cid.toString(), offline: true }, { signal })
    return Number(size)
  }

  async #value(
    path: string,
    query: Parameters<Rpc['value']>[1],
    options: CallOptions
  ): Promise<Record<string, unknown>> {
    return objectIn(await this.#rpc.value(path, query, options))
  }
}

function objectIn(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw notKubo()
  return value as Record<string, unknown>
}

function field(value: unknown, name: string): string {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  if (typeof found !== 'string') throw notKubo()
  return found
}

/** For a call that says nothing until Kubo has the block, from wherever. */
function fetching(cid: CID, signal: AbortSignal, stallMs: number): CallOptions {
  return {
    signal,
    answerMs: stallMs,
    silence: () => new ContentError('unreachable', `Nobody gives the block ${cid}`)
  }
}

/** Kubo writes a CID as a text or as DAG-JSON's link. */
function linkIn(value: unknown): string {
  return typeof value === 'string' ? value : field(value, '/')
}

function notKubo(): ContentError {
  return new ContentError('back-end', 'What listens there does not answer as Kubo does')
}
