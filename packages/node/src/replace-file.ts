// Replacing a file whole: after a crash there is the old one or the new one. It stands in a file of its own, without
// imports of ours, so that the command line can have it without loading a peer.

import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

let drafts = 0

/** Written beside, synced, renamed; what was written beside goes if that fails. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}.${drafts++}.tmp`
  try {
    const file = await open(beside, 'w', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
