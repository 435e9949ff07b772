// What is read of a store whose files are damaged: every row outside of the damage, and never one that was not written.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { createLevelStore, salvageStore } from '@pinmesh/store'
import { type Folder, folder } from './folder.ts'

const rows = 400
/** Of a row that goes over several blocks of a log, and is a block of its own in a table. */
const largeBytes = 100_000
const large = 200

let sound: Folder
let files: string[]

const keyOf = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255)

/** Like hashes and signatures, hardly to be packed; and the same each time. */
function valueOf(n: number, version = 0): Uint8Array {
  const length = n === large ? largeBytes : 150
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 32)
    bytes.set(
      createHash('sha256')
        .update(`${n}/${version}/${at}`)
        .digest()
        .subarray(0, Math.min(32, length - at)),
      at
    )
  return bytes
}

/** Some in tables, some in a log, some written again or deleted. */
beforeEach(async () => {
  sound = await folder()
  const write = async (from: number, to: number, version = 0): Promise<void> => {
    const store = await createLevelStore({ path: sound.path })
    for (let n = from; n < to; n++)
      await store.write([{ table: 'entry', key: keyOf(n), value: valueOf(n, version) }], { sync: n === to - 1 })
    await store.close()
  }
  await write(0, 300)
  await write(250, rows, 1) // opening has moved the first ones into a table
  const store = await createLevelStore({ path: sound.path })
  await store.write([{ table: 'entry', key: keyOf(5), value: null }], { sync: true })
  await store.write([{ table: 'pin', key: keyOf(large), value: valueOf(large) }], { sync: true })
  await store.close()
  files = (await readdir(sound.path)).filter((name) => /\.(log|ldb)$/.test(name)).map((name) => join(sound.path, name))
})
afterEach(async () => sound.clean())

/** What is there again, checked to be what was written. */
async function read(): Promise<Map<string, Uint8Array>> {
  const to = `${sound.path}.anew`
  await rm(to, { recursive: true, force: true })
  await rm(`${to}.mark`, { force: true })
  const store = await salvageStore({ from: sound.path, to })
  const found = new Map<string, Uint8Array>()
  for (const table of ['entry', 'pin'] as const) {
    for await (const chunk of store.range(table)) {
      for (const { key, value } of chunk) {
        const n = ((key[0] as number) << 8) | (key[1] as number)
        assert.ok([0, 1].some((version) => Buffer.compare(valueOf(n, version), value) === 0))
        found.set(`${table} ${n}`, value)
      }
    }
  }
  await store.close()
  assert.deepEqual(
    (await readdir(dirname(to))).filter((name) => name.includes('sorting')),
    []
  )
  return found
}

test('of a store that is sound everything is read, the newest of each row', async () => {
  const found = await read()
  assert.equal(found.size, rows)
  assert.equal(found.get('entry 5'), undefined)
  assert.deepEqual(found.get('entry 299'), valueOf(299, 1))
  assert.deepEqual(found.get(`pin ${large}`), valueOf(large))
})

test('a changed byte costs the rows of its block or record, and no other is wrong', async () => {
  for (const file of files) {
    const bytes = await readFile(file)
    for (let n = 0; n < 20; n++) {
      const at = Math.floor(((n + 0.5) / 20) * bytes.length)
      await writeFile(file, bytes.with(at, (bytes[at] as number) ^ 16))
      const found = await read()
      assert.ok(found.size > rows - 250, `${found.size} rows with byte ${at} of ${file} changed`)
    }
    await writeFile(file, bytes)
  }
})

test('a file that was cut short gives what lies before the cut, although a table has its index at the end', async () => {
  const table = files.toSorted().find((file) => file.endsWith('.ldb')) as string
  for (const file of files) if (file !== table) await rm(file)
  const whole = (await read()).size
  const { length } = await readFile(table)
  await truncate(table, length - 20)
  assert.equal((await read()).size, whole)
  await truncate(table, length >> 1)
  const half = (await read()).size
  assert.ok(half > whole / 3 && half < whole, `${half} of ${whole}`)
})

test('where there is nothing, nothing is read', async () => {
  await rm(sound.path, { recursive: true })
  assert.equal((await read()).size, 0)
})
