// Looks through LevelDB's tables before it opens them. LevelDB does not check the sums of what it reads, and a changed byte can
// make it end the whole process. The format (leveldb/doc/table_format.md): blocks, each with its kind and a masked CRC-32C
// behind it; an index of them; a footer that says where the index is.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { maskedCrc32c } from './crc32c.ts'
import { unpack } from './snappy.ts'

const footerBytes = 48
const trailerBytes = 5
const magic = Buffer.from('57fb808b247547db', 'hex')
const packedKind = 1

interface Handle {
  readonly offset: number
  readonly size: number
}

/** The name of a table that is not what was written; undefined if all are. */
export async function brokenTable(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch((): string[] => [])
  for (const name of names.filter((each) => /\.(ldb|sst)$/.test(each)).sort()) {
    if (!(await isWhole(await readFile(join(path, name))))) return name
  }
  return undefined
}

async function isWhole(bytes: Buffer): Promise<boolean> {
  if (bytes.length < footerBytes || !bytes.subarray(-magic.length).equals(magic)) return false
  try {
    const footer = new Cursor(bytes.subarray(-footerBytes))
    for (const start of [footer.handle(), footer.handle()]) {
      const index = blockAt(bytes, start)
      if (index === undefined) return false
      for (const handle of handlesIn(index)) {
        if (blockAt(bytes, handle) === undefined) return false
      }
      // A table has 2 MB, of which 10 ms go into its sums.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** The block without its trailer and unpacked if it is an index; undefined if its sum is wrong. */
function blockAt(bytes: Buffer, { offset, size }: Handle): { kind: number; content: Buffer } | undefined {
  const end = offset + size
  if (end + trailerBytes > bytes.length) return undefined
  if (maskedCrc32c(bytes.subarray(offset, end + 1)) !== bytes.readUInt32LE(end + 1)) return undefined
  return { kind: bytes[end] as number, content: bytes.subarray(offset, end) }
}

/** Where the blocks are that an index, or the index of what is about the table, names. */
function* handlesIn({ kind, content }: { kind: number; content: Buffer }): Generator<Handle> {
  const block = kind === packedKind ? Buffer.from(unpack(content)) : content
  const restarts = block.readUInt32LE(block.length - 4)
  const end = block.length - 4 * (restarts + 1)
  const from = new Cursor(block.subarray(0, end))
  while (from.left > 0) {
    from.varint()
    const rest = from.varint()
    const length = from.varint()
    from.skip(rest)
    const before = from.left
    yield from.handle()
    from.skip(length - (before - from.left))
  }
}

class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 50; shift += 7) {
      const part = this.#bytes.readUInt8(this.#at++)
      value += (part & 0x7f) * 2 ** shift
      if (part < 0x80) return value
    }
    throw new RangeError('a number is too long')
  }

  handle(): Handle {
    return { offset: this.varint(), size: this.varint() }
  }

  skip(count: number): void {
    this.#at += count
    if (count < 0 || this.left < 0) throw new RangeError('a block ends too early')
  }
}
