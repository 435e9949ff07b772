// The memory sibling: the contract, and what a crash leaves.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMemoryStore } from '@pinmesh/store'
import type { Row, Store } from '@pinmesh/store'
import { collect, contract } from '@pinmesh/store/contract'

contract('memory', async () => {
  const store = createMemoryStore()
  const reopen = async (): Promise<Store> => {
    await store.write([], { sync: true })
    return store.crash()
  }
  return { store, reopen, clean: async () => {} }
})

test('a crash keeps everything up to the last synced write and nothing after it', async () => {
  const row = fc.record({ key: fc.nat(20), value: fc.option(fc.nat(255)) })
  const writes = fc.array(fc.record({ rows: fc.array(row, { maxLength: 5 }), sync: fc.boolean() }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(writes, async (list) => {
      const store = createMemoryStore()
      const model = new Map<number, number>()
      const durable = list.findLastIndex(({ sync }) => sync)
      for (const [n, { rows, sync }] of list.entries()) {
        await store.write(rows.map(asRow), { sync })
        if (n > durable) continue
        for (const { key, value } of rows)
          if (value === null) model.delete(key)
          else model.set(key, value)
      }
      const left = (await collect(store.crash().range('hold'))).flat()
      const expected = [...model].toSorted(([a], [b]) => a - b)
      assert.deepEqual(
        left.map(({ key, value }) => [key[0], value[0]]),
        expected
      )
    })
  )
})

test('the store that crashed is dead', async () => {
  const store = createMemoryStore()
  store.crash()
  await assert.rejects(store.get('meta', Uint8Array.of(1)), { code: 'MESH_STORE_FAILED' })
})

function asRow({ key, value }: { key: number; value: number | null }): Row {
  return {
    table: 'hold',
    key: Uint8Array.of(key),
    value: value === null ? null : Uint8Array.of(value)
  }
}
