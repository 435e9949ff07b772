// A store whose files were damaged, cut short, removed or put back from a backup: it is opened with every row that it held, or
// not at all. Never with fewer, and never with others.

import assert from 'node:assert/strict'
import { appendFile, cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createLevelStore, type Store, StoreError } from '@pinmesh/store'
import { collect } from '@pinmesh/store/contract'
import { type Folder, folder } from './folder.ts'

const rows = 300
const older = 200
let sound: Folder
let backup: Folder

const keyOf = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255)
const valueOf = (n: number): Uint8Array => new Uint8Array(100).fill(n)

async function writeRows(path: string, from: number, to: number): Promise<void> {
  const store = await createLevelStore({ path })
  for (let n = from; n < to; n++)
    await store.write([{ table: 'entry', key: keyOf(n), value: valueOf(n) }], { sync: n % 7 === 0 || n === to - 1 })
  await store.close()
}

async function copyOf(of: Folder): Promise<Folder> {
  const to = await folder()
  await cp(of.path, to.path, { recursive: true })
  await cp(`${of.path}.mark`, `${to.path}.mark`)
  return to
}

before(async () => {
  sound = await folder()
  await writeRows(sound.path, 0, older)
  backup = await copyOf(sound)
  await writeRows(sound.path, older, rows) // the first rows are in a table now, these in a log
})
after(async () => {
  await sound.clean()
  await backup.clean()
})

async function isWhole(store: Store): Promise<void> {
  const found = (await collect(store.range('entry'))).flat()
  assert.equal(found.length, rows)
  for (const [n, { key, value }] of found.entries()) {
    assert.deepEqual(key, keyOf(n))
    assert.deepEqual(value, valueOf(n))
  }
}

/** Damages a copy and opens it: true if it was refused, false if it holds everything all the same. */
async function refuses(damage: (path: string) => Promise<void>): Promise<boolean> {
  const copy = await copyOf(sound)
  try {
    await damage(copy.path)
    const store = await createLevelStore({ path: copy.path })
    try {
      await isWhole(store)
    } finally {
      await store.close()
    }
    return false
  } catch (error) {
    assert.ok(error instanceof StoreError && error.code === 'MESH_STORE_DAMAGED', String(error))
    return true
  } finally {
    await copy.clean()
  }
}

const named = async (path: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(path)).filter((name) => pattern.test(name)).map((name) => join(path, name))

for (const [what, pattern] of [
  ['log', /\.log$/],
  ['table', /\.ldb$/]
] as const) {
  test(`a bit that flips anywhere in a ${what} is noticed, or changes nothing`, async () => {
    let refused = 0
    for (let n = 0; n < 40; n++) {
      const was = await refuses(async (path) => {
        const [file] = (await named(path, pattern)) as [string]
        const bytes = await readFile(file)
        const at = Math.floor((n / 40) * bytes.length)
        await writeFile(file, bytes.with(at, (bytes[at] as number) ^ (1 << (n % 8))))
      })
      if (was) refused++
    }
    assert.ok(refused >= 20, `${refused} of 40 were noticed`)
  })

  test(`a ${what} that was cut short is noticed, wherever`, async () => {
    for (let n = 0; n < 20; n++) {
      const was = await refuses(async (path) => {
        const [file] = (await named(path, pattern)) as [string]
        await truncate(file, Math.floor((n / 20) * (await readFile(file)).length))
      })
      assert.ok(was, `cut at ${n} of 20`)
    }
  })
}

test('a store that was emptied, removed or put back from a backup is noticed', async () => {
  assert.ok(
    await refuses(async (path) => {
      for (const file of await named(path, /./)) await rm(file)
    })
  )
  assert.ok(await refuses(async (path) => rm(path, { recursive: true })))
  assert.ok(
    await refuses(async (path) => {
      await rm(path, { recursive: true })
      await cp(backup.path, path, { recursive: true })
    })
  )
})

test('what a process that was ended left half written at the end of its log is no damage', async () => {
  const noise = Uint8Array.from({ length: 50 }, (_none, n) => (n * 37) & 255)
  for (const tail of [noise, new Uint8Array(4096), noise.subarray(0, 5)]) {
    const was = await refuses(async (path) => {
      const [file] = (await named(path, /\.log$/)) as [string]
      await appendFile(file, tail)
    })
    assert.equal(was, false)
  }
})
