/**
 * Reads what is left of a damaged store into a new one, leaf by leaf.
 */
import { rm } from 'node:fs/promises'
import { type Crypto, type Note, type Row, Salvage } from '@pinmesh/core'
import { createLevelStore, salvageStore, type Store } from '@pinmesh/store'
import { collect } from './shell.ts'

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

/** Makes a store in the folder `path`. Undefined, and none made, if too little is left for a mesh to go on. */
export async function salvageTo(path: string, init: SalvageFrom): Promise<Salvaged | undefined> {
  const { from, signal, note } = init
  note({ code: 'store-salvaging', text: 'The store is damaged: what can be read of it is put together.' })
  const readable = `${path}.readable`
  await rm(readable, { recursive: true, force: true })
  const left = await salvageStore({ from, to: readable, signal })
  try {
    return await salvageAll(left, path, init)
  } finally {
    await left.close()
    for (const each of [readable, `${readable}.mark`]) await rm(each, { recursive: true, force: true })
  }
}

async function salvageAll(left: Store, path: string, init: SalvageFrom): Promise<Salvaged | undefined> {
  const { charter, crypto, signal, complete } = init
  const salvage = new Salvage({ charter, crypto, self: crypto.peer, facts: await collect(left, 'fact') })
  if (!salvage.usable) return undefined
  const store = await createLevelStore({ path })
  try {
    await store.write(salvage.rows, { sync: false })
    const total = { pins: 0, renewed: 0, lost: 0 }
    for (let leaf = 0; leaf < leafCount; leaf++) {
      signal?.throwIfAborted()
      const buckets = [leaf << 4, (leaf + 1) << 4] as const
      const entries = await collect(left, 'entry', ...buckets)
      const { rows, pins, renewed, lost } = salvage.leaf(leaf, entries, await collect(left, 'pin', ...buckets))
      await store.write(rows, { sync: false })
      total.pins += pins
      total.renewed += renewed
      total.lost += lost
    }
    await store.write(complete(salvage.rows), { sync: true })
    return total
  } finally {
    await store.close()
  }
}
