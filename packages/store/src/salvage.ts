/**
 * What can still be read of a store that may not be opened any more, as a new store: of each row the newest that is left.
 */
import { salvage } from '@pinmesh/level'
import { soundValue } from './kept-row.ts'
import { createLevelStore } from './level.ts'
import type { Store } from './store.ts'

/** `from` is not changed, and there must be no `to` yet. What is not as it was written is left out. */
export async function salvageStore({
  from,
  to,
  signal
}: {
  from: string
  to: string
  signal?: AbortSignal | undefined
}): Promise<Store> {
  await salvage({ from, to, signal, isSound: (key, value) => soundValue(key, value) !== undefined })
  return createLevelStore({ path: to })
}
