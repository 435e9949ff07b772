// The port over a Kubo that runs beside us: it fetches, stores and gives blocks; ours are the journal of pins, the bounds
// and the verification of what is read. The Kubo may be anybody's: what others pinned there is never touched, and blocks
// that nobody pins any more go by its own garbage collection.
//
// It starts and answers for its pins while Kubo is away; whatever needs Kubo fails with `back-end` then.

import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { LevelRows } from '../blocks/level-rows.ts'
import type { Mended } from '../blocks/open-level.ts'
import { writeCar } from '../car/write-car.ts'
import type {
  AcquireOptions,
  AddOptions,
  AddSource,
  Content,
  ContentEntry,
  GetOptions,
  Imported,
  ListOptions,
  Pin,
  PinMode
} from '../content.ts'
import { ContentError } from '../content-error.ts'
import { inlineBytes, parseCid } from '../dag/digest.ts'
import { isLeaf } from '../dag/links.ts'
import { Turns } from '../pins/turns.ts'
import { pinnedIn, pinsIn, unfinishedIn } from '../pins/listing.ts'
import { Tasks } from '../tasks.ts'
import { exportFrom } from '../unixfs/export.ts'
import type { ReadBlock } from '../unixfs/export.ts'
import { resolvePath } from '../unixfs/resolve.ts'
import { parseApiAddress } from './api-address.ts'
import { KuboAdder } from './kubo-adder.ts'
import { KuboApi } from './kubo-api.ts'
import type { KuboIdentity } from './kubo-api.ts'
import { kuboFailure } from './kubo-error.ts'
import { KuboJournal } from './kubo-journal.ts'
import { KuboPins } from './kubo-pins.ts'
import type { KuboPinOptions } from './kubo-pins.ts'
import { Neighbours } from './neighbours.ts'
import { Rpc } from './rpc.ts'

/** Ms. */
const stallMsDefault = 30_000
const answerMsDefault = 20_000
const lookForLostMs = 3_600_000

export interface KuboContentInit {
  /** Folder of the journal alone; created if absent. */
  path: string
  /** Multiaddr of Kubo's RPC API, such as /ip4/127.0.0.1/tcp/5001. */
  api: string
  /** The Kubo's peer id: should another one answer there, it holds nothing of ours. Default: whoever answers. */
  ipfsPeer?: string
  /** Mesh and peer that the pins are made for: they become part of the pins' names in Kubo. */
  mesh: string
  peer: string
  /** Multiaddrs of what holds a member's blocks, each ending in /p2p/<its IPFS peer>. */
  reach(peer: string): readonly string[]
  /** What all pins together may take; asked before each block of an add. Default: no bound. */
  budgetBytes?(): number
  /** The journal of pins had to be mended. */
  mended?: (mended: Mended) => void
  /** Somebody took a pin of ours away from Kubo. Looked for at the first probe, when Kubo comes back, and every hour. */
  lost?(cid: string): void
  /** Ms without a new block after which content is `unreachable`. Default: 30,000. */
  stallMs?: number
  /** Ms without any answer after which Kubo is `back-end`. Default: 20,000. */
  answerMs?: number
}

export interface KuboContent extends Content {
  /** Who the Kubo is and where it listens by now. */
  identity(signal?: AbortSignal): Promise<KuboIdentity>
}

/** Who answers at the address of a Kubo's RPC API; ContentError if none does. */
export async function identifyKubo(api: string, signal: AbortSignal): Promise<KuboIdentity> {
  const rpc = new Rpc(parseApiAddress(api), answerMsDefault)
  try {
    return await new KuboApi(rpc).identity(signal)
  } catch (error) {
    throw kuboFailure(error)
  } finally {
    rpc.close()
  }
}

export function createKuboContent(init: KuboContentInit): KuboContent {
  return new KuboBackend(init)
}

class KuboBackend implements KuboContent {
  readonly #reach: KuboContentInit['reach']
  readonly #ipfsPeer: string | undefined
  readonly #stallMs: number
  readonly #rpc: Rpc
  readonly #api: KuboApi
  readonly #journal: KuboJournal
  readonly #pins: KuboPins
  readonly #neighbours: Neighbours
  readonly #adder: KuboAdder
  readonly #turns = new Turns()
  readonly #tasks = new Tasks()
  readonly #lost: (cid: string) => void
  /** It had no room for something; until a write works again. */
  #full = false
  /** mono ms */
  #lookForLostAt = 0

