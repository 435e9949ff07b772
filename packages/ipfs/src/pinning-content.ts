// The port over three parts: blocks, pins, and whatever fetches blocks. The embedded content and its memory sibling are
// this class with other parts, so what the tests prove of one holds for the other.
//
// How a pin comes to be: hold every block before looking at it; walk the DAG, taking what is here and fetching what is
// not; make files durable; write the edges and the pin's row; let go. Invariants:
// 1. a pin's row exists only while every block of the DAG is durable;
// 2. a block is deleted only by custody, when no edge and no hold is left;
// 3. a clean mark is written only by a stop after which rows, files and the count of bytes agree.

import type { CID } from 'multiformats/cid'
import { BlockStore } from './blocks/block-store.ts'
import type { Files } from './blocks/files.ts'
import type { Mended } from './blocks/open-level.ts'
import type { Rows } from './blocks/rows.ts'
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
import { writeCar } from './car/write-car.ts'
import { ContentError, asContentError } from './content-error.ts'
import { inlineBytes, parseCid } from './dag/digest.ts'
import type { Visited } from './dag/walk.ts'
import type { Fetcher } from './fetcher.ts'
import { Adder } from './pins/adder.ts'
import type { Want } from './pins/adder.ts'
import { Custody } from './pins/custody.ts'
import { Journal } from './pins/journal.ts'
import { Pinning } from './pins/pinning.ts'
import type { PinOptions } from './pins/pinning.ts'
import { collectAll, type FindHeld, repair, type RepairInit, settle } from './pins/repair.ts'
import { Turns } from './pins/turns.ts'
import { pinnedIn, pinsIn, unfinishedIn } from './pins/listing.ts'
import { Tasks } from './tasks.ts'
import { exportFrom } from './unixfs/export.ts'
import type { ReadBlock } from './unixfs/export.ts'
import { resolvePath } from './unixfs/resolve.ts'

export interface PinningContentInit {
  /** A pin (CIDv1, base32) is one no longer: a block of it was found damaged. acquire() makes it whole again. */
  lost?: ((cid: string) => void) | undefined
  rows: Rows
  files: Files
  fetcher: Fetcher
  /** What all blocks together may take. Default: no bound. */
  budgetBytes?: (() => number) | undefined
  /** What the disk still has room for. Default: no bound. */
  roomBytes?: (() => Promise<number>) | undefined
  /** See HeliaContentInit. */
  held?: FindHeld | undefined
  /** See HeliaContentInit. */
  mended?: ((mended: Mended) => void) | undefined
}

async function isAny(some: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of some) return true
  return false
}

export class PinningContent implements Content {
  readonly #init: PinningContentInit
  readonly #blocks: BlockStore
  readonly #journal: Journal
  readonly #custody: Custody
  readonly #pinning: Pinning
  readonly #adder: Adder
  readonly #turns = new Turns()
  readonly #tasks = new Tasks()

