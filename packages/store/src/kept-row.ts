// A row as LevelDB has it: its table is the first byte of the key, and behind the value stands a sum of both.

import { crc32 } from 'node:zlib'
import type { Operation } from '@pinmesh/level'
import type { Row, Table } from './store.ts'

/** First byte of every key. Never renumbered, never reused; 0 belongs to @pinmesh/level. */
export const tableBytes: Readonly<Record<Table, number>> = {
  fact: 1,
  entry: 2,
  leaf: 3,
  pin: 4,
  hold: 5,
  meta: 6
}

/** Behind each value. */
const sumBytes = 4

export function operationOf({ table, key, value }: Row): Operation {
  const prefixedKey = prefixed(tableBytes[table], key)
  return value === null
    ? { type: 'del', key: prefixedKey }
    : { type: 'put', key: prefixedKey, value: withSum(prefixedKey, value) }
}

/** A value as it is kept: behind it the CRC-32 of key and value, since LevelDB does not look at its own when it reads. */
function withSum(key: Uint8Array, value: Uint8Array): Uint8Array {
  const kept = Buffer.allocUnsafe(value.length + sumBytes)
  kept.set(value)
  kept.writeUInt32BE(crc32(value, crc32(key)), value.length)
  return kept
}

/** The value without its sum; undefined if a bit of it or of its key has changed. */
export function soundValue(key: Uint8Array, kept: Uint8Array): Uint8Array | undefined {
  const length = kept.length - sumBytes
  if (length < 0) return undefined
  const value = plain(kept.subarray(0, length), 0)
  const sum = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).readUInt32BE(length)
  return sum === crc32(value, crc32(key)) ? value : undefined
}

export function prefixed(byte: number, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(key.length + 1)
  bytes[0] = byte
  bytes.set(key, 1)
  return bytes
}

/** The bytes without a Node Buffer around them, which Yjs refuses. */
export function plain(bytes: Uint8Array, skip: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + skip, bytes.byteLength - skip)
}
