/**
 * One peer's disk: rows that are safe, and batches that were written and not yet synced. A write that asks for it makes
 * everything before it safe as well; a loss of power leaves what is safe and some of the unsynced batches, oldest first, as a
 * log-structured store does.
 */
import { type Row, type Table, toHex, type KeyValue } from '@pinmesh/core'

type Tables = Record<Table, Map<string, KeyValue>>

const emptyTables = (): Tables => ({
  fact: new Map(),
  entry: new Map(),
  leaf: new Map(),
  pin: new Map(),
  hold: new Map(),
  meta: new Map()
})

export class SimDisk {
  #safe = emptyTables()
  #live = emptyTables()
  #unsynced: (readonly Row[])[] = []
  /** Written and not told yet: in a crash they may be there or not. */
  #underWay: (readonly Row[])[] = []

  /** The write has been handed to the system. */
  begin(rows: readonly Row[]): void {
    this.#underWay.push(rows)
  }

  /** It is done (or has failed). */
  end(rows: readonly Row[], outcome: 'synced' | 'written' | 'failed'): void {
    this.#underWay = this.#underWay.filter((other) => other !== rows)
    if (outcome === 'failed') return
    apply(this.#live, rows)
    this.#unsynced.push(rows)
    if (outcome === 'synced') this.sync()
  }

  sync(): void {
    for (const rows of this.#unsynced) apply(this.#safe, rows)
    this.#unsynced = []
  }

  /** Kill of the process, or of the power: `survive` of n unsynced batches, in order, are still there. */
  crash(survive: (batches: number) => number): void {
    const batches = [...this.#unsynced, ...this.#underWay]
    const kept = batches.slice(0, survive(batches.length))
    for (const rows of kept) apply(this.#safe, rows)
    this.#unsynced = []
    this.#underWay = []
    this.#live = copied(this.#safe)
  }

  rows(table: Table): KeyValue[] {
    return sorted(this.#live[table].values())
  }

  count(table: Table): number {
    return this.#live[table].size
  }

  /** Rows of a leaf (the first 12 bits of their keys), in key order. */
  rowsOfLeaf(table: 'entry' | 'hold', leaf: number): KeyValue[] {
    const found: KeyValue[] = []
    for (const row of this.#live[table].values()) {
      if ((((row.key[0] as number) << 8) | (row.key[1] as number)) >> 4 === leaf) found.push(row)
    }
    return sorted(found)
  }

  /** A copy of what is safe: a backup. */
  backup(): Tables {
    return copied(this.#safe)
  }

  restore(backup: Tables): void {
    this.#safe = copied(backup)
    this.#live = copied(backup)
    this.#unsynced = []
    this.#underWay = []
  }
}

function copied(tables: Tables): Tables {
  const out = emptyTables()
  for (const name of Object.keys(tables) as Table[]) for (const [key, row] of tables[name]) out[name].set(key, row)
  return out
}

function apply(tables: Tables, rows: readonly Row[]): void {
  for (const { table, key, value } of rows) {
    const name = toHex(key)
    if (value === null) tables[table].delete(name)
    else tables[table].set(name, { key, value })
  }
}

function sorted(rows: Iterable<KeyValue>): KeyValue[] {
  return [...rows].sort((a, b) => compare(a.key, b.key))
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let n = 0; n < length; n++) if (a[n] !== b[n]) return (a[n] as number) - (b[n] as number)
  return a.length - b.length
}
