// Looks through LevelDB's log files before it opens them. LevelDB passes over a damaged record in the middle of a log without a
// word: a write would be gone and later ones stand. Only the last record may be broken, where a process was ended at it.
// The format (leveldb/doc/log_format.md): blocks of 32 KiB, in them records of a masked CRC-32C, a length, a type and the data.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { maskedCrc32c } from './crc32c.ts'

const blockBytes = 32 << 10
const headerBytes = 7

/** The name of a log in which something is broken that is not its end; undefined if there is none. */
export async function brokenLog(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.filter((each) => each.endsWith('.log')).sort()) {
    const bytes = await readFile(join(path, name))
    let broken = false
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const { records, whole } = readBlock(bytes.subarray(at, at + blockBytes))
      if (broken && records > 0) return name
      if (!whole) broken = true
      // Hashing a block takes about 0.1 ms; a log of several MB must not hold everything else up.
      if ((at / blockBytes) % 64 === 63) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return undefined
}

/** How many good records the block begins with, and whether nothing but room for none follows them. */
function readBlock(block: Buffer): { records: number; whole: boolean } {
  let records = 0
  for (let at = 0; at + headerBytes <= block.length; records++) {
    const length = block.readUInt16LE(at + 4)
    const type = block[at + 6] as number
    const end = at + headerBytes + length
    // Zeros are room that was set aside and never written.
    if (type === 0 && length === 0) return { records, whole: block.subarray(at).every((byte) => byte === 0) }
    if (end > block.length || maskedCrc32c(block.subarray(at + 6, end)) !== block.readUInt32LE(at))
      return { records, whole: false }
    at = end
  }
  return { records, whole: true }
}
