// The writing side of an add: counts, and writes some blocks ahead of the importer, which else would wait for the disk
// at each small file.

import type { CID } from 'multiformats/cid'
import { nameOf } from '../blocks/keys.ts'
import { ContentError } from '../content-error.ts'

/** Blocks being written while the importer goes on: at most 32 MiB. */
const writesAhead = 32

export interface ImporterInit {
  bytesMax: number
  onProgress?: ((bytes: number) => void) | undefined
  put(cid: CID, bytes: Uint8Array): Promise<void>
}

export class Importer {
  readonly #init: ImporterInit
  readonly #seen = new Set<string>()
  readonly #writing = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined
  #total = 0
  /** Of these, on disk: writes end in any order. */
  #stored = 0

  constructor(init: ImporterInit) {
    this.#init = init
  }

  /** Resolves before the block is stored; a failure is thrown by the next call, or by settled(). */
  async put(cid: CID, bytes: Uint8Array): Promise<void> {
    const name = nameOf(cid.multihash.bytes)
    if (this.#seen.has(name)) return
    this.#seen.add(name)
    this.#total += bytes.length
    if (this.#total > this.#init.bytesMax) {
      throw new ContentError('no-space', `It takes more than the ${this.#init.bytesMax} bytes allowed`)
    }
    while (this.#writing.size >= writesAhead) await Promise.race(this.#writing)
    if (this.#failure !== undefined) throw this.#failure.error
    const writing: Promise<void> = this.#init
      .put(cid, bytes)
      .then(() => this.#init.onProgress?.((this.#stored += bytes.length)))
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** All blocks are stored, or throws why not. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
