// All blocks, by multihash: 64 KiB and more in files of their own (LevelDB would write them twice), smaller ones in the
// table. One row for each block says where it is and how long, so that "is it here" is one look and the bytes in use are
// known without reading any.
//
// Bytes are hashed each time they are read: 0.6 ms a MiB, a tenth of what sending it costs, and the only way to notice that
// the disk cut them short or changed them (LevelDB has checksums, and does not look at them when it reads). A damaged block is
// dropped and reported, never handed out.

import { ContentError } from '../content-error.ts'
import { matches } from '../dag/digest.ts'
import type { Files } from './files.ts'
import { blockPrefix, key, multihashOf, nameOf, valuePrefix } from './keys.ts'
import { slices } from './rows.ts'
import type { RowChange, Rows } from './rows.ts'

/** Bytes; larger blocks do not travel in IPFS (bitswap's message bound), so they are refused everywhere. */
export const blockBytesMax: number = 4 << 20
/** Bytes from which a block gets a file. */
export const fileBytesMin: number = 64 << 10

/** Rows written at once, and rows with bytes that are read at once. */
const rowsMax = 500
const bytesRowsMax = 100

export interface BlockStoreInit {
  rows: Rows
  files: Files
  /** What all blocks together may take; asked before each put. Default: no bound. */
  budgetBytes?: () => number
  /** What the disk still has room for; asked before each put. Default: no bound. */
  roomBytes?: () => Promise<number>
  /** A block that should be here is not, or is not what it was. It has been dropped. */
  damaged(multihash: Uint8Array): Promise<void>
}

export class BlockStore {
  readonly #init: BlockStoreInit
  readonly #rows: Rows
  readonly #files: Files
  readonly #putting = new Map<string, Promise<void>>()
  readonly #dropping = new Map<string, Promise<void>>()
  #usedBytes = 0
  #puttingBytes = 0

  constructor(init: BlockStoreInit) {
    this.#init = init
    this.#rows = init.rows
    this.#files = init.files
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Set once at start, from the last clean stop or from a count. */
  set usedBytes(bytes: number) {
    this.#usedBytes = bytes
  }

  /** Length of the block if it is here. */
  size(multihash: Uint8Array): number | undefined {
    const row = this.#rows.get(key(blockPrefix, multihash))
    return row === undefined ? undefined : lengthIn(row)
  }

  /** The block's bytes, right by its hash; undefined when it is not here (any more). */
  async read(multihash: Uint8Array): Promise<Uint8Array | undefined> {
    const row = this.#rows.get(key(blockPrefix, multihash))
    if (row === undefined) return undefined
    if (row[4] === 0) return this.#readSmall(multihash)
    const name = nameOf(multihash)
    const isRight = (bytes: Uint8Array | undefined): boolean =>
      bytes !== undefined && bytes.length === lengthIn(row) && matches(multihash, bytes)
    const bytes = await this.#files.read(name)
    if (isRight(bytes)) return bytes
    // Removed while it was being read is no damage; and it may have been put anew since.
    if (this.size(multihash) === undefined) return undefined
    const again = await this.#files.read(name)
    if (isRight(again)) return again
    if (this.size(multihash) !== undefined) await this.#drop(multihash, name)
    return undefined
  }

  async #readSmall(multihash: Uint8Array): Promise<Uint8Array | undefined> {
    const bytes = this.#rows.get(key(valuePrefix, multihash))
    if (bytes !== undefined && matches(multihash, bytes)) return bytes
    if (this.size(multihash) !== undefined) await this.#drop(multihash, nameOf(multihash))
    return undefined
  }

  /**
   * Drops a damaged block. The file goes before the row, so that a put in between finds the row and does nothing (the
   * report then spoils whoever relied on it), and a put afterwards writes a file that nobody unlinks.
   */
  async #drop(multihash: Uint8Array, name: string): Promise<void> {
    const running = this.#dropping.get(name)
    if (running !== undefined) return running
    const drop = (async (): Promise<void> => {
      await this.#files.remove(name)
      await this.remove([multihash])
      await this.#init.damaged(multihash)
    })().finally(() => this.#dropping.delete(name))
    this.#dropping.set(name, drop)
    return drop
  }

  /** Bytes are the caller's word: they were checked. Durable after sync(). */
  async put(multihash: Uint8Array, bytes: Uint8Array): Promise<void> {
    const name = nameOf(multihash)
    const running = this.#putting.get(name)
    if (running !== undefined) return running
    if (this.size(multihash) !== undefined) return
    if (bytes.length > blockBytesMax) throw new ContentError('bad-dag', `A block of ${bytes.length} bytes is too large`)
    const budget = this.#init.budgetBytes?.() ?? Infinity
    if (this.#usedBytes + this.#puttingBytes + bytes.length > budget)
      throw new ContentError('no-space', 'The space for blocks is used up')
    const put = this.#put(multihash, name, bytes)
    this.#putting.set(name, put)
    try {
      await put
    } finally {
      this.#putting.delete(name)
    }
  }

  async #put(multihash: Uint8Array, name: string, bytes: Uint8Array): Promise<void> {
    this.#puttingBytes += bytes.length
    try {
      const room = (await this.#init.roomBytes?.()) ?? Infinity
      if (this.#puttingBytes > room) throw new ContentError('no-space', 'The disk has no room left for blocks')
      const inFile = bytes.length >= fileBytesMin
      if (inFile) await this.#files.write(name, bytes)
      const changes: RowChange[] = [{ key: key(blockPrefix, multihash), value: rowOf(bytes.length, inFile) }]
      if (!inFile) changes.push({ key: key(valuePrefix, multihash), value: bytes })
      await this.#rows.write(changes).catch(async (error: unknown) => {
        // A file without a row would take up room that nobody knows of.
        if (inFile) await this.#files.remove(name)
        throw error
      })
      this.#usedBytes += bytes.length
    } finally {
      this.#puttingBytes -= bytes.length
    }
  }

