/**
 * An entry's body as its author makes it: the Yjs v1 update of one transaction on the log's map, byte for byte what a Y.Doc with the
 * same history would say (a test holds that). No document is made for it: one takes some thousands of bytes, which for a few pins in each
 * of 4,096 leaves is most of what there is, and whatever Yjs would decide follows from the newest item of each key.
 */

import * as Y from 'yjs'
import { Writer } from '../bytes/writer.ts'
import { type KeyHistory, rootOf } from './body.ts'

/** One map key's new register as it is encoded; null deletes it. */
export interface Edit {
  readonly mapKey: string
  readonly value: Uint8Array | null
}

/** Where a log stands: its history, and the clock of the item that comes next. */
export interface Written extends Pick<KeyHistory, 'lastOf'> {
  readonly clock: number
}

/** A body, and how many items it has. */
export interface Update {
  readonly body: Uint8Array
  readonly count: number
}

/** What makes these edits, each of another key and in that order; undefined if nothing changes. */
export function updateOf(writer: number, edits: readonly Edit[], written: Written): Update | undefined {
  const items = new Y.UpdateEncoderV1()
  // The name of a root, as Yjs itself gives it to an item that it has only read; its types leave that out.
  const root = rootOf(writer) as unknown as Y.AbstractType<unknown>
  const deleted: number[] = []
  let { clock } = written
  for (const { mapKey, value } of edits) {
    const last = written.lastOf(mapKey)
    if (last?.live === true) deleted.push(last.clock)
    if (value === null) continue
    const id = Y.createID(writer, clock++)
    const origin = last === undefined ? null : Y.createID(writer, last.clock)
    new Y.Item(id, null, origin, null, null, root, mapKey, new Y.ContentBinary(value)).write(items, 0)
  }
  const count = clock - written.clock
  if (count === 0 && deleted.length === 0) return undefined
  const body = new Writer()
  if (count === 0) body.v(0)
  else body.v(1).v(count).v(writer).v(written.clock).raw(items.toUint8Array())
  return { body: writeDeletes(body, writer, deleted).finish(), count }
}

/** The deleted clocks in merged, ascending ranges. */
function writeDeletes(body: Writer, writer: number, deleted: number[]): Writer {
  const ranges: [clock: number, length: number][] = []
  for (const clock of deleted.sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[0] + last[1] === clock) last[1]++
    else ranges.push([clock, 1])
  }
  if (ranges.length === 0) return body.v(0)
  body.v(1).v(writer).v(ranges.length)
  for (const [clock, length] of ranges) body.v(clock).v(length)
  return body
}
