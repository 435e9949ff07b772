// The little ordered table that pins, edges and small blocks live in: LevelDB on disk, a sorted list in memory.
// One rule carries the whole package: a write is on disk when it resolves. LevelDB's own "sync a later write and the
// earlier ones are safe" breaks when its log file is changed in between, so there is no unsynced write at all; writes
// of one moment share a batch and one fsync instead.

export interface RowChange {
  key: Uint8Array
  /** null deletes */
  value: Uint8Array | null
}

export interface StoredRow {
  key: Uint8Array
  value: Uint8Array
}

export interface Rows {
  open(): Promise<void>
  /** What the last resolved write left there. Synchronous, so that a look and the act upon it share one tick. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Atomic; resolves when it survives power loss. */
  write(changes: readonly RowChange[]): Promise<void>
  /** The first rows, in key order, whose key starts with `prefix` and lies behind `after`. */
  range(prefix: Uint8Array, after: Uint8Array | undefined, limit: number): Promise<StoredRow[]>
  /** The row with the greatest key that starts with `prefix`. */
  last(prefix: Uint8Array): Promise<StoredRow | undefined>
  close(): Promise<void>
}

/** All rows under a prefix in slices, over what is there while it runs. */
export async function* slices(rows: Rows, prefix: Uint8Array, limit = 1000): AsyncGenerator<StoredRow[]> {
  let after: Uint8Array | undefined
  while (true) {
    const slice = await rows.range(prefix, after, limit)
    if (slice.length > 0) yield slice
    if (slice.length < limit) return
    after = slice.at(-1)?.key
  }
}