  /** Blocks that are not here are passed over. The rows go first: a file without a row is swept at the next start. */
  async remove(multihashes: readonly Uint8Array[]): Promise<void> {
    const changes: RowChange[] = []
    const files: string[] = []
    let bytes = 0
    for (const multihash of multihashes) {
      const row = this.#rows.get(key(blockPrefix, multihash))
      if (row === undefined) continue
      bytes += lengthIn(row)
      changes.push({ key: key(blockPrefix, multihash), value: null })
      if (row[4] === 1) files.push(nameOf(multihash))
      else changes.push({ key: key(valuePrefix, multihash), value: null })
    }
    await this.#rows.write(changes)
    this.#usedBytes -= bytes
    await Promise.all(files.map((name) => this.#files.remove(name)))
  }

  /** Returns when every put that resolved before survives power loss. */
  async sync(): Promise<void> {
    await this.#files.sync()
  }

  async probe(): Promise<void> {
    this.#rows.get(key(blockPrefix))
    await this.#files.probe()
  }

  /** Where rows were lost: small blocks whose bytes are left are here again. To be followed by `reconcile`. */
  async findSmall(): Promise<void> {
    for await (const slice of slices(this.#rows, key(valuePrefix), bytesRowsMax)) {
      const lost = slice.filter((row) => this.size(row.key.subarray(1)) === undefined)
      await this.#rows.write(
        lost.map((row) => ({ key: key(blockPrefix, row.key.subarray(1)), value: rowOf(row.value.length, false) }))
      )
    }
  }

  async *all(): AsyncGenerator<{ multihash: Uint8Array; bytes: number }> {
    for await (const slice of slices(this.#rows, key(blockPrefix))) {
      for (const row of slice) yield { multihash: row.key.slice(1), bytes: lengthIn(row.value) }
    }
  }

  /**
   * After an unclean stop: makes rows and files agree, and counts. Drops rows whose file is gone or of another length. A file
   * without a row gets one if it is what its name says: whether anybody needs the block is for the collection to find out. Resolves
   * with how many did.
   */
  async reconcile(): Promise<number> {
    const sizes = new Map<string, number>()
    for await (const { name, size } of this.#files.list()) sizes.set(name, size)
    let used = 0
    for await (const slice of slices(this.#rows, key(blockPrefix))) {
      const broken: RowChange[] = []
      for (const row of slice) {
        const name = nameOf(row.key.subarray(1))
        const whole = row.value[4] === 0 || sizes.get(name) === lengthIn(row.value)
        if (whole) {
          used += lengthIn(row.value)
          sizes.delete(name)
        } else {
          broken.push({ key: row.key, value: null })
          await this.#init.damaged(row.key.slice(1))
        }
      }
      await this.#rows.write(broken)
    }
    this.#usedBytes = used
    const rowless = [...sizes].filter(([name, size]) => isName(name) && size <= blockBytesMax).map(([name]) => name)
    let adopted = 0
    for (let at = 0; at < rowless.length; at += rowsMax) adopted += await this.#adopt(rowless.slice(at, at + rowsMax))
    return adopted
  }

  async #adopt(names: readonly string[]): Promise<number> {
    const changes: RowChange[] = []
    for (const name of names) {
      const multihash = multihashOf(name)
      const bytes = await this.#files.read(name)
      if (bytes === undefined) continue
      if (isOf(multihash, bytes)) {
        changes.push({ key: key(blockPrefix, multihash), value: rowOf(bytes.length, true) })
        this.#usedBytes += bytes.length
      } else await this.#files.remove(name)
    }
    await this.#rows.write(changes)
    return changes.length
  }
}

function isOf(multihash: Uint8Array, bytes: Uint8Array): boolean {
  try {
    return matches(multihash, bytes)
  } catch {
    // The name of the file is no multihash.
    return false
  }
}

function isName(file: string): boolean {
  return /^([0-9a-f]{2}){3,}$/.test(file)
}

function rowOf(length: number, inFile: boolean): Uint8Array {
  const row = Buffer.alloc(5)
  row.writeUInt32BE(length, 0)
  row[4] = inFile ? 1 : 0
  return row
}

function lengthIn(row: Uint8Array): number {
  return Buffer.from(row.buffer, row.byteOffset, row.byteLength).readUInt32BE(0)
}
