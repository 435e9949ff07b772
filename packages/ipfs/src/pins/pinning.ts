// Making and unmaking one pin: the steps of pinning-content.ts between the walk and the disk. A call of pin() or unpin()
// has its CID to itself (see turns.ts); what is shared between CIDs is custody's matter.

import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/block-store.ts'
import type { PinMode } from '../content.ts'
import { ContentError, asContentError } from '../content-error.ts'
import { walk } from '../dag/walk.ts'
import type { Visited } from '../dag/walk.ts'
import type { Custody, Hold } from './custody.ts'
import type { Journal, PinRecord } from './journal.ts'

/** Fetched blocks or bytes from which a half-done acquisition is worth remembering before its end. */
const startedBlocksMin = 16
const startedBytesMin = 1 << 20
/** Walks of one pin: again only when a block was found damaged meanwhile. */
const walksMax = 3
/** Blocks collected at once. */
const sliceMax = 500

export interface PinningInit {
  blocks: BlockStore
  journal: Journal
  custody: Custody
}

export interface PinOptions {
  mode: PinMode
  bytesMax: number
  signal: AbortSignal
  visit(cid: CID, withBytes: boolean, signal: AbortSignal, hold: Hold): Promise<Visited & { fetched?: boolean }>
  onProgress?: ((bytes: number) => void) | undefined
}

export interface Pinned {
  bytes: number
  /** names of the DAG's blocks; empty when the pin was there before */
  blocks: ReadonlySet<string>
}

export class Pinning {
  readonly #init: PinningInit
  #clean = true

  constructor(init: PinningInit) {
    this.#init = init
  }

  /** False once deleting what nobody needs has failed: the next start must look for it. */
  get clean(): boolean {
    return this.#clean
  }

  async pin(cid: CID, options: PinOptions): Promise<Pinned> {
    const { journal } = this.#init
    const before = journal.record(cid)
    if (before?.state === 'pinned' && before.mode === options.mode) {
      if (before.bytes <= options.bytesMax) return { bytes: before.bytes, blocks: new Set() }
      throw new ContentError('limit', `The pin has ${before.bytes} bytes, more than the ${options.bytesMax} allowed`)
    }
    const attempt = new Attempt(this.#init, cid, options, before)
    try {
      const bytes = await attempt.run()
      const blocks = new Set(attempt.hold.blocks.keys())
      attempt.hold.end()
      await this.#erase(attempt.stale)
      return { bytes, blocks }
    } catch (error) {
      await this.#leave(attempt, asContentError(error))
      throw error
    }
  }

  async unpin(cid: CID): Promise<void> {
    const record = this.#init.journal.record(cid)
    if (record === undefined) return
    try {
      for await (const slice of this.#init.journal.remove(cid, record)) await this.#init.custody.collect(slice)
    } catch (error) {
      this.#clean = false
      throw error
    }
  }

  /** Ends a hold and deletes of its blocks what nobody needs; `kept` names those known to be needed. */
  async abandon(hold: Hold, kept: ReadonlySet<string>): Promise<void> {
    hold.end()
    const rest = [...hold.blocks].filter(([name]) => !kept.has(name)).map(([, multihash]) => multihash)
    try {
      for (let at = 0; at < rest.length; at += sliceMax) await this.#init.custody.collect(rest.slice(at, at + sliceMax))
    } catch {
      this.#clean = false
    }
  }

  /** After a failure: keeps what came for the next try, or undoes it. Never hides the failure behind another. */
  async #leave(attempt: Attempt, error: ContentError): Promise<void> {
    const { journal, blocks } = this.#init
    const { cid, hold, before, options } = attempt
    const replacing = before?.state === 'pinned' && !attempt.recorded
    const worthwhile = error.code === 'unreachable' || error.code === 'aborted' || error.code === 'back-end'
    try {
      const here = [...hold.blocks.values()].filter((multihash) => blocks.size(multihash) !== undefined)
      if (worthwhile && !replacing && (here.length > 0 || attempt.stale.length > 0)) {
        await journal.write(cid, { state: 'partial', mode: options.mode, bytes: 0 }, here)
        hold.end()
        await this.#erase(attempt.stale)
        return
      }
      await this.abandon(hold, new Set())
      const record = journal.record(cid)
      if (record !== undefined && !replacing) await this.unpin(cid)
    } catch {
      this.#clean = false
    } finally {
      hold.end()
    }
  }

  async #erase(records: readonly PinRecord[]): Promise<void> {
    try {
      for (const record of records) {
        for await (const slice of this.#init.journal.erase(record.number)) await this.#init.custody.collect(slice)
      }
    } catch {
      // The pin stands; what is left over is found at the next start.
      this.#clean = false
    }
  }
}

/** One go at one pin. */
class Attempt {
  readonly cid: CID
  readonly options: PinOptions
  readonly before: PinRecord | undefined
  readonly hold: Hold
  /** Records this attempt supersedes: their numbers keep edges until erased. */
  readonly stale: PinRecord[]
  /** A row of this attempt's making stands in the journal. */
  recorded = false
  readonly #init: PinningInit
  #fetchedBlocks = 0
  #fetchedBytes = 0
  #starting: Promise<void> | undefined

  constructor(init: PinningInit, cid: CID, options: PinOptions, before: PinRecord | undefined) {
    this.#init = init
    this.cid = cid
    this.options = options
    this.before = before
    this.stale = before === undefined ? [] : [before]
    this.hold = init.custody.begin()
  }

  async run(): Promise<number> {
    const { journal, blocks } = this.#init
    const { mode } = this.options
    for (let walks = 1; walks <= walksMax; walks++) {
      this.hold.spoiled = false
      const { bytes } = await this.#walk()
      await this.#starting
      await blocks.sync()
      if (this.hold.spoiled) continue
      const record = await journal.write(this.cid, { state: 'pinned', mode, bytes }, this.hold.blocks.values())
      this.recorded = true
      if (!this.hold.spoiled) return bytes
      // Found damaged while the edges were being written: demotion may not have seen them all.
      this.stale.push(record)
    }
    throw new ContentError('back-end', 'Blocks keep turning out to be damaged')
  }

  async #walk(): Promise<{ bytes: number }> {
    const { mode, bytesMax, signal, visit, onProgress } = this.options
    return walk({
      root: this.cid,
      recursive: mode === 'recursive',
      bytesMax,
      signal,
      onProgress,
      visit: async (cid, withBytes, stop) => {
        const visited = await visit(cid, withBytes, stop, this.hold)
        if (visited.fetched === true) await this.#fetched(visited.size)
        return visited
      }
    })
  }

  /** Remembers on disk that this acquisition is under way, so that a crash does not cost what came. Small pins skip it. */
  async #fetched(bytes: number): Promise<void> {
    this.#fetchedBlocks++
    this.#fetchedBytes += bytes
    if (this.before !== undefined || this.#starting !== undefined) return
    if (this.#fetchedBlocks < startedBlocksMin && this.#fetchedBytes < startedBytesMin) return
    this.#starting = this.#init.journal
      .write(this.cid, { state: 'partial', mode: this.options.mode, bytes: 0 }, [])
      .then((record) => {
        this.stale.push(record)
        this.recorded = true
      })
    await this.#starting
  }
}
