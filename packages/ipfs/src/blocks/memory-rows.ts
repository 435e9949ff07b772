// Rows in memory: a map with its keys kept in order.

import type { Rows, RowChange, StoredRow } from './rows.ts'

/** Changes of one write from which all keys are sorted anew. */
const manyMin = 100

export class MemoryRows implements Rows {
  readonly #values = new Map<string, Uint8Array>()
  #keys: string[] = []

  async open(): Promise<void> {}

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(textOf(key))
  }

  async write(changes: readonly RowChange[]): Promise<void> {
    const touched = new Set<string>()
    for (const { key, value } of changes) {
      const text = textOf(key)
      touched.add(text)
      if (value === null) this.#values.delete(text)
      else this.#values.set(text, value.slice())
    }
    if (touched.size < manyMin) for (const text of touched) this.#list(text)
    else this.#keys = [...new Set([...this.#keys, ...touched])].filter((text) => this.#values.has(text)).sort()
  }

  /** Makes the list of keys right for one key; many at once are cheaper in one pass over all. */
  #list(text: string): void {
    const at = this.#place(text)
    const listed = this.#keys[at] === text
    if (listed && !this.#values.has(text)) this.#keys.splice(at, 1)
    if (!listed && this.#values.has(text)) this.#keys.splice(at, 0, text)
  }

  async range(prefix: Uint8Array, after: Uint8Array | undefined, limit: number): Promise<StoredRow[]> {
    const start = textOf(prefix)
    const found: StoredRow[] = []
    let at = this.#place(after === undefined ? start : `${textOf(after)}\0`)
    for (; found.length < limit && this.#keys[at]?.startsWith(start) === true; at++) found.push(this.#row(at))
    return found
  }

  async last(prefix: Uint8Array): Promise<StoredRow | undefined> {
    const start = textOf(prefix)
    const at = this.#place(`${start}${'\xff'.repeat(64)}`) - 1
    return this.#keys[at]?.startsWith(start) === true ? this.#row(at) : undefined
  }

  async close(): Promise<void> {}

  #row(at: number): StoredRow {
    const text = this.#keys[at] ?? ''
    return { key: new Uint8Array(Buffer.from(text, 'latin1')), value: this.#values.get(text) ?? new Uint8Array() }
  }

  /** Where the first key not less than `text` is. */
  #place(text: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] ?? '') < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** One char a byte: text order is byte order. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
