// Content without disk and network, for tests of whatever uses the port: the same pins, walk and custody over blocks in
// memory, and a world that the peers of a test share, in which faults are set by hand.

import type { CID } from 'multiformats/cid'
import { settledOrAborted } from './aborting.ts'
import { MemoryFiles } from './blocks/files.ts'
import { MemoryRows } from './blocks/memory-rows.ts'
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
} from './content.ts'
import { ContentError } from './content-error.ts'
import type { BlockSession, Fetcher, LocalBlocks, Wanted } from './fetcher.ts'
import { PinningContent } from './pinning-content.ts'

/** What is wrong with a peer's content; set and cleared at any time. */
export interface Faults {
  /** It gives and fetches no block until this settles. */
  slow?: Promise<void> | undefined
  /** Every call rejects with `back-end`, and it gives no block. */
  failing?: boolean
  /** It has no space for any block. */
  full?: boolean
}

export interface MemoryContent extends Content {
  readonly peer: string
  readonly faults: Faults
}

/** Who can reach whom. Create contents over it with createMemoryContent. */
export interface MemoryWorld {
  /** No block passes between the two, either way. */
  cut(one: string, other: string): void
  heal(): void
}

class World implements MemoryWorld {
  readonly peers = new Map<string, { faults: Faults; local: LocalBlocks }>()
  readonly #cuts = new Set<string>()

  cut(one: string, other: string): void {
    this.#cuts.add(`${one} ${other}`).add(`${other} ${one}`)
  }

  heal(): void {
    this.#cuts.clear()
  }

  /** Peers that this one may ask: the listed sources first, then any other. */
  reachable(self: string, sources: readonly string[]): string[] {
    return [...new Set([...sources, ...this.peers.keys()])].filter(
      (peer) => peer !== self && this.peers.has(peer) && !this.#cuts.has(`${self} ${peer}`)
    )
  }
}

export function createMemoryWorld(): MemoryWorld {
  return new World()
}

export interface MemoryContentInit {
  world: MemoryWorld
  peer: string
  faults?: Faults
}

/** Its blocks outlive stop(): start() finds them again. */
export function createMemoryContent({ world, peer, faults = {} }: MemoryContentInit): MemoryContent {
  if (!(world instanceof World)) throw new ContentError('refused', 'The world must come from createMemoryWorld')
  return new FaultyContent(peer, faults, world)
}

class WorldFetcher implements Fetcher {
  readonly #world: World
  readonly #peer: string
  readonly #faults: Faults

  constructor(world: World, peer: string, faults: Faults) {
    this.#world = world
    this.#peer = peer
    this.#faults = faults
  }

  async start(local: LocalBlocks): Promise<void> {
    this.#world.peers.set(this.#peer, { faults: this.#faults, local })
  }

  async stop(): Promise<void> {
    this.#world.peers.delete(this.#peer)
  }

  session({ sources }: Wanted): BlockSession {
    return { block: (cid, signal) => this.#block(cid, sources, signal) }
  }

  announce(): void {}

  async #block(cid: CID, sources: readonly string[], signal: AbortSignal): Promise<Uint8Array> {
    await settledOrAborted(this.#faults.slow ?? Promise.resolve(), signal)
    for (const peer of this.#world.reachable(this.#peer, sources)) {
      const other = this.#world.peers.get(peer)
      if (other === undefined || other.faults.failing === true) continue
      await settledOrAborted(other.faults.slow ?? Promise.resolve(), signal)
      const bytes = await other.local.read(cid.multihash.bytes)
      if (bytes !== undefined) return bytes
    }
    throw new ContentError('unreachable', `No peer gives the block ${cid}`)
  }
}

class FaultyContent implements MemoryContent {
  readonly peer: string
  readonly faults: Faults
  readonly #content: PinningContent

  constructor(peer: string, faults: Faults, world: World) {
    this.peer = peer
    this.faults = faults
    this.#content = new PinningContent({
      rows: new MemoryRows(),
      files: new MemoryFiles(),
      fetcher: new WorldFetcher(world, peer, faults),
      budgetBytes: () => (faults.full === true ? 0 : Infinity)
    })
  }

  async start(): Promise<void> {
    this.#well()
    await this.#content.start()
  }

  async stop(): Promise<void> {
    await this.#content.stop()
  }

  async acquire(cid: string, options: AcquireOptions): Promise<{ bytes: number }> {
    this.#well()
    return this.#content.acquire(cid, options)
  }

  async release(cid: string): Promise<void> {
    this.#well()
    await this.#content.release(cid)
  }

  async pinned(cid: string): Promise<{ mode: PinMode; bytes: number } | undefined> {
    this.#well()
    return this.#content.pinned(cid)
  }

  async *pins(): AsyncGenerator<Pin> {
    this.#well()
    yield* this.#content.pins()
  }

  async *unfinished(): AsyncGenerator<string> {
    this.#well()
    yield* this.#content.unfinished()
  }

  async collect(signal: AbortSignal): Promise<void> {
    this.#well()
    await this.#content.collect(signal)
  }

  async space(): Promise<{ usedBytes: number }> {
    this.#well()
    return this.#content.space()
  }

  async probe(): Promise<void> {
    this.#well()
    await this.#content.probe()
  }

  async add(source: AddSource, options?: AddOptions): Promise<{ cid: string; bytes: number }> {
    this.#well()
    return this.#content.add(source, options)
  }

  async *get(cid: string, options: ListOptions): AsyncGenerator<ContentEntry> {
    this.#well()
    yield* this.#content.get(cid, options)
  }

  async importCar(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?: AddOptions): Promise<Imported[]> {
    this.#well()
    return this.#content.importCar(source, options)
  }

  async *exportCar(cid: string, options: GetOptions): AsyncGenerator<Uint8Array> {
    this.#well()
    yield* this.#content.exportCar(cid, options)
  }

  async resolve(cid: string, path: string, options: GetOptions): Promise<string | undefined> {
    this.#well()
    return this.#content.resolve(cid, path, options)
  }

  #well(): void {
    if (this.faults.failing === true) throw new ContentError('back-end', 'The back end is ill')
  }
}
