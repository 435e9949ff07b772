// Adding to a Kubo: blocks are made or read here, so that the same bytes give the same CID as anywhere in the mesh, and go
// to Kubo as one CAR, at the pace at which it takes them; then their roots are pinned. What fails before leaves blocks
// that nobody pins, for Kubo's own collection.

import type { CID } from 'multiformats/cid'
import { readCar } from '../car/read-car.ts'
import type { AddOptions, AddSource, Imported } from '../content.ts'
import { ContentError, asContentError } from '../content-error.ts'
import { importInto } from '../unixfs/import.ts'
import { Importer } from '../unixfs/importer.ts'
import type { KuboApi } from './kubo-api.ts'
import { kuboFailure } from './kubo-error.ts'

export interface KuboAdderInit {
  api: KuboApi
  /** Pins a DAG that is there. */
  pin(root: CID, signal: AbortSignal): Promise<{ bytes: number }>
  /** What the budget leaves beside what is pinned. */
  roomBytes(): number
}

type Put = (cid: CID, bytes: Uint8Array) => Promise<void>

/** An add under way, and what it has brought. */
interface Adding {
  bytes: number
}

export class KuboAdder {
  readonly #init: KuboAdderInit
  readonly #under = new Set<Adding>()

  constructor(init: KuboAdderInit) {
    this.#init = init
  }

  add(source: AddSource, options: AddOptions, signal: AbortSignal): Promise<Imported> {
    return this.#adding(async (adding) => {
      const { chunker } = options
      const root = await this.#store(adding, { options, signal }, (put) => importInto(source, { put, signal, chunker }))
      return this.#pin(root, options, signal)
    })
  }

  /** `stop` ends the pinning of the roots; `signal` only what comes before, so that not half of them are pinned. */
  importCar(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    options: AddOptions,
    { signal, stop }: { signal: AbortSignal; stop: AbortSignal }
  ): Promise<Imported[]> {
    return this.#adding(async (adding) => {
      const roots = await this.#store(adding, { options, signal }, async (put) => {
        const car = await readCar(source)
        for await (const { cid, bytes } of car.blocks) {
          if (signal.aborted) throw new ContentError('aborted', 'The import was aborted', { cause: signal.reason })
          await put(cid, bytes)
        }
        return car.roots
      })
      for (const root of roots) await this.#whole(root, signal)
      const imported: Imported[] = []
      for (const root of roots) imported.push(await this.#pin(root, options, stop))
      return imported
    })
  }

  async #adding<T>(task: (adding: Adding) => Promise<T>): Promise<T> {
    const adding = { bytes: 0 }
    this.#under.add(adding)
    try {
      return await task(adding)
    } finally {
      this.#under.delete(adding)
    }
  }

  /** Sends Kubo the blocks that `produce` puts; what that resolves with. */
  async #store<T>(
    adding: Adding,
    { options, signal }: { options: AddOptions; signal: AbortSignal },
    produce: (put: Put) => Promise<T>
  ): Promise<T> {
    const { bytesMax = Infinity, onProgress } = options
    let produced: { value: T } | undefined
    await this.#init.api.importBlocks(async (send) => {
      const put = async (cid: CID, bytes: Uint8Array): Promise<void> => {
        this.#count(adding, bytes.length)
        await send(cid, bytes).catch((error: unknown) => {
          throw kuboFailure(error)
        })
      }
      const importer = new Importer({ bytesMax, onProgress, put })
      try {
        produced = { value: await produce((cid, bytes) => importer.put(cid, bytes)) }
      } catch (error) {
        // Else the source's own.
        throw asContentError(error)
      } finally {
        await importer.settled()
      }
    }, signal)
    if (produced === undefined) throw new ContentError('back-end', 'Kubo took the blocks before they were made')
    return produced.value
  }

  /** However many adds run at once, they keep within the budget together. */
  #count(adding: Adding, bytes: number): void {
    adding.bytes += bytes
    const all = [...this.#under].reduce((sum, one) => sum + one.bytes, 0)
    if (all > this.#init.roomBytes()) throw new ContentError('no-space', 'It takes more than the budget has left')
  }

  async #pin(root: CID, { onRoot }: AddOptions, signal: AbortSignal): Promise<Imported> {
    onRoot?.(root.toString())
    const { bytes } = await this.#init.pin(root, signal)
    return { cid: root.toString(), bytes }
  }

  /** A CAR brings every block itself, unless it is here: nothing is fetched for it. */
  async #whole(root: CID, signal: AbortSignal): Promise<void> {
    try {
      await this.#init.api.dagBytes(root, signal)
    } catch (error) {
      const failure = kuboFailure(error)
      if (failure.code !== 'unreachable') throw failure
      throw new ContentError('bad-dag', `The CAR lacks blocks of ${root}`, { cause: error })
    }
  }
}
