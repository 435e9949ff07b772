// Looks through LevelDB's tables before it opens them. LevelDB does not check the sums of what it reads, and a changed byte can
// make it end the whole process.

import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Block,
  blockAt,
  footerBytes,
  type Handle,
  handlesIn,
  indexes,
  rowsIn,
  trailerBytes
} from './table-blocks.ts'

/** The name of a table that is not what was written; undefined if all are. Rows from the key `upTo` on are not looked at. */
export async function brokenTable(path: string, upTo?: Uint8Array): Promise<string | undefined> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.filter(isTable).sort()) {
    const file = await open(join(path, name))
    try {
      if (!(await isWhole(file, upTo))) return name
    } finally {
      await file.close()
    }
  }
  return undefined
}

export function isTable(name: string): boolean {
  return /\.(ldb|sst)$/.test(name)
}

async function isWhole(file: FileHandle, upTo: Uint8Array | undefined): Promise<boolean> {
  const { size } = await file.stat()
  try {
    const [about, data] = indexes(await read(file, Math.max(0, size - footerBytes), size)) as [Handle, Handle]
    const from = Math.min(about.offset, data.offset)
    const indexed = await read(file, from, size)
    const [aboutIndex, dataIndex] = [about, data].map((one) => blockAt(indexed, { ...one, offset: one.offset - from }))
    if (aboutIndex === undefined || dataIndex === undefined) return false
    const blocks = [...handlesIn(aboutIndex), ...handlesUpTo(dataIndex, upTo)]
    const table = await read(file, 0, Math.min(size, Math.max(0, ...blocks.map(endOf))))
    // A table has 2 MB, of which 10 ms go into its sums.
    await new Promise((resolve) => setImmediate(resolve))
    return blocks.every((block) => blockAt(table, block) !== undefined)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** The index has for each block a key that is not less than its last one. */
function handlesUpTo(index: Block, upTo: Uint8Array | undefined): Handle[] {
  const handles = [...handlesIn(index)]
  if (upTo === undefined) return handles
  const last = Array.from(rowsIn(index)).findIndex(({ key }) => Buffer.compare(key, upTo) >= 0)
  return last < 0 ? handles : handles.slice(0, last + 1)
}

function endOf({ offset, size }: Handle): number {
  return offset + size + trailerBytes
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
  return bytes.subarray(0, bytesRead)
}
