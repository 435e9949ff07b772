// The table on disk and in memory: the same rows in the same order, however many.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { join } from 'node:path'
import fc from 'fast-check'
import { LevelRows } from '../src/blocks/level-rows.ts'
import { MemoryRows } from '../src/blocks/memory-rows.ts'
import { slices } from '../src/blocks/rows.ts'
import type { RowChange, Rows } from '../src/blocks/rows.ts'
import { Lab } from './nodes.ts'

const lab = new Lab()
after(() => lab.end())

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

async function all(rows: Rows, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const slice of slices(rows, bytes(prefix))) {
    for (const { key, value } of slice) found.push(`${Buffer.from(key).toString('latin1')}=${value.length}`)
  }
  return found
}

for (const [name, create] of [
  ['level', async () => new LevelRows({ path: join(await lab.folder(), 'rows') })],
  ['memory', async () => new MemoryRows()]
] as const) {
  test(`${name}: a range brings every row, not just what one read holds`, async () => {
    const rows = await create()
    await rows.open()
    const changes: RowChange[] = []
    for (let n = 0; n < 5000; n++)
      changes.push({ key: bytes(`a${String(n).padStart(6, '0')}`), value: new Uint8Array(100) })
    changes.push({ key: bytes('b'), value: bytes('x') })
    await rows.write(changes)
    assert.equal((await all(rows, 'a')).length, 5000)
    assert.equal((await rows.range(bytes('a'), undefined, 4321)).length, 4321)
    assert.deepEqual((await rows.last(bytes('a')))?.key, bytes('a004999'))
    assert.equal(await rows.last(bytes('c')), undefined)
    await rows.close()
  })
}

test('disk and memory answer alike', async () => {
  const letter = fc.constantFrom('a', 'b', '\0', '\xff')
  const text = fc.array(letter, { minLength: 1, maxLength: 4 }).map((letters) => letters.join(''))
  const change = fc.record({ key: text.map((one) => bytes(`k${one}`)), value: fc.option(text.map(bytes)) })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 150 }), { maxLength: 5 }), text, async (writes, prefix) => {
      const level = new LevelRows({ path: join(await lab.folder(), 'rows') })
      const memory = new MemoryRows()
      await level.open()
      for (const changes of writes) {
        await level.write(changes)
        await memory.write(changes)
      }
      for (const start of ['k', `k${prefix}`]) {
        assert.deepEqual(await all(level, start), await all(memory, start))
        assert.deepEqual((await level.last(bytes(start)))?.key, (await memory.last(bytes(start)))?.key)
      }
      await level.close()
    }),
    { numRuns: 30 }
  )
})
