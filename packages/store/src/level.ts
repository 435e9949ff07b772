// The store on disk: LevelDB, one process per folder. We work on classic-level itself (in @pinmesh/level), not through
// datastore-level: that layer keys by text (ours are hashes), offers neither a synced batch nor nextv nor getMany
// (810k rows/s against 370k, 178k reads/s against 27k), and turns an error into a string, so that a locked folder
// could not be told from a damaged one.
// All writes pass one queue: what waits while a batch is being written leaves with the next one. That keeps them in
// the order of the calls (a crash then loses a tail only) and shares one fsync among all that wait for one.

import { faultIn, Mark, type Operation, SteadyLevel } from '@pinmesh/level'
import { operationOf, plain, prefixed, soundValue, tableBytes } from './kept-row.ts'
import { storeErrorOf, StoreError } from './store-error.ts'
import { chunkBytesMax, chunkRowsMax } from './store.ts'
import type { Row, Store, StoredRow, Table } from './store.ts'

/** A group of waiting writes is closed at this many rows, so that one batch never blocks the disk for long. */
const groupRowsMax = 10_000

interface Waiting {
  operations: Operation[]
  sync: boolean
  done: PromiseWithResolvers<void>
}

interface Asked {
  key: Uint8Array
  done: PromiseWithResolvers<Uint8Array | undefined>
}

class LevelStore implements Store {
  readonly #db: SteadyLevel
  readonly #mark: Mark
  #waiting: Waiting[] = []
  #draining: Promise<void> | undefined
  #asked: Asked[] = []
  #closing: Promise<void> | undefined

  constructor(db: SteadyLevel, mark: Mark) {
    this.#db = db
    this.#mark = mark
  }

  async *range(table: Table, from?: Uint8Array, to?: Uint8Array): AsyncGenerator<StoredRow[], void, undefined> {
    const byte = tableBytes[table]
    const bounds = {
      gte: from === undefined ? Uint8Array.of(byte) : prefixed(byte, from),
      lt: to === undefined ? Uint8Array.of(byte + 1) : prefixed(byte, to),
      highWaterMarkBytes: chunkBytesMax
    }
    try {
      this.#check()
      const iterator = await this.#db.iterator(bounds)
      try {
        for (;;) {
          const rows = await iterator.nextv(chunkRowsMax)
          if (rows.length === 0) return
          yield rows.map(([key, value]) => ({ key: plain(key, 1), value: checked(key, value) }))
        }
      } finally {
        await iterator.close()
      }
    } catch (error) {
      throw storeErrorOf(error)
    }
  }

  async get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#check()
    const done = Promise.withResolvers<Uint8Array | undefined>()
    this.#asked.push({ key: prefixed(tableBytes[table], key), done })
    if (this.#asked.length === 1) queueMicrotask(() => void this.#answer())
    else if (this.#asked.length === chunkRowsMax) void this.#answer()
    return done.promise
  }

  async write(rows: readonly Row[], options: { sync: boolean }): Promise<void> {
    this.#check()
    if (rows.length === 0 && !options.sync) return
    const operations = rows.map(operationOf)
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ operations, sync: options.sync, done })
    this.#draining ??= this.#drain()
    return done.promise
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#draining
    try {
      await this.#mark.close()
      await this.#db.close()
    } catch (error) {
      throw storeErrorOf(error)
    }
  }

  /** Never rejects: every outcome goes to the callers that wait for it. */
  async #drain(): Promise<void> {
    await Promise.resolve() // calls of the same turn share the first batch too
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        const operations = group.length === 1 ? group[0]!.operations : group.flatMap((waiting) => waiting.operations)
        await this.#db.batch(operations, { sync: group.some((waiting) => waiting.sync) })
        for (const waiting of group) waiting.done.resolve()
        this.#mark.reached(this.#db.durable)
      } catch (error) {
        // What waited meanwhile came after it, and must not be kept without it.
        const failure = storeErrorOf(error)
        for (const waiting of [...group, ...this.#waiting.splice(0)]) waiting.done.reject(failure)
      }
    }
    this.#draining = undefined
  }

  #takeGroup(): Waiting[] {
    let count = 0
    let rows = 0
    for (const waiting of this.#waiting) {
      rows += waiting.operations.length
      if (count > 0 && rows > groupRowsMax) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Never rejects. */
  async #answer(): Promise<void> {
    const asked = this.#asked
    this.#asked = []
    if (asked.length === 0) return
    try {
      const values = await this.#db.getMany(asked.map((one) => one.key))
      for (const [index, one] of asked.entries()) {
        const value = values[index]
        one.done.resolve(value === undefined ? undefined : checked(one.key, value))
      }
    } catch (error) {
      for (const one of asked) one.done.reject(storeErrorOf(error))
    }
  }

  #check(): void {
    if (this.#closing !== undefined) throw new StoreError('MESH_STORE_FAILED', 'The store is closed.')
  }
}

function checked(key: Uint8Array, kept: Uint8Array): Uint8Array {
  const value = soundValue(key, kept)
  if (value !== undefined) return value
  throw new StoreError('MESH_STORE_DAMAGED', 'The store is damaged (a row is not what was written).')
}

/**
 * Opens the store in a folder, which is made if need be; its files are looked through first. Rejects with a StoreError: MESH_HOME_BUSY if another process
 * has it, MESH_STORE_DAMAGED, MESH_DISK_FULL, else MESH_STORE_FAILED.
 */
export async function createLevelStore(init: { path: string }): Promise<Store> {
  const fault = await faultIn(init.path)
  if (fault !== undefined) throw new StoreError('MESH_STORE_DAMAGED', `The store is damaged (${fault}).`)
  let db: SteadyLevel | undefined
  try {
    db = await SteadyLevel.open(init)
    const mark = await Mark.read(init.path)
    const behind = mark.behind(db.durable)
    if (behind !== undefined) throw new StoreError('MESH_STORE_DAMAGED', `The store has lost what it held (${behind}).`)
    return new LevelStore(db, mark)
  } catch (error) {
    await db?.close().catch(() => {})
    throw storeErrorOf(error)
  }
}
