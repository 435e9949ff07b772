/**
 * Opening the store of a home. One that is damaged, has lost what it held, or is another peer's, is put aside and built anew: what
 * it holds about the mesh comes back from the other peers, and content that lies in the blocks is held again without a transfer.
 * Without another peer it is not touched: an empty store would look like an empty mesh.
 */
import { rename, rm, stat } from 'node:fs/promises'
import { fromHex, learn, type Note, policyOf, rebuiltRows, timings, toHex } from '@pinmesh/core'
import { createLevelStore, type Store, StoreError } from '@pinmesh/store'
import type { Home } from './home.ts'
import { askMesh } from './join.ts'
import { knownPeers } from './known-peers.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshFile } from './mesh-file.ts'
import type { NodeCrypto } from './node-crypto.ts'
import type { NodeSettings } from './settings.ts'
import { holdsSome } from './shell.ts'
import { ownerOf, ownerRow, ownerText } from './store-owner.ts'

export interface OpenStore {
  readonly home: Home
  readonly mesh: MeshFile
  readonly crypto: NodeCrypto
  readonly settings: NodeSettings
  readonly signal: AbortSignal | undefined
  readonly note: (note: Note) => void
}

/** Rejects with MESH_STORE_DAMAGED where nobody else could be asked; the store is then as it was. */
export async function openStore(init: OpenStore): Promise<Store> {
  const { home, mesh, note } = init
  const owner = ownerText(fromHex(mesh.charter), init.crypto)
  const { store, reason } = await openSound(home.storePath, owner)
  if (store !== undefined) return store
  const { charter, ops } = await askOthers(init, reason)
  const aside = await putAside(home.storePath)
  const { rows } = learn(charter, ops, init.crypto)
  const anew = await createLevelStore({ path: home.storePath })
  const promisedUntil = Date.now() + leaseOf(init, charter, rows)
  await anew.write([...rows, ...rebuiltRows(promisedUntil), ownerRow(owner)], { sync: true })
  note({
    code: 'store-rebuilt',
    text: 'The store was damaged or lost. It is built anew from the other peers; what was left of it was put aside.',
    reason,
    ...(aside === undefined ? {} : { aside })
  })
  return anew
}

/** The store if it is sound and this peer's own; why it is not. */
async function openSound(path: string, owner: string): Promise<{ store?: Store; reason: string }> {
  let store: Store | undefined
  try {
    store = await createLevelStore({ path })
    const reason = await faultOf(store, owner)
    if (reason === undefined) return { store, reason: '' }
    await store.close()
    return { reason }
  } catch (error) {
    await store?.close()
    if (!(error instanceof StoreError) || error.code !== 'MESH_STORE_DAMAGED') throw error
    return { reason: error.message }
  }
}

/** A store without an owner is one that was just made, and gets this one. */
async function faultOf(store: Store, owner: string): Promise<string | undefined> {
  if (!(await holdsSome(store, 'fact'))) return 'The store is empty, and this home is part of a mesh.'
  const noted = await ownerOf(store)
  if (noted === undefined) await store.write([ownerRow(owner)], { sync: true })
  else if (noted !== owner) return `The store is that of ${noted}.`
  return undefined
}

/** Charter and key log of the first known peer that gives those of this mesh. */
async function askOthers(
  { home, mesh, signal }: OpenStore,
  reason: string
): Promise<{ charter: Uint8Array; ops: readonly Uint8Array[] }> {
  const seed = await home.identity()
  const addresses = [...new Set([...(await knownPeers(home.path)), ...mesh.bootstrap])]
  for (const address of addresses) {
    try {
      const { charter, ops } = await askMesh({ seed, address, invite: undefined, signal })
      if (toHex(charter) === mesh.charter) return { charter, ops }
    } catch (error) {
      if (signal?.aborted === true || !(error instanceof MeshError)) throw error
    }
  }
  const nobody = addresses.length === 0
  throw new MeshError(
    'MESH_STORE_DAMAGED',
    `${reason} ${nobody ? 'This peer knows no other' : 'None of the other peers answers'}, so it cannot be built anew.`,
    {
      remedy: nobody
        ? 'Put the folder `store` of a backup in its place, or name another peer of the mesh: `mesh join <address>`.'
        : 'Start again when another peer runs, or put the folder `store` of a backup in its place.'
    }
  )
}

/** Where it went; undefined if there was nothing. */
async function putAside(path: string): Promise<string | undefined> {
  await rm(`${path}.mark`, { force: true })
  if (!(await isThere(path))) return undefined
  let aside = `${path}.damaged`
  for (let n = 2; await isThere(aside); n++) aside = `${path}.damaged-${n}`
  await rename(path, aside)
  return aside
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false
  )
}

function leaseOf(
  { settings, crypto }: OpenStore,
  charter: Uint8Array,
  rows: readonly { key: Uint8Array; value: Uint8Array | null }[]
): number {
  const facts = rows.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]))
  const profile = settings.profile ?? policyOf(charter, facts, crypto)?.profile ?? 'wan'
  return timings(profile, settings.timings).leaseMs
}
