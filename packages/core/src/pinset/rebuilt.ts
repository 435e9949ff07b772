/**
 * A store that is built anew because the old one was lost. Two things must outlive that: what was promised, and what was
 * written. So every shard counts as promised for a whole lease, and nothing is written before a member was met whose facts
 * and pinset are in: a log that goes on from less than it had would contradict itself.
 */
import type { Row } from '../effects.ts'
import { promiseRow } from '../content/claimer.ts'

/** meta 'b': present until the first round with a member. */
export const rebuiltRowKey: Uint8Array = new Uint8Array([0x62])
const shards = 256

/** What a store that is built anew begins with besides the facts. `promisedUntil`: wall ms up to which the lost one may have promised. */
export function rebuiltRows(promisedUntil: number): Row[] {
  return [{ table: 'meta', key: rebuiltRowKey, value: new Uint8Array([1]) }, ...promisedRows(promisedUntil)]
}

/** A promise of every shard. */
export function promisedRows(until: number): Row[] {
  return Array.from({ length: shards }, (_none, shard) => promiseRow(shard, until))
}
