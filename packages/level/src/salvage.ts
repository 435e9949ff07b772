// What can still be read of a database that LevelDB may not open any more: every row of a block or record whose sum is right. It is
// read here and not by LevelDB's own repair, which lets whole tables go and can end the process on a changed byte. What was
// read goes into a new database, of each key the newest that is left: what was replaced or deleted may come to light again
// where the damage has taken the later write.

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Cursor } from './cursor.ts'
import { isLog } from './log-check.ts'
import { blockBytes, type Fragment, readBlock } from './log-records.ts'
import { type Operation, SteadyLevel } from './steady-level.ts'
import { type Block, blockAt, handlesIn, indexes, leadingBlocks, rowsIn } from './table-blocks.ts'
import { isTable } from './table-check.ts'

export interface Salvage {
  /** folder of the damaged database; nothing in it is changed */
  readonly from: string
  /** folder of the new one; there must be none yet */
  readonly to: string
  /** Is this a row as it was written? Default: any is. */
  readonly isSound?: (key: Uint8Array, value: Uint8Array) => boolean
  readonly signal?: AbortSignal | undefined
}

interface Found {
  readonly key: Uint8Array
  /** undefined: it was deleted */
  readonly value: Uint8Array | undefined
  /** a later write has a higher one */
  readonly sequence: number
}

/** Bytes that are written at once, and between two looks at the signal. */
const batchBytes: number = 1 << 20
/** The last byte of a key in a table, and the first of a change in a log: 0 says that it was deleted. */
const putTag = 1

/** LevelDB sorts what was found, the newest of each key first, so that memory stays bounded however much it is. */
export async function salvage({ from, to, isSound = () => true, signal }: Salvage): Promise<void> {
  const sorting = `${to}.sorting`
  await rm(sorting, { recursive: true, force: true })
  const sorted = await SteadyLevel.open({ path: sorting })
  try {
    await writeAll(sorted, toBeSorted(from, isSound), signal)
    const anew = await SteadyLevel.open({ path: to })
    try {
      await writeAll(anew, newest(sorted), signal)
    } finally {
      await anew.close()
    }
  } finally {
    await sorted.close()
    await rm(sorting, { recursive: true, force: true })
  }
}

async function writeAll(
  level: SteadyLevel,
  operations: AsyncIterable<Operation>,
  signal: AbortSignal | undefined
): Promise<void> {
  let bytes = 0
  let batch: Operation[] = []
  for await (const operation of operations) {
    batch.push(operation)
    bytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
    if (bytes < batchBytes) continue
    signal?.throwIfAborted()
    await level.batch(batch, { sync: false })
    batch = []
    bytes = 0
  }
  await level.batch(batch, { sync: true })
}

async function* toBeSorted(from: string, isSound: NonNullable<Salvage['isSound']>): AsyncGenerator<Operation> {
  for await (const { key, value, sequence } of rowsLeft(from)) {
    if (value !== undefined && !isSound(key, value)) continue
    const kept = Buffer.concat([Buffer.of(value === undefined ? 0 : 1), value ?? Buffer.alloc(0)])
    yield { type: 'put', key: sortKey(key, sequence), value: kept }
  }
}

/** Length of the key, the key, and what is lower the later it was written. */
function sortKey(key: Uint8Array, sequence: number): Uint8Array {
  const sort = Buffer.alloc(2 + key.length + 8)
  sort.writeUInt16BE(key.length)
  sort.set(key, 2)
  sort.writeBigUInt64BE(BigInt(Number.MAX_SAFE_INTEGER - sequence), 2 + key.length)
  return sort
}

/** Keys shorter than two bytes are SteadyLevel's own. */
async function* newest(sorted: SteadyLevel): AsyncGenerator<Operation> {
  const iterator = await sorted.iterator({ gte: Uint8Array.of(0, 2), highWaterMarkBytes: batchBytes })
  try {
    let before: Uint8Array = new Uint8Array()
    for (let rows = await iterator.nextv(1000); rows.length > 0; rows = await iterator.nextv(1000)) {
      for (const [sort, kept] of rows) {
        const key = sort.subarray(2, -8)
        if (Buffer.compare(key, before) !== 0 && kept[0] === 1) yield { type: 'put', key, value: kept.subarray(1) }
        before = key
      }
    }
  } finally {
    await iterator.close()
  }
}

async function* rowsLeft(path: string): AsyncGenerator<Found> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.sort()) {
    const read = isTable(name) ? ofTable : isLog(name) ? ofLog : undefined
    if (read !== undefined) yield* read(await readFile(join(path, name)))
  }
}

function* ofTable(table: Buffer): Generator<Found> {
  for (const block of blocksOf(table)) yield* orNone(() => Array.from(rowsIn(block), rowOf))
}

function blocksOf(table: Buffer): Iterable<Block> {
  const blocks = orNone(() => {
    const [, data] = indexes(table)
    const index = data && blockAt(table, data)
    return index === undefined ? [] : Array.from(handlesIn(index), (handle) => blockAt(table, handle))
  })
  return blocks.length > 0 ? blocks.filter((block) => block !== undefined) : leadingBlocks(table)
}

/** Behind the key stand, in 8 bytes, the number of its write and what it was. */
function rowOf({ key, value }: { key: Buffer; value: Buffer }): Found {
  const tag = key.readBigUInt64LE(key.length - 8)
  return {
    key: key.subarray(0, -8),
    value: Number(tag & 255n) === putTag ? value : undefined,
    sequence: Number(tag >> 8n)
  }
}

function* ofLog(log: Buffer): Generator<Found> {
  for (const record of recordsOf(log)) yield* orNone(() => rowsOf(record))
}

function* recordsOf(log: Buffer): Generator<Buffer> {
  let begun: Buffer[] = []
  const next = ({ type, data }: Fragment): Buffer | undefined => {
    if (type === 1 || type === 2) begun = []
    else if (begun.length === 0) return undefined
    begun.push(data)
    return type === 1 || type === 4 ? Buffer.concat(begun.splice(0)) : undefined
  }
  for (let at = 0; at < log.length; at += blockBytes) {
    const { fragments, whole } = readBlock(log.subarray(at, at + blockBytes))
    for (const fragment of fragments) {
      const record = next(fragment)
      if (record !== undefined) yield record
    }
    if (!whole) begun = []
  }
}

/** A batch: the number of its first change, how many there are, and the changes. */
function rowsOf(record: Buffer): Found[] {
  const from = new Cursor(record)
  const first = Number(from.take(8).readBigUInt64LE())
  const count = from.take(4).readUInt32LE()
  const rows: Found[] = []
  for (let n = 0; n < count; n++) {
    const isPut = from.byte() === putTag
    const key = from.take(from.varint())
    rows.push({ key, value: isPut ? from.take(from.varint()) : undefined, sequence: first + n })
  }
  return rows
}

/** Nothing of what is not well formed, although its sum is right. */
function orNone<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return []
    throw error
  }
}
