// Looks through LevelDB's tables before it opens them. LevelDB does not check the sums of what it reads, and a changed byte can
// make it end the whole process.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blockAt, handlesIn, indexes } from './table-blocks.ts'

/** The name of a table that is not what was written; undefined if all are. */
export async function brokenTable(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.filter(isTable).sort()) {
    if (!(await isWhole(await readFile(join(path, name))))) return name
  }
  return undefined
}

export function isTable(name: string): boolean {
  return /\.(ldb|sst)$/.test(name)
}

async function isWhole(table: Buffer): Promise<boolean> {
  try {
    for (const handle of indexes(table)) {
      const index = blockAt(table, handle)
      if (index === undefined) return false
      for (const one of handlesIn(index)) if (blockAt(table, one) === undefined) return false
      // A table has 2 MB, of which 10 ms go into its sums.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
