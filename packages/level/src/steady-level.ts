// A LevelDB that gets well again. After a write that the disk refused LevelDB goes on, but what it writes behind a torn record
// is passed over when it is opened the next time; after a failed sync or compaction it refuses all writes until it is opened
// anew. So here no batch follows a failed one: the database stays open for reading until the disk shows that it has room,
// and is then closed and opened in place, which leaves the torn record behind.
//
// What was refused must not come to light, and what was promised must be there. Each batch carries its number under a key of
// its own. After a failure the values that the batch would have changed are kept; once the database is open again, the number
// in it says whether the refused batch is there after all (a failed sync leaves it): then it is undone. Any other number than
// that or the last good one means that something was lost, and nothing is written any more.

import { ClassicLevel } from 'classic-level'
import { forgetProbe, hasRoom } from './room.ts'

type Level = ClassicLevel<Uint8Array, Uint8Array>
type LevelOptions = ConstructorParameters<typeof ClassicLevel<Uint8Array, Uint8Array>>[1]

/** What is used of an iterator of LevelDB. */
export interface LevelIterator {
  next(): Promise<[Uint8Array, Uint8Array] | undefined>
  nextv(count: number): Promise<[Uint8Array, Uint8Array][]>
  close(): Promise<void>
}

export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export interface Bounds {
  gt?: Uint8Array
  gte?: Uint8Array
  lt?: Uint8Array
  limit?: number
  reverse?: boolean
  highWaterMarkBytes?: number
}

export interface SteadyLevelInit {
  path: string
  /** What makes the database; default: classic-level. */
  make?: (path: string, options: LevelOptions) => Level
  /** Of LevelDB; default: its own. */
  options?: { compression?: boolean; writeBufferSize?: number; cacheSize?: number }
}

/** The number of the last batch; no other key may be this one. */
const markKey = Uint8Array.of(0)
/** A disk that has just refused is left alone for so long, ms. */
const patienceMs = 500

interface Refused {
  readonly error: unknown
  readonly number: number
  /** what undoes it; undefined if that could not be read */
  readonly undo: Operation[] | undefined
}

export class SteadyLevel {
  readonly #init: SteadyLevelInit
  #db: Level
  #number = 0
  #durable = 0
  #refused: Refused | undefined
  #lost: Error | undefined
  #reopening: Promise<void> | undefined
  #triedAt = -Infinity
  #closed = false

  private constructor(init: SteadyLevelInit, db: Level) {
    this.#init = init
    this.#db = db
  }

  /** Opens the database in a folder, which is made if need be. Rejects with LevelDB's own error. */
  static async open(init: SteadyLevelInit): Promise<SteadyLevel> {
    await forgetProbe(init.path)
    const level = new SteadyLevel(init, await opened(init))
    level.#number = level.#durable = await level.#readNumber()
    return level
  }

  /** The number of the last batch that survives loss of power. Numbers only grow, over restarts too. */
  get durable(): number {
    return this.#durable
  }

  /** Throws while the database is being opened anew. */
  getSync(key: Uint8Array): Uint8Array | undefined {
    return this.#db.getSync(key)
  }

  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    await this.#readable()
    return this.#db.getMany(keys)
  }

  /** It ends with an error if the database is opened anew meanwhile. */
  async iterator(bounds: Bounds): Promise<LevelIterator> {
    await this.#readable()
    return this.#db.iterator(bounds)
  }

  /**
   * Atomic; with `sync` durable when it resolves, as are all before it. One at a time: the caller waits for the last one. A batch that was
   * refused has changed nothing, now and after a restart; the next one is tried once the disk takes writes again.
   */
  async batch(operations: readonly Operation[], options: { sync: boolean }): Promise<void> {
    await this.#writable()
    const number = this.#number + 1
    try {
      await write(this.#db, [...operations, { type: 'put', key: markKey, value: numberBytes(number) }], options)
      this.#number = number
      if (options.sync) this.#durable = number
    } catch (error) {
      this.#triedAt = performance.now()
      this.#refused = { error, number, undo: await this.#undoOf(operations) }
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reopening?.catch(() => {})
    if (this.#db.status === 'open') await this.#db.close()
  }

  async #writable(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost
    const refused = this.#refused
    if (refused === undefined) return
    if (performance.now() - this.#triedAt < patienceMs) throw refused.error
    this.#triedAt = performance.now()
    if (!(await hasRoom(this.#init.path))) throw refused.error
    await this.#reopen()
    await this.#settle(refused)
  }

  /** Opening anew may fail when others took the room in between; then reading has to try it too. */
  async #readable(): Promise<void> {
    if (this.#reopening !== undefined) await this.#reopening
    else if (this.#db.status !== 'open' && !this.#closed) await this.#reopen()
  }

  async #reopen(): Promise<void> {
    this.#reopening ??= (async () => {
      if (this.#db.status === 'open') await this.#db.close()
      this.#db = await opened(this.#init)
    })().finally(() => (this.#reopening = undefined))
    await this.#reopening
  }

  /** The database was opened anew after a refused batch: makes sure that nothing of it is there, and all before it. */
  async #settle({ error, number, undo }: Refused): Promise<void> {
    const found = await this.#readNumber()
    if (found === number && undo !== undefined) await write(this.#db, undo, { sync: true })
    else if (found !== number - 1) {
      this.#lost = new Error(`corrupted: batch ${number - 1} was written, and ${found} is the last one there`, {
        cause: error
      })
      throw this.#lost
    }
    this.#number = found
    this.#refused = undefined
  }

  /** What the keys of a batch hold now, as operations. */
  async #undoOf(operations: readonly Operation[]): Promise<Operation[] | undefined> {
    try {
      const keys = operations.map(({ key }) => key)
      const values = await this.#db.getMany(keys)
      return keys.map((key, at) => {
        const value = values[at]
        return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
      })
    } catch {
      return undefined
    }
  }

  async #readNumber(): Promise<number> {
    const bytes = await this.#db.get(markKey)
    return bytes?.length === 8 ? Number(Buffer.from(bytes).readBigUInt64BE()) : 0
  }
}

async function opened({ path, options, make = classic }: SteadyLevelInit): Promise<Level> {
  const db = make(path, { keyEncoding: 'view', valueEncoding: 'view', ...options })
  await db.open()
  return db
}

/** All or nothing. LevelDB's chained batch takes a row in a quarter of the time that it takes for one of an array. */
async function write(db: Level, operations: readonly Operation[], options: { sync: boolean }): Promise<void> {
  const batch = db.batch()
  for (const one of operations) {
    if (one.type === 'put') batch.put(one.key, one.value)
    else batch.del(one.key)
  }
  await batch.write(options)
}

function classic(path: string, options: LevelOptions): Level {
  return new ClassicLevel(path, options)
}

function numberBytes(number: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(number))
  return new Uint8Array(bytes)
}