  constructor(init: PinningContentInit) {
    this.#init = init
    const { rows, files, budgetBytes, roomBytes } = init
    this.#journal = new Journal(rows)
    this.#blocks = new BlockStore({
      rows,
      files,
      damaged: (multihash) => this.#damaged(multihash),
      ...(budgetBytes === undefined ? {} : { budgetBytes }),
      ...(roomBytes === undefined ? {} : { roomBytes })
    })
    this.#custody = new Custody({
      needed: async (multihash) => this.#journal.doubtful || this.#journal.needed(multihash),
      remove: (multihashes) => this.#blocks.remove(multihashes)
    })
    this.#pinning = new Pinning({ blocks: this.#blocks, journal: this.#journal, custody: this.#custody })
    this.#adder = new Adder({
      custody: this.#custody,
      pinning: this.#pinning,
      turns: this.#turns,
      visit: (want) => this.#visit(want),
      has: (cid) => this.#blocks.size(cid.multihash.bytes) !== undefined,
      put: (cid, bytes) => this.#put(cid, bytes)
    })
  }

  async start(): Promise<void> {
    if (this.#tasks.started) throw new ContentError('refused', 'Content is already started')
    try {
      await this.#init.rows.open()
      await this.#init.files.open()
      await this.#journal.open()
      if ((await this.#journal.isNew()) && (await isAny(this.#init.files.list()))) await this.#noTable()
      const usedBytes = await this.#journal.beginRun()
      if (usedBytes === undefined || this.#journal.doubtful) await repair(this.#repairing)
      else this.#blocks.usedBytes = usedBytes
      await this.#init.fetcher.start(this.#blocks)
    } catch (error) {
      await this.#init.rows.close().catch(() => {})
      throw asContentError(error)
    }
    this.#tasks.begin()
  }

  async #noTable(): Promise<void> {
    if (this.#journal.doubtful) return
    await this.#journal.doubt()
    this.#init.mended?.({ reason: 'it is empty, and there are files of blocks' })
  }

  async stop(): Promise<void> {
    if (!this.#tasks.started) return
    await this.#tasks.end()
    try {
      await this.#init.fetcher.stop()
      // After a clean-up that failed, blocks may be left that nobody needs: the next start looks for them.
      if (this.#pinning.clean) await this.#journal.endRun(this.#blocks.usedBytes)
    } catch (error) {
      throw asContentError(error)
    } finally {
      await this.#init.rows.close()
    }
  }

  acquire(text: string, options: AcquireOptions): Promise<{ bytes: number }> {
    return this.#tasks.run(options.signal, async (signal) => {
      const cid = parseCid(text)
      const { sources, origins = [], mode, bytesMax, onProgress } = options
      const session = this.#init.fetcher.session({ root: cid, sources, origins })
      return this.#turns.take(cid.toString(), signal, (inTurn) =>
        this.#pin(cid, {
          mode,
          bytesMax,
          signal: inTurn,
          onProgress,
          visit: (one, withBytes, stop, hold) => this.#visit({ cid: one, withBytes, signal: stop, hold, session })
        })
      )
    })
  }

  release(text: string): Promise<void> {
    return this.#tasks.run(undefined, async (signal) => {
      const cid = parseCid(text)
      const name = cid.toString()
      this.#turns.interrupt(name, new ContentError('aborted', 'The CID was released'))
      await this.#turns.take(name, signal, () => this.#pinning.unpin(cid))
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

  collect(signal: AbortSignal): Promise<void> {
    return this.#tasks.run(signal, async (stop) => {
      if (this.#journal.doubtful && !(await settle(this.#repairing, { all: true }))) return
      await collectAll(this.#blocks, this.#custody, stop)
    })
  }

  async space(): Promise<{ usedBytes: number }> {
    this.#tasks.check()
    return { usedBytes: this.#blocks.usedBytes }
  }

  async probe(): Promise<void> {
    try {
      this.#tasks.check()
      await this.#blocks.probe()
    } catch (error) {
      throw new ContentError('back-end', 'The block store does not answer', { cause: error })
    }
  }

  add(source: AddSource, options: AddOptions = {}): Promise<Imported> {
    return this.#tasks.run(options.signal, (signal) => this.#adder.add(source, options, signal))
  }

  importCar(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: AddOptions = {}): Promise<Imported[]> {
    return this.#tasks.run(options.signal, (signal) =>
      this.#adder.importCar(source, options, { signal, stop: this.#tasks.check() })
    )
  }

  get #repairing(): RepairInit {
    const { held } = this.#init
    return { journal: this.#journal, blocks: this.#blocks, custody: this.#custody, turns: this.#turns, held }
  }

  async #pin(cid: CID, options: PinOptions): Promise<{ bytes: number }> {
    const { bytes } = await this.#pinning.pin(cid, options)
    return { bytes }
  }

  get(text: string, options: ListOptions): AsyncIterable<ContentEntry> {
    return this.#get(text, options)
  }

  async *#get(text: string, options: ListOptions): AsyncGenerator<ContentEntry> {
    const cid = parseCid(text)
    yield* exportFrom(cid, this.#reader(cid, options), options.from)
  }

  async *exportCar(text: string, options: GetOptions): AsyncGenerator<Uint8Array> {
    const cid = parseCid(text)
    yield* writeCar(cid, this.#reader(cid, options))
  }

  async resolve(text: string, path: string, options: GetOptions): Promise<string | undefined> {
    const cid = parseCid(text)
    return (await resolvePath(cid, path, this.#reader(cid, options)))?.toString()
  }

  #reader(root: CID, options: GetOptions): ReadBlock {
    const session = this.#init.fetcher.session({ root, sources: options.sources, origins: [] })
    return (cid) =>
      this.#tasks.run(options.signal, async (signal) => {
        const inline = inlineBytes(cid)
        return inline ?? (await this.#blocks.read(cid.multihash.bytes)) ?? session.block(cid, signal)
      })
  }

  async #put(cid: CID, bytes: Uint8Array): Promise<void> {
    await this.#blocks.put(cid.multihash.bytes, bytes)
    this.#init.fetcher.announce(cid)
  }

  async #visit(want: Want): Promise<Visited & { fetched?: boolean }> {
    const multihash = want.cid.multihash.bytes
    await want.hold.take(multihash)
    const size = this.#blocks.size(multihash)
    if (size !== undefined) {
      if (!want.withBytes) return { size }
      const bytes = await this.#blocks.read(multihash)
      if (bytes !== undefined) return { size, bytes }
    }
    const bytes = await want.session.block(want.cid, want.signal)
    await this.#put(want.cid, bytes)
    return { size: bytes.length, bytes, fetched: true }
  }

  async #damaged(multihash: Uint8Array): Promise<void> {
    this.#custody.spoil(multihash)
    for (const cid of await this.#journal.demote(multihash)) this.#init.lost?.(cid.toString())
  }
}
