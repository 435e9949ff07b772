/**
 * Opening the store of a home. One that is damaged, has lost what it held, or is another peer's, is put aside and built anew: what
 * it holds about the mesh comes back from the other peers, and content that lies in the blocks is held again without a transfer.
 * Without another peer it is not touched, since an empty store would look like an empty mesh; or, where the owner wants that, it is
 * put together from what can still be read of it.
 */
import { fromHex, learn, type Note, policyOf, promisedRows, rebuiltRows, type Row, timings, toHex } from '@pinmesh/core'
import { createLevelStore, moveIn, putAside, removeWithMark, replaceBy, type Store, StoreError } from '@pinmesh/store'
import type { Home } from './home.ts'
import { askMesh } from './join.ts'
import { knownPeers } from './known-peers.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshFile } from './mesh-file.ts'
import type { NodeCrypto } from './node-crypto.ts'
import { salvageTo } from './salvage-store.ts'
import type { NodeInit } from './settings.ts'
import { holdsSome } from './shell.ts'
import { ownerOf, ownerRow, ownerText } from './store-owner.ts'

export interface OpenStore {
  readonly home: Home
  readonly mesh: MeshFile
  readonly crypto: NodeCrypto
  readonly settings: NodeInit
  readonly signal: AbortSignal | undefined
  readonly note: (note: Note) => void
}

/**
 * `whole`: nothing is missing of it but what comes back from the others. Rejects with MESH_STORE_DAMAGED where nobody else could be
 * asked; the store is then as it was.
 */
export async function openStore(init: OpenStore): Promise<{ store: Store; whole: boolean }> {
  const { home, mesh, settings } = init
  const owner = ownerText(fromHex(mesh.charter), init.crypto)
  await moveIn(home.storePath)
  const { store, reason } = await openSound(home.storePath, owner)
  if (store !== undefined) return { store, whole: true }
  try {
    return { store: await rebuilt(init, owner, reason), whole: true }
  } catch (error) {
    if (settings.salvage !== true || !(error instanceof MeshError) || error.code !== 'MESH_STORE_DAMAGED') throw error
    return { store: await salvaged(init, owner, reason), whole: false }
  }
}

async function rebuilt(init: OpenStore, owner: string, reason: string): Promise<Store> {
  const { home, note } = init
  const { charter, ops } = await askOthers(init, reason)
  const aside = await putAside(home.storePath)
  const { rows } = learn(charter, ops, init.crypto)
  const anew = await createLevelStore({ path: home.storePath })
  const promisedUntil = Date.now() + leaseOf(init, rows)
  await anew.write([...rows, ...rebuiltRows(promisedUntil), ownerRow(owner)], { sync: true })
  note({
    code: 'store-rebuilt',
    text: 'The store was damaged or lost. It is built anew from the other peers; what was left of it was put aside.',
    reason,
    ...(aside === undefined ? {} : { aside })
  })
  return anew
}

/** What could be read is whole in a store of its own before the damaged one is put aside, so a start that is cut short loses nothing. */
async function salvaged(init: OpenStore, owner: string, reason: string): Promise<Store> {
  const { home, mesh, crypto, signal, note } = init
  const begun = `${home.storePath}.salvaging`
  await removeWithMark(begun)
  const found = await salvageTo(begun, {
    from: home.storePath,
    charter: fromHex(mesh.charter),
    crypto,
    signal,
    note,
    complete: (facts) => [...promisedRows(Date.now() + leaseOf(init, facts)), ownerRow(owner)]
  })
  if (found === undefined)
    throw new MeshError('MESH_STORE_DAMAGED', `${reason} Too little of it can be read for the mesh to go on.`, {
      remedy:
        'Put the folder `store` of a backup in its place, or name another peer of the mesh: `mesh join <address>`.'
    })
  const aside = await replaceBy(begun, home.storePath)
  note({
    code: 'store-salvaged',
    text: 'The store was damaged. This peer goes on with what could be read of it; the rest is lost unless another peer has it.',
    reason,
    ...found,
    ...(aside === undefined ? {} : { aside })
  })
  return createLevelStore({ path: home.storePath })
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
      remedy: `${
        nobody ? 'Name another peer of the mesh (`mesh join <address>`)' : 'Start again when another peer runs'
      }, put the folder \`store\` of a backup in its place, or go on with what can still be read of it: \`mesh start --salvage\`.`
    }
  )
}

function leaseOf({ settings, mesh, crypto }: OpenStore, rows: readonly Row[]): number {
  const facts = rows.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]))
  const profile = settings.profile ?? policyOf(fromHex(mesh.charter), facts, crypto)?.profile ?? 'wan'
  return timings(profile, settings.timings).leaseMs
}
