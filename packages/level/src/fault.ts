// What is wrong with the files of a database, before LevelDB opens them.

import { readdir } from 'node:fs/promises'
import { brokenLog } from './log-check.ts'
import { brokenTable } from './table-check.ts'

/**
 * In words, for a sentence; undefined where nothing is. `upTo`: rows from this key on are not looked at, whoever reads them knows
 * what they should be.
 */
export async function faultIn(path: string, upTo?: Uint8Array): Promise<string | undefined> {
  if (await isHeadless(path)) return 'its file CURRENT is missing'
  const broken = (await brokenLog(path)) ?? (await brokenTable(path, upTo))
  return broken === undefined ? undefined : `its file ${broken} is not what was written`
}

/** LevelDB would begin anew in a folder that has lost its CURRENT file, and delete the tables that it finds there. */
async function isHeadless(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => [])
  return !names.includes('CURRENT') && names.some((name) => /^MANIFEST-|\.ldb$/.test(name))
}