  constructor(init: KuboContentInit) {
    const { path, api, mesh, peer, stallMs = stallMsDefault, answerMs = answerMsDefault } = init
    this.#reach = init.reach
    this.#ipfsPeer = init.ipfsPeer
    this.#lost = (cid) => init.lost?.(cid)
    this.#stallMs = stallMs
    this.#rpc = new Rpc(parseApiAddress(api), answerMs)
    this.#api = new KuboApi(this.#rpc)
    this.#journal = new KuboJournal(new LevelRows({ path: join(path, 'pins'), mended: init.mended }))
    this.#pins = new KuboPins({ api: this.#api, journal: this.#journal, mesh, peer, stallMs })
    this.#neighbours = new Neighbours(this.#api)
    this.#adder = new KuboAdder({
      api: this.#api,
      pin: (cid, signal) => this.#pin(cid, { mode: 'recursive', bytesMax: Infinity, signal }),
      roomBytes: () => (init.budgetBytes?.() ?? Infinity) - this.#journal.usedBytes
    })
  }

  async identity(signal: AbortSignal = AbortSignal.timeout(this.#stallMs)): Promise<KuboIdentity> {
    try {
      return await this.#api.identity(signal)
    } catch (error) {
      throw kuboFailure(error)
    }
  }

  async start(): Promise<void> {
    if (this.#tasks.started) throw new ContentError('refused', 'Content is already started')
    try {
      await this.#journal.open()
    } catch (error) {
      throw kuboFailure(error)
    }
    this.#tasks.begin()
  }

  async stop(): Promise<void> {
    if (!this.#tasks.started) return
    await this.#tasks.end()
    this.#rpc.close()
    await this.#journal.close()
  }

  acquire(text: string, options: AcquireOptions): Promise<{ bytes: number }> {
    return this.#run(options.signal, async (signal) => {
      const cid = parseCid(text)
      if (options.mode === 'recursive') isLeaf(cid)
      // Not waited for: bitswap asks whoever becomes a neighbour meanwhile.
      void this.#meet(options.sources, signal)
      const origins = (options.origins ?? []).filter((address) => address.includes('/p2p/'))
      const places = origins.map((address) => [address])
      void this.#neighbours.meet(places, signal)
      return this.#pin(cid, { ...options, signal })
    })
  }

  release(text: string): Promise<void> {
    return this.#run(undefined, async (signal) => {
      const cid = parseCid(text)
      const name = cid.toString()
      this.#turns.interrupt(name, new ContentError('aborted', 'The CID was released'))
      await this.#turns.take(name, signal, () => this.#pins.unpin(cid, signal))
    })
  }

  async pinned(text: string): Promise<{ mode: PinMode; bytes: number } | undefined> {
    this.#tasks.check()
    return pinnedIn(this.#journal, text)
  }

  async *pins(): AsyncGenerator<Pin> {
    this.#tasks.check()
    yield* pinsIn(this.#journal)
  }

  async *unfinished(): AsyncGenerator<string> {
    this.#tasks.check()
    yield* unfinishedIn(this.#journal)
  }

  /** Kubo's own collection does that: see `ipfs repo gc`. */
  async collect(): Promise<void> {
    this.#tasks.check()
  }

  async space(): Promise<{ usedBytes: number }> {
    this.#tasks.check()
    return { usedBytes: this.#journal.usedBytes }
  }

  async probe(): Promise<void> {
    if (!this.#tasks.started) throw new ContentError('back-end', 'Content is not started')
    try {
      await this.#run(undefined, async (signal) => this.#probe(signal))
    } catch (error) {
      this.#lookForLostAt = 0
      throw error
    }
    if (performance.now() < this.#lookForLostAt) return
    this.#lookForLostAt = performance.now() + lookForLostMs
    this.#run(undefined, async (signal) => this.#lookForLost(signal)).catch(() => {
      this.#lookForLostAt = 0
    })
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { peer } = await this.#api.identity(signal)
    if (this.#ipfsPeer !== undefined && peer !== this.#ipfsPeer) {
      throw new ContentError('back-end', `Another Kubo answers there: ${peer}, not ${this.#ipfsPeer}`)
    }
    if (!this.#full) return
    await this.#api.tryWrite(signal)
    this.#full = false
  }

  /** One listing of all pins, and a second look at those of ours that are not in it: they may be newer. */
  async #lookForLost(signal: AbortSignal): Promise<void> {
    const there = new Set<string>()
    for (const mode of ['recursive', 'direct'] as const) {
      await this.#api.pins(mode, { signal }, ({ cid }) => void there.add(`${mode} ${cid}`))
    }
    for await (const { cid, record } of this.#journal.records()) {
      const name = cid.toString()
      if (record.state !== 'pinned' || there.has(`recursive ${name}`) || there.has(`${record.mode} ${name}`)) continue
      const lost = await this.#turns.take(name, signal, async (inTurn) => this.#pins.lost(cid, inTurn))
      if (lost) this.#lost(name)
    }
  }

  add(source: AddSource, options: AddOptions = {}): Promise<Imported> {
    return this.#run(options.signal, (signal) => this.#adder.add(source, options, signal))
  }

  importCar(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: AddOptions = {}): Promise<Imported[]> {
    return this.#run(options.signal, (signal) =>
      this.#adder.importCar(source, options, { signal, stop: this.#tasks.check() })
    )
  }

  async *get(text: string, options: ListOptions): AsyncGenerator<ContentEntry> {
    yield* exportFrom(parseCid(text), this.#reader(options), options.from)
  }

  async *exportCar(text: string, options: GetOptions): AsyncGenerator<Uint8Array> {
    yield* writeCar(parseCid(text), this.#reader(options))
  }

  async resolve(text: string, path: string, options: GetOptions): Promise<string | undefined> {
    return (await resolvePath(parseCid(text), path, this.#reader(options)))?.toString()
  }

  #reader({ sources, signal }: GetOptions): ReadBlock {
    return (cid) =>
      this.#run(signal, async (either) => {
        const inline = inlineBytes(cid)
        if (inline !== undefined) return inline
        void this.#meet(sources, either)
        return this.#api.block(cid, either, this.#stallMs)
      })
  }

  async #pin(cid: CID, options: KuboPinOptions): Promise<{ bytes: number }> {
    return this.#turns.take(cid.toString(), options.signal, (signal) => this.#pins.pin(cid, { ...options, signal }))
  }

  async #meet(sources: readonly string[], signal: AbortSignal): Promise<void> {
    const places = sources.map((peer) => this.#reach(peer))
    await this.#neighbours.meet(places, signal)
  }

  async #run<T>(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#tasks.run(signal, async (either) => {
      try {
        return await task(either)
      } catch (error) {
        const failure = kuboFailure(error)
        if (failure.code === 'no-space' && failure.cause !== undefined) this.#full = true
        throw failure
      }
    })
  }
}
