/**
 * The row of table `leaf`: what a peer has to know of a leaf without loading it, its heads and what each of its buckets shows.
 */
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Row } from '../effects.ts'
import type { KeyValue } from '../events.ts'
import { encodeHead, type HeadRow } from './heads.ts'

export interface BucketSummary {
  readonly bucket: number
  readonly view: Uint8Array
  /** pins */
  readonly count: number
}

/** `buckets`: those that have pins. */
export function encodeSummary(leaf: number, heads: readonly HeadRow[], buckets: readonly BucketSummary[]): Row {
  const out = new Writer().u8(1).v(heads.length)
  for (const head of heads) out.raw(encodeHead(head))
  out.v(buckets.length)
  for (const { bucket, view, count } of buckets)
    out
      .u8(bucket & 15)
      .raw(view)
      .v(count)
  return { table: 'leaf', key: new Writer().u16(leaf).finish(), value: out.finish() }
}

/** Reads a row of table `leaf`. */
export function decodeSummary(row: KeyValue): {
  leaf: number
  heads: HeadRow[]
  buckets: BucketSummary[]
} {
  const leaf = new Reader(row.key).u16()
  const from = new Reader(row.value)
  from.u8()
  const heads: HeadRow[] = []
  for (let n = from.v(); n > 0; n--) {
    const writer = from.u32()
    const prefixLen = from.u8() === 16 ? 16 : 12
    heads.push({ writer, prefixLen, prefix: from.u16(), generation: from.v(), seq: from.v(), hash: from.raw(32) })
  }
  const buckets: BucketSummary[] = []
  for (let n = from.v(); n > 0; n--) {
    const bucket = leaf * 16 + from.u8()
    buckets.push({ bucket, view: from.raw(8), count: from.v() })
  }
  from.end()
  return { leaf, heads, buckets }
}
