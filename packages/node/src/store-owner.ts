/**
 * Whose store it is, in the store itself: folders are copied and put back by hand, and the store of another peer, however sound,
 * would have this one go back on what it promised and contradict what it wrote.
 */
import { meshIdOf, meshIdText, type Row } from '@pinmesh/core'
import type { Store } from '@pinmesh/store'
import { hash, type NodeCrypto } from './node-crypto.ts'

/** meta 'owner'. */
const key = new TextEncoder().encode('owner')

/** As it stands in the store. */
export function ownerText(charter: Uint8Array, { peer }: Pick<NodeCrypto, 'peer'>): string {
  return `${peer} in the mesh ${meshIdText(meshIdOf(charter, { hash }))}`
}

/** Undefined where none was noted yet. */
export async function ownerOf(store: Store): Promise<string | undefined> {
  const value = await store.get('meta', key)
  return value === undefined ? undefined : new TextDecoder().decode(value)
}

export function ownerRow(owner: string): Row {
  return { table: 'meta', key, value: new TextEncoder().encode(owner) }
}
