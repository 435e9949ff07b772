/**
 * What one log may grow to. A log's state is proportional to its live pins only because its author is forced to
 * write resets: after 128 entries, or 48 KiB of them, the next entry is valid only if it is a reset. The same bounds
 * are checked on every entry that arrives, so no author can make others keep more.
 */

import type { Entry } from '../formats/entry.ts'

/** Entries since the last reset, at most. */
export const tailEntriesMax = 128
/** Bytes of headers and bodies since the last reset, at most: 48 KiB. */
export const tailBytesMax: number = 48 * 1024
/** Bytes of a reset's body, at most: 1 MiB, about ten thousand pins. */
export const resetBytesMax: number = 1 << 20
/** A shorter tail than this is never worth a reset of its own accord. */
export const habitEntries = 8
/** Sequence numbers and generations stand in four bytes of a stored row's key. */
export const numberMax = 0xffffffff
/** Where the generations of a log begin; only here may a log begin with an entry that is not a reset. */
export const firstGeneration = 0

/** The live pins of one log no longer fit into a reset: the writer must unpin some, or be declared `large`. */
export class LogFullError extends Error {
  readonly code = 'MESH_LOG_FULL'

  constructor(bytes: number) {
    super(`one log's pins would take ${bytes} bytes, more than the ${resetBytesMax} that a reset may have`)
    this.name = 'LogFullError'
  }
}

/** What an entry counts for in `tailBytesMax`: its header and its body. */
export function entrySize(entry: Pick<Entry, 'header' | 'body'>): number {
  return entry.header.length + entry.body.length
}

/** Whether an entry of `size` bytes may still follow a tail of so many entries and bytes without a reset. */
export function tailHasRoom(tail: { count: number; bytes: number }, size: number): boolean {
  return tail.count < tailEntriesMax && tail.bytes + size <= tailBytesMax
}
