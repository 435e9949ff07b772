// The records of one of LevelDB's logs (leveldb/doc/log_format.md): blocks of 32 KiB, in them records of a masked CRC-32C, a
// length, a type and the data; what does not fit into a block goes on in the next one.

import { maskedCrc32c } from './crc32c.ts'

export const blockBytes: number = 32 << 10
const headerBytes = 7

export interface Fragment {
  /** 1: whole, 2: a record begins, 3: it goes on, 4: it ends */
  readonly type: number
  readonly data: Buffer
}

/** The good fragments with which a block begins, and whether nothing but room for none follows them. */
export function readBlock(block: Buffer): { fragments: Fragment[]; whole: boolean } {
  const fragments: Fragment[] = []
  for (let at = 0; at + headerBytes <= block.length;) {
    const length = block.readUInt16LE(at + 4)
    const type = block[at + 6] as number
    const end = at + headerBytes + length
    // Zeros are room that was set aside and never written.
    if (type === 0 && length === 0) return { fragments, whole: block.subarray(at).every((byte) => byte === 0) }
    if (end > block.length || maskedCrc32c(block.subarray(at + 6, end)) !== block.readUInt32LE(at))
      return { fragments, whole: false }
    fragments.push({ type, data: block.subarray(at + headerBytes, end) })
    at = end
  }
  return { fragments, whole: true }
}
