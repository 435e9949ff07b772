// The blocks of one of LevelDB's tables (leveldb/doc/table_format.md): each with its kind and a masked CRC-32C behind it; an index
// of them; a footer that says where the index is. Whatever is not as it should be is a RangeError or undefined.

import { maskedCrc32c, summedEnd } from './crc32c.ts'
import { Cursor } from './cursor.ts'
import { unpack } from './snappy.ts'

/** The end of a table. */
export const footerBytes = 48
/** Behind each block. */
export const trailerBytes = 5
const magic = Buffer.from('57fb808b247547db', 'hex')
const packedKind = 1
/** Larger than any block: rows have up to 1 MiB, and a block ends with the row that fills it. */
const blockBytesMax: number = 2 << 20

export interface Handle {
  readonly offset: number
  readonly size: number
}

export interface Block {
  readonly kind: number
  readonly content: Buffer
}

/** Of the index of what is about the table, and of that of its data. */
export function indexes(table: Buffer): Handle[] {
  if (table.length < footerBytes || !table.subarray(-magic.length).equals(magic))
    throw new RangeError('a table has no end')
  const footer = new Cursor(table.subarray(-footerBytes))
  return [readHandle(footer), readHandle(footer)]
}

/** Undefined if it is not what its sum says. */
export function blockAt(table: Buffer, { offset, size }: Handle): Block | undefined {
  const end = offset + size
  if (end + trailerBytes > table.length) return undefined
  if (maskedCrc32c(table.subarray(offset, end + 1)) !== table.readUInt32LE(end + 1)) return undefined
  return { kind: table[end] as number, content: table.subarray(offset, end) }
}

/** The blocks of rows up to the first that is not what its sum says, where no index says where they are. */
export function* leadingBlocks(table: Buffer): Generator<Block> {
  for (let offset = 0; ;) {
    const end = summedEnd(table, offset, blockBytesMax)
    if (end === undefined) return
    const block = { kind: table[end - 1] as number, content: table.subarray(offset, end - 1) }
    if (isIndex(block, offset)) return
    yield block
    offset = end + trailerBytes - 1
  }
}

/** Does all that is in it name a place before it? */
function isIndex(block: Block, offset: number): boolean {
  try {
    return [...rowsIn(block)].every(({ value }) => {
      const from = new Cursor(value)
      const named = readHandle(from)
      return from.left === 0 && named.offset + named.size <= offset
    })
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Where the blocks are that an index names. */
export function* handlesIn(index: Block): Generator<Handle> {
  for (const { value } of rowsIn(index)) yield readHandle(new Cursor(value))
}

/** Keys and values in their order. A key shares its beginning with the one before it. */
export function* rowsIn({ kind, content }: Block): Generator<{ key: Buffer; value: Buffer }> {
  const block = kind === packedKind ? Buffer.from(unpack(content)) : content
  const restarts = block.readUInt32LE(block.length - 4)
  const from = new Cursor(block.subarray(0, block.length - 4 * (restarts + 1)))
  let key: Buffer = Buffer.alloc(0)
  while (from.left > 0) {
    const shared = from.varint()
    const rest = from.varint()
    const length = from.varint()
    if (shared > key.length) throw new RangeError('a key begins with more than the one before it has')
    key = Buffer.concat([key.subarray(0, shared), from.take(rest)])
    yield { key, value: from.take(length) }
  }
}

function readHandle(from: Cursor): Handle {
  return { offset: from.varint(), size: from.varint() }
}
