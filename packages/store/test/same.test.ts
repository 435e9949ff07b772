// LevelDB and its memory sibling, driven by the same random writes, never differ in what they list and get.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLevelStore, createMemoryStore } from '@pinmesh/store'
import type { Row, Store, Table } from '@pinmesh/store'
import { collect } from '@pinmesh/store/contract'
import { folder } from './folder.ts'

const tables: Table[] = ['fact', 'entry', 'leaf', 'pin', 'hold', 'meta']
const key = fc.uint8Array({ maxLength: 3, max: 3 })
const row: fc.Arbitrary<Row> = fc.record({
  table: fc.constantFrom(...tables),
  key,
  value: fc.option(fc.uint8Array({ maxLength: 8 }))
})
const bounds = fc.record({
  table: fc.constantFrom(...tables),
  from: fc.option(key),
  to: fc.option(key)
})
const step = fc.record({ rows: fc.array(row, { maxLength: 20 }), sync: fc.boolean(), bounds })

test('level and memory give the same answers', async (t) => {
  const { path, clean } = await folder()
  t.after(clean)
  const level = await createLevelStore({ path })
  const memory = createMemoryStore() // both live through all runs: later runs meet what earlier ones left
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      for (const { rows, sync, bounds } of steps) {
        await Promise.all([level.write(rows, { sync }), memory.write(rows, { sync })])
        assert.deepEqual(await list(level, bounds), await list(memory, bounds))
        for (const { table, key } of rows) assert.deepEqual(await level.get(table, key), await memory.get(table, key))
      }
    }),
    { numRuns: 100 }
  )
  await level.close()
})

type Bounds = { table: Table; from: Uint8Array | null; to: Uint8Array | null }

async function list(store: Store, { table, from, to }: Bounds): Promise<string[]> {
  const rows = (await collect(store.range(table, from ?? undefined, to ?? undefined))).flat()
  return rows.map(({ key, value }) => `${key.join()}=${value.join()}`)
}
