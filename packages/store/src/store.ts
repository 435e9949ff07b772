// The port through which a peer keeps what must outlive it: logs, the view's index, holdings, promises.
// Six tables of byte keys and byte values, written in atomic groups, read in key order. Whoever implements it runs
// the published contract (contract.ts). Bytes handed in or out are shared, not copied: nobody changes them afterwards.

/** fact: key log, records, proofs · entry: logs · leaf: digests · pin: the view's index · hold: the journal · meta: the rest. */
export type Table = 'fact' | 'entry' | 'leaf' | 'pin' | 'hold' | 'meta'

/** One change. A null value deletes; deleting what is not there is no error. */
export interface Row {
  table: Table
  key: Uint8Array
  value: Uint8Array | null
}

export interface StoredRow {
  key: Uint8Array
  value: Uint8Array
}

/** Every method rejects with a StoreError, and with nothing else. */
export interface Store {
  /**
   * All rows of a table with from ≤ key < to (bytewise), in key order, in chunks of 1 to `chunkRowsMax` rows. A chunk
   * also ends once it holds more than `chunkBytesMax` bytes. A snapshot: taken when the first chunk is asked for, it
   * shows no later write. Rows are read as they are asked for; leaving the loop early frees everything.
   */
  range(table: Table, from?: Uint8Array, to?: Uint8Array): AsyncIterable<StoredRow[]>

  /** The value, or undefined. Reads asked for in the same turn of the loop go to the disk together. */
  get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined>

  /**
   * Atomic. Resolves when the rows can be read, and with `sync` when they survive loss of power. Writes take effect in
   * the order of the calls, awaited or not, and a later row of a key replaces an earlier one. What a crash loses is
   * always a tail: no write is kept without all before it. A `sync` write (also one of no rows) makes everything
   * before it durable too. A failed write has changed nothing, and those that wait behind it fail with it; later ones
   * fail until the disk takes writes again. Reading goes on meanwhile.
   */
  write(rows: readonly Row[], options: { sync: boolean }): Promise<void>

  /** Waits for the writes under way, then frees the folder. Later calls reject. May be called twice. */
  close(): Promise<void>
}

/** Rows in a chunk of a range, and in one read: the size at which LevelDB gives 810k rows/s. */
export const chunkRowsMax = 1000
/** Bytes after which a chunk ends: a thousand logs of the largest size would be a gigabyte. */
export const chunkBytesMax: number = 1 << 20
