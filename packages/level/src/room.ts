// Is there room to open a database anew? LevelDB writes its log into a table when it opens, so what the logs hold is needed
// once more. Asking the file system how much is free does not tell of quotas and limits; writing as much does.

import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** For a new manifest, a new log and the folder itself. */
const spareBytes: number = 512 << 10
const pieceBytes: number = 64 << 10

export async function hasRoom(path: string): Promise<boolean> {
  const probe = `${path}.room`
  try {
    const bytes = (await logBytes(path)) + spareBytes
    const file = await open(probe, 'w')
    try {
      const piece = crypto.getRandomValues(new Uint8Array(pieceBytes))
      for (let at = 0; at < bytes; at += pieceBytes) await file.write(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    return true
  } catch {
    return false
  } finally {
    await forgetProbe(path)
  }
}

/** Removes what a process that was killed at it has left. */
export async function forgetProbe(path: string): Promise<void> {
  await rm(`${path}.room`, { force: true }).catch(() => {})
}

async function logBytes(path: string): Promise<number> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
