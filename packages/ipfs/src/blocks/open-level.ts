// Opening the table. Its files are looked through first; a damaged one is put aside, and what can be read of it comes into its
// place. Such a table may lack rows, and so may one that is not as far as it was (emptied, or put back from a backup): it says
// so in a row of its own, written before anything else, until the journal has found again what it stands for.

import { corruptionIn, faultIn, Mark, moveIn, removeWithMark, replaceBy, salvage, SteadyLevel } from '@pinmesh/level'
import { matches } from '../dag/digest.ts'
import { doubtKey, valuePrefix } from './keys.ts'

/** A table that was damaged. */
export interface Mended {
  /** what was wrong with it, in words */
  readonly reason: string
  /** folder of what was there; undefined: nothing was damaged, rows are missing */
  readonly aside?: string
}

export interface OpenLevel {
  readonly path: string
  readonly mended?: ((mended: Mended) => void) | undefined
}

// Block bytes do not compress, and each small block is read far more often than written.
const options = { compression: false, writeBufferSize: 16 << 20, cacheSize: 32 << 20 }
/** Small blocks are read by their hash: only what stands before them is looked through. */
const upTo = Buffer.from(valuePrefix)

export async function openLevel({ path, mended }: OpenLevel): Promise<{ level: SteadyLevel; mark: Mark }> {
  await moveIn(path)
  const { level, reason } = await openSound(path)
  if (level === undefined) {
    const aside = await mend(path)
    mended?.({ reason, ...(aside === undefined ? {} : { aside }) })
    return { level: await SteadyLevel.open({ path, options }), mark: await Mark.read(path) }
  }
  const mark = await Mark.read(path)
  const behind = mark.behind(level.durable)
  if (behind === undefined) return { level, mark }
  mended?.({ reason: behind })
  await doubt(level)
  return { level, mark: await mark.anew() }
}

async function openSound(path: string): Promise<{ level?: SteadyLevel; reason: string }> {
  const fault = await faultIn(path, upTo)
  if (fault !== undefined) return { reason: fault }
  try {
    return { level: await SteadyLevel.open({ path, options }), reason: '' }
  } catch (error) {
    const reason = corruptionIn(error)
    if (reason === undefined) throw error
    return { reason }
  }
}

/** Where the damaged table went. */
async function mend(path: string): Promise<string | undefined> {
  const begun = `${path}.salvaging`
  await removeWithMark(begun)
  await salvage({ from: path, to: begun, isSound: isWritten })
  const level = await SteadyLevel.open({ path: begun, options })
  await doubt(level)
  await level.close()
  return replaceBy(begun, path)
}

/** Writes that rows may be missing; closes the table if it takes no write. */
async function doubt(level: SteadyLevel): Promise<void> {
  try {
    await level.batch([{ type: 'put', key: doubtKey, value: Uint8Array.of(1) }], { sync: true })
  } catch (error) {
    await level.close()
    throw error
  }
}

function isWritten(key: Uint8Array, value: Uint8Array): boolean {
  return key[0] !== upTo[0] || matches(key.subarray(1), value)
}
