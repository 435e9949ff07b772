// What can still be read of a database that LevelDB may not open any more: every row of a block or record whose sum is right. It is
// read here and not by LevelDB's own repair, which lets whole tables go and can end the process on a changed byte. Nothing is
// written. What was replaced or deleted once may come to light again: the caller chooses by the numbers.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Cursor } from './cursor.ts'
import { isLog } from './log-check.ts'
import { blockBytes, type Fragment, readBlock } from './log-records.ts'
import { type Block, blockAt, handlesIn, indexes, leadingBlocks, rowsIn } from './table-blocks.ts'
import { isTable } from './table-check.ts'

export interface SalvagedRow {
  readonly key: Uint8Array
  /** undefined: it was deleted */
  readonly value: Uint8Array | undefined
  /** a later write has a higher one */
  readonly sequence: number
}

/** Bytes read between two turns of the event loop: about 10 ms. */
const turnBytes: number = 1 << 20
/** The last byte of a key in a table, and the first of a change in a log: 0 says that it was deleted. */
const putTag = 1

/** The rows of a folder in no order, as many at a time as a block or record holds. */
export async function* salvage(path: string): AsyncGenerator<SalvagedRow[]> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.sort()) {
    const read = isTable(name) ? ofTable : isLog(name) ? ofLog : undefined
    if (read === undefined) continue
    let bytes = 0
    for (const rows of read(await readFile(join(path, name)))) {
      yield rows
      for (const { key, value } of rows) bytes += key.length + (value?.length ?? 0)
      if (bytes < turnBytes) continue
      bytes = 0
      await setImmediate()
    }
  }
}

function* ofTable(table: Buffer): Generator<SalvagedRow[]> {
  for (const block of blocksOf(table)) {
    const rows = orNone(() => Array.from(rowsIn(block), rowOf))
    if (rows.length > 0) yield rows
  }
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
function rowOf({ key, value }: { key: Buffer; value: Buffer }): SalvagedRow {
  const tag = key.readBigUInt64LE(key.length - 8)
  return {
    key: key.subarray(0, -8),
    value: Number(tag & 255n) === putTag ? value : undefined,
    sequence: Number(tag >> 8n)
  }
}

function* ofLog(log: Buffer): Generator<SalvagedRow[]> {
  for (const record of recordsOf(log)) {
    const rows = orNone(() => rowsOf(record))
    if (rows.length > 0) yield rows
  }
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
function rowsOf(record: Buffer): SalvagedRow[] {
  const from = new Cursor(record)
  const first = Number(from.take(8).readBigUInt64LE())
  const count = from.take(4).readUInt32LE()
  const rows: SalvagedRow[] = []
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
