// Looks through LevelDB's log files before it opens them. LevelDB passes over a damaged record in the middle of a log without a
// word: a write would be gone and later ones stand. Only the last record may be broken, where a process was ended at it.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blockBytes, readBlock } from './log-records.ts'

/** The name of a log in which something is broken that is not its end; undefined if there is none. */
export async function brokenLog(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.filter(isLog).sort()) {
    const bytes = await readFile(join(path, name))
    let broken = false
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const { fragments, whole } = readBlock(bytes.subarray(at, at + blockBytes))
      if (broken && fragments.length > 0) return name
      if (!whole) broken = true
      // Hashing a block takes about 0.1 ms; a log of several MB must not hold everything else up.
      if ((at / blockBytes) % 64 === 63) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return undefined
}

export function isLog(name: string): boolean {
  return name.endsWith('.log')
}
