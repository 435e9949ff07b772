// Rows kept in key order in memory: a list of short sorted blocks, so that an insertion moves hundreds of
// references, not all of them. Rows are replaced, never changed, so a copied list of rows is a snapshot.

import type { StoredRow } from './store.ts'

const blockRowsMax = 512

export class SortedRows {
  #blocks: StoredRow[][] = []

  get(key: Uint8Array): Uint8Array | undefined {
    const block = this.#blocks[this.#blockOf(key)]
    const row = block?.[lowerBound(block, key)]
    return row !== undefined && Buffer.compare(row.key, key) === 0 ? row.value : undefined
  }

  /** Null deletes. */
  set(key: Uint8Array, value: Uint8Array | null): void {
    const at = this.#blockOf(key)
    const block = this.#blocks[at]
    if (block === undefined) {
      if (value !== null) this.#blocks.push([{ key, value }])
      return
    }
    const index = lowerBound(block, key)
    const row = block[index]
    const found = row !== undefined && Buffer.compare(row.key, key) === 0
    if (value !== null) block.splice(index, found ? 1 : 0, { key, value })
    else if (found) block.splice(index, 1)
    if (block.length === 0) this.#blocks.splice(at, 1)
    if (block.length > blockRowsMax) this.#blocks.splice(at + 1, 0, block.splice(block.length >>> 1))
  }

  /** The rows with from ≤ key < to. */
  slice(from?: Uint8Array, to?: Uint8Array): StoredRow[] {
    if (from !== undefined && to !== undefined && Buffer.compare(from, to) >= 0) return []
    const rows: StoredRow[] = []
    for (let at = from === undefined ? 0 : this.#blockOf(from); at < this.#blocks.length; at++) {
      const block = this.#blocks[at]!
      if (to !== undefined && Buffer.compare(block[0]!.key, to) >= 0) break
      const start = from === undefined ? 0 : lowerBound(block, from)
      const end = to === undefined ? block.length : lowerBound(block, to)
      for (let i = start; i < end; i++) rows.push(block[i]!)
    }
    return rows
  }

  /** The last block whose first key is ≤ key, or the first block. */
  #blockOf(key: Uint8Array): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (Buffer.compare(this.#blocks[middle]![0]!.key, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Index of the first row whose key is not below the given one. */
function lowerBound(rows: readonly StoredRow[], key: Uint8Array): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Buffer.compare(rows[middle]!.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
