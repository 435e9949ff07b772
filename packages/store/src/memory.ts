// The store's in-memory sibling, for tests and the simulator. It keeps what LevelDB keeps, also in a crash: everything
// up to the last synced write stays, everything after it is gone. Unsynced writes leave behind what they replaced,
// so a crash walks back along them; a synced write forgets that trail.

import { SortedRows } from './sorted-rows.ts'
import { StoreError } from './store-error.ts'
import { chunkBytesMax, chunkRowsMax } from './store.ts'
import type { Row, Store, StoredRow, Table } from './store.ts'

/** A store that can lose power. */
export interface MemoryStore extends Store {
  /** A new store holding what had been synced. The old one behaves like a dead process: every call rejects. */
  crash(): MemoryStore
}

class Rows implements MemoryStore {
  readonly #tables: Map<Table, SortedRows>
  #undo: Row[] = []
  #open = true

  constructor(tables: Map<Table, SortedRows>) {
    this.#tables = tables
  }

  async *range(table: Table, from?: Uint8Array, to?: Uint8Array): AsyncGenerator<StoredRow[], void, undefined> {
    this.#check()
    const rows = this.#table(table).slice(from, to)
    for (let start = 0; start < rows.length;) {
      this.#check()
      const end = chunkEnd(rows, start)
      yield rows.slice(start, end)
      start = end
    }
  }

  async get(table: Table, key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#check()
    return this.#table(table).get(key)
  }

  async write(rows: readonly Row[], options: { sync: boolean }): Promise<void> {
    this.#check()
    for (const { table, key, value } of rows) {
      const stored = this.#table(table)
      if (!options.sync) this.#undo.push({ table, key, value: stored.get(key) ?? null })
      stored.set(key, value)
    }
    if (options.sync) this.#undo = []
  }

  async close(): Promise<void> {
    this.#open = false
  }

  crash(): MemoryStore {
    this.#open = false
    for (const { table, key, value } of this.#undo.reverse()) this.#table(table).set(key, value)
    this.#undo = []
    return new Rows(this.#tables)
  }

  #table(table: Table): SortedRows {
    let rows = this.#tables.get(table)
    if (rows === undefined) this.#tables.set(table, (rows = new SortedRows()))
    return rows
  }

  #check(): void {
    if (!this.#open) throw new StoreError('MESH_STORE_FAILED', 'The store is closed.')
  }
}

function chunkEnd(rows: readonly StoredRow[], start: number): number {
  let end = start
  for (let bytes = 0; end < rows.length && end - start < chunkRowsMax && bytes <= chunkBytesMax; end++) {
    bytes += rows[end]!.key.length + rows[end]!.value.length
  }
  return end
}

export function createMemoryStore(): MemoryStore {
  return new Rows(new Map())
}
