// Adding: blocks that are made or brought here go in under a hold, then their roots are pinned; whatever no pin needs at
// the end goes again. Nothing is fetched.

import type { CID } from 'multiformats/cid'
import { readCar } from '../car/read-car.ts'
import type { AddOptions, AddSource, Imported } from '../content.ts'
import { ContentError } from '../content-error.ts'
import { walk } from '../dag/walk.ts'
import type { Visited } from '../dag/walk.ts'
import type { BlockSession } from '../fetcher.ts'
import { importInto } from '../unixfs/import.ts'
import { Importer } from '../unixfs/importer.ts'
import type { Custody, Hold } from './custody.ts'
import type { Pinning } from './pinning.ts'
import type { Turns } from './turns.ts'

/** A block that a walk looks at. */
export interface Want {
  cid: CID
  withBytes: boolean
  signal: AbortSignal
  hold: Hold
  session: BlockSession
}

export interface AdderInit {
  custody: Custody
  pinning: Pinning
  turns: Turns
  visit(want: Want): Promise<Visited & { fetched?: boolean }>
  /** Is the block here? */
  has(cid: CID): boolean
  put(cid: CID, bytes: Uint8Array): Promise<void>
}

export class Adder {
  readonly #init: AdderInit

  constructor(init: AdderInit) {
    this.#init = init
  }

  add(source: AddSource, options: AddOptions, signal: AbortSignal): Promise<Imported> {
    return this.#under(options, async ({ importer, pin }) => {
      const { chunker } = options
      const root = await importInto(source, { put: (cid, bytes) => importer.put(cid, bytes), signal, chunker })
      await importer.settled()
      return pin(root, signal)
    })
  }

  /** `stop` ends the pinning of the roots; `signal` only what comes before, so that not half of them are pinned. */
  importCar(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: AddOptions,
    { signal, stop }: { signal: AbortSignal; stop: AbortSignal }
  ): Promise<Imported[]> {
    return this.#under(options, async ({ importer, hold, pin }) => {
      const { roots, blocks } = await readCar(source)
      for await (const { cid, bytes } of blocks) {
        if (signal.aborted) throw new ContentError('aborted', 'The import was aborted', { cause: signal.reason })
        await importer.put(cid, bytes)
      }
      await importer.settled()
      for (const root of roots) await this.#whole(root, signal, hold)
      const imported: Imported[] = []
      for (const root of roots) imported.push(await pin(root, stop))
      return imported
    })
  }

  async #under<T>(options: AddOptions, task: (adding: Adding) => Promise<T>): Promise<T> {
    const { custody, pinning } = this.#init
    const hold = custody.begin()
    const importer = this.#importer(hold, options)
    const kept = new Set<string>()
    const pin = async (root: CID, signal: AbortSignal): Promise<Imported> => {
      options.onRoot?.(root.toString())
      const { blocks, bytes } = await this.#pin(root, signal)
      for (const name of blocks) kept.add(name)
      return { cid: root.toString(), bytes }
    }
    try {
      return await task({ hold, importer, pin })
    } finally {
      await importer.settled().catch(() => {})
      await pinning.abandon(hold, kept)
    }
  }

  #importer(hold: Hold, options: AddOptions): Importer {
    const { bytesMax = Infinity, onProgress } = options
    let newBytes = 0
    return new Importer({
      bytesMax: Infinity,
      onProgress,
      put: async (cid, bytes) => {
        await hold.take(cid.multihash.bytes)
        if (this.#init.has(cid)) return
        newBytes += bytes.length
        if (newBytes > bytesMax) throw new ContentError('no-space', `It takes more than the ${bytesMax} bytes allowed`)
        await this.#init.put(cid, bytes)
      }
    })
  }

  async #pin(root: CID, signal: AbortSignal): ReturnType<Pinning['pin']> {
    const { pinning, turns, visit } = this.#init
    return turns.take(root.toString(), signal, (inTurn) =>
      pinning.pin(root, {
        mode: 'recursive',
        bytesMax: Infinity,
        signal: inTurn,
        visit: (cid, withBytes, stop, hold) => visit({ cid, withBytes, signal: stop, hold, session: nowhere })
      })
    )
  }

  /** Throws `bad-dag` if a block below the root is not here. */
  async #whole(root: CID, signal: AbortSignal, hold: Hold): Promise<void> {
    await walk({
      root,
      recursive: true,
      bytesMax: Infinity,
      signal,
      visit: (cid, withBytes, stop) => this.#init.visit({ cid, withBytes, signal: stop, hold, session: lacking })
    })
  }
}

interface Adding {
  hold: Hold
  importer: Importer
  pin(root: CID, signal: AbortSignal): Promise<Imported>
}

/** An add has made every block itself. */
const nowhere: BlockSession = {
  block: async (cid) => {
    throw new ContentError('back-end', `The block ${cid} was written and is gone`)
  }
}

/** A CAR brings every block itself, unless it is here. */
const lacking: BlockSession = {
  block: async (cid) => {
    throw new ContentError('bad-dag', `The CAR lacks the block ${cid}`)
  }
}
