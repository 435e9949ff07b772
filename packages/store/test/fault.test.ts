// What is looked through before a database is opened, and what is passed over.

import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { faultIn, SteadyLevel } from '@pinmesh/level'
import { folder } from './folder.ts'

/** A database with one table, in which rows under `a` stand before rows under `v`. */
async function oneTable(): Promise<{ path: string; table: string }> {
  const { path, clean } = await folder()
  after(clean)
  const level = await SteadyLevel.open({ path, options: { compression: false } })
  for (const letter of ['a', 'v']) {
    const rows = Array.from({ length: 200 }, (_, n) => ({
      type: 'put' as const,
      key: Buffer.from(`${letter}${String(n).padStart(6, '0')}`),
      value: Buffer.alloc(1000, letter)
    }))
    await level.batch(rows, { sync: true })
  }
  await level.close()
  // Opening it makes a table of its log.
  await (await SteadyLevel.open({ path, options: { compression: false } })).close()
  const tables = (await readdir(path)).filter((name) => name.endsWith('.ldb'))
  assert.equal(tables.length, 1)
  return { path, table: join(path, tables[0] as string) }
}

test('a changed byte is found wherever it is, and passed over in the rows that are told to be', async () => {
  for (const [letter, found] of [
    ['a', true],
    ['v', false]
  ] as const) {
    const { path, table } = await oneTable()
    const upTo = Buffer.from('v')
    assert.equal(await faultIn(path), undefined)
    assert.equal(await faultIn(path, upTo), undefined)
    const bytes = await readFile(table)
    const at = bytes.lastIndexOf(Buffer.alloc(900, letter))
    bytes[at] = (bytes[at] as number) ^ 1
    await writeFile(table, bytes)
    assert.match((await faultIn(path)) ?? '', /\.ldb is not what was written/)
    assert.equal((await faultIn(path, upTo)) !== undefined, found)
  }
})

test('a table that ends early is no table', async () => {
  const { path, table } = await oneTable()
  const bytes = await readFile(table)
  for (const length of [0, 10, 1000, bytes.length - 1]) {
    await writeFile(table, bytes.subarray(0, length))
    assert.match((await faultIn(path, Buffer.from('v'))) ?? '', /\.ldb is not what was written/)
  }
})
