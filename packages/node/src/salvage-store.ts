/**
 * Reads what is left of a damaged store into a new one. The damaged one is read in spans of leaves, each in one pass over its
 * files, so that memory stays bounded however large it is.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes, type Crypto, type KeyValue, type Note, type Row, Salvage, toHex } from '@pinmesh/core'
import { createLevelStore, salvageStore, type SalvagedRow, type Store } from '@pinmesh/store'

/** Bytes of the damaged store to one span. */
const spanBytes: number = 64 << 20
const leafCount = 4096

export interface SalvageFrom {
  readonly from: string
  readonly charter: Uint8Array
  readonly crypto: Crypto & { readonly peer: string }
  readonly signal: AbortSignal | undefined
  readonly note: (note: Note) => void
  /** what the new store is to begin with besides, by its rows of table `fact` */
  readonly complete: (facts: readonly Row[]) => readonly Row[]
}

export interface Salvaged {
  /** pins that are there again; of these, written anew; known of and lost */
  readonly pins: number
  readonly renewed: number
  readonly lost: number
}

/** Undefined, and nothing written, if too little is left for a mesh to go on. */
export async function salvageTo(path: string, init: SalvageFrom): Promise<Salvaged | undefined> {
  const { charter, crypto, from, note } = init
  const facts = await newest(init, ({ table }) => table === 'fact')
  const salvage = new Salvage({ charter, crypto, self: crypto.peer, facts: facts.get('fact') ?? [] })
  if (!salvage.usable) return undefined
  note({ code: 'store-salvaging', text: 'The store is damaged: what can be read of it is put together.' })
  const store = await createLevelStore({ path })
  try {
    await store.write(salvage.rows, { sync: false })
    const spans = Math.ceil((await sizeOf(from)) / spanBytes)
    const total = { pins: 0, renewed: 0, lost: 0 }
    for (let span = 0; span < spans; span++) {
      const within = (leaf: number): boolean => Math.floor((leaf * spans) / leafCount) === span
      const { pins, renewed, lost } = await salvageSpan(store, { ...init, salvage, within })
      total.pins += pins
      total.renewed += renewed
      total.lost += lost
    }
    await store.write(init.complete(salvage.rows), { sync: true })
    return total
  } finally {
    await store.close()
  }
}

interface Span extends SalvageFrom {
  readonly salvage: Salvage
  readonly within: (leaf: number) => boolean
}

async function salvageSpan(store: Store, span: Span): Promise<Salvaged> {
  const { salvage, within } = span
  const rows = await newest(span, ({ table, key }) => (table === 'entry' || table === 'pin') && within(leafOf(key)))
  const [entries, shown] = [byLeaf(rows.get('entry')), byLeaf(rows.get('pin'))]
  const total = { pins: 0, renewed: 0, lost: 0 }
  for (const leaf of new Set([...entries.keys(), ...shown.keys()])) {
    span.signal?.throwIfAborted()
    const { rows: made, pins, renewed, lost } = salvage.leaf(leaf, entries.get(leaf) ?? [], shown.get(leaf) ?? [])
    await store.write(made, { sync: false })
    total.pins += pins
    total.renewed += renewed
    total.lost += lost.length
  }
  return total
}

/** Of each key the newest value that is left, by table, in the order of the keys. */
async function newest(
  { from, signal }: SalvageFrom,
  wanted: (row: SalvagedRow) => boolean
): Promise<Map<Row['table'], KeyValue[]>> {
  const found = new Map<string, SalvagedRow>()
  for await (const rows of salvageStore(from)) {
    signal?.throwIfAborted()
    for (const row of rows) {
      if (!wanted(row)) continue
      const name = `${row.table}/${toHex(row.key)}`
      const known = found.get(name)
      if (known !== undefined && known.sequence > row.sequence) continue
      // A row is a view of its file.
      found.set(name, { ...row, key: row.key.slice(), value: row.value?.slice() ?? null })
    }
  }
  const tables = new Map<Row['table'], KeyValue[]>()
  for (const { table, key, value } of found.values()) {
    if (value === null) continue
    const same = tables.get(table)
    if (same === undefined) tables.set(table, [{ key, value }])
    else same.push({ key, value })
  }
  for (const rows of tables.values()) rows.sort((a, b) => compareBytes(a.key, b.key))
  return tables
}

function byLeaf(rows: readonly KeyValue[] = []): Map<number, KeyValue[]> {
  return Map.groupBy(rows, ({ key }) => leafOf(key))
}

/** The rows of both tables begin with the bits of their leaf. */
function leafOf(key: Uint8Array): number {
  return ((key[0] as number) << 4) | ((key[1] as number) >> 4)
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => [])
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
