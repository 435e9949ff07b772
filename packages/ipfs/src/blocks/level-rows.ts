// Rows on LevelDB. Writes that wait at the same moment go into one synced batch: 16 small pins side by side cost one
// fsync, not sixteen.

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import type { Mark, SteadyLevel } from '@pinmesh/level'
import { type OpenLevel, openLevel } from './open-level.ts'
import type { Rows, RowChange, StoredRow } from './rows.ts'

/** Bytes of one shared batch: bounds what one fsync waits for. */
const batchBytesMax = 4 << 20

/** Bytes that one step of an iterator reads. */
const readBytes = 256 << 10

interface Waiting {
  changes: readonly RowChange[]
  resolve(): void
  reject(error: unknown): void
}

export class LevelRows implements Rows {
  readonly #init: OpenLevel
  #opened: { level: SteadyLevel; mark: Mark } | undefined
  #waiting: Waiting[] = []
  #writing = false

  constructor(init: OpenLevel) {
    this.#init = init
  }

  async open(): Promise<void> {
    await mkdir(dirname(this.#init.path), { recursive: true })
    this.#opened = await openLevel(this.#init)
  }

  get #db(): SteadyLevel {
    if (this.#opened === undefined) throw new Error('the rows are not open')
    return this.#opened.level
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#db.getSync(key)
    return value === undefined ? undefined : plain(value)
  }

  async write(changes: readonly RowChange[]): Promise<void> {
    if (changes.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ changes, resolve, reject })
    if (!this.#writing) void this.#drain()
    await promise
  }

  async #drain(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const group = this.#take()
      try {
        await this.#db.batch(
          group.flatMap(({ changes }) =>
            changes.map(({ key, value }) =>
              value === null ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const)
            )
          ),
          { sync: true }
        )
        this.#opened?.mark.reached(this.#db.durable)
        for (const one of group) one.resolve()
        // What else comes in this turn of the loop goes into the next batch.
        await immediate()
      } catch (error) {
        for (const one of group) one.reject(error)
      }
    }
    this.#writing = false
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { changes } of this.#waiting) {
      for (const change of changes) bytes += change.key.length + (change.value?.length ?? 0)
      count++
      if (bytes >= batchBytesMax) break
    }
    return this.#waiting.splice(0, count)
  }

  async range(prefix: Uint8Array, after: Uint8Array | undefined, limit: number): Promise<StoredRow[]> {
    const lower = after === undefined ? { gte: prefix } : { gt: after }
    const iterator = await this.#db.iterator({ ...lower, lt: endOf(prefix), limit, highWaterMarkBytes: readBytes })
    const found: StoredRow[] = []
    try {
      // One nextv() brings what fits into highWaterMarkBytes, not what was asked for: a short answer is not the end.
      while (found.length < limit) {
        const rows = await iterator.nextv(limit - found.length)
        if (rows.length === 0) break
        for (const [key, value] of rows) found.push({ key: plain(key), value: plain(value) })
      }
      return found
    } finally {
      await iterator.close()
    }
  }

  async last(prefix: Uint8Array): Promise<StoredRow | undefined> {
    const iterator = await this.#db.iterator({ gte: prefix, lt: endOf(prefix), limit: 1, reverse: true })
    try {
      const row = await iterator.next()
      return row === undefined ? undefined : { key: plain(row[0]), value: plain(row[1]) }
    } finally {
      await iterator.close()
    }
  }

  async close(): Promise<void> {
    await this.#opened?.mark.close()
    await this.#opened?.level.close()
  }
}

/** LevelDB gives Buffers, whose slice() does not copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The least key behind all keys with this prefix. No prefix of ours ends in 0xff throughout. */
function endOf(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice()
  for (let at = end.length - 1; at >= 0; at--) {
    if (end[at] === 255) continue
    end[at] = (end[at] ?? 0) + 1
    return end.subarray(0, at + 1)
  }
  return new Uint8Array([255])
}
