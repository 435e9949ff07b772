/**
 * What can still be read of a store that may not be opened any more. Rows come in no order, and also those that were replaced or
 * deleted since: of a key the row with the highest sequence is the newest of those that are left.
 */
import { salvage } from '@pinmesh/level'
import { plain, soundValue, tableOf } from './kept-row.ts'
import type { Row } from './store.ts'

export interface SalvagedRow extends Row {
  readonly sequence: number
}

/** Reads the files of the folder and changes nothing. What is not as it was written is left out. */
export async function* salvageStore(path: string): AsyncGenerator<SalvagedRow[]> {
  for await (const found of salvage(path)) {
    const rows = found.map(({ key, value, sequence }): SalvagedRow | undefined => {
      const table = tableOf(key)
      const kept = value === undefined ? null : soundValue(key, value)
      return table === undefined || kept === undefined
        ? undefined
        : { table, key: plain(key, 1), value: kept, sequence }
    })
    yield rows.filter((row) => row !== undefined)
  }
}
