// LevelDB for real: the contract, a process killed while it writes, a folder in use, a damaged one, a full disk.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { createLevelStore, StoreError } from '@pinmesh/store'
import type { StoreCode } from '@pinmesh/store'
import { collect, contract } from '@pinmesh/store/contract'
import { child, folder } from './folder.ts'

contract('level', async () => {
  const { path, clean } = await folder()
  const store = await createLevelStore({ path })
  const reopen = async (): ReturnType<typeof createLevelStore> => {
    await store.close()
    return createLevelStore({ path })
  }
  return { store, reopen, clean }
})

test('a killed process loses no synced row, and nothing but a tail', async (t) => {
  const { path, clean } = await folder()
  t.after(clean)
  const writer = child('write-rows', path)
  let acknowledged = -1
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged = Number(line)
    if (acknowledged >= 2_000) writer.kill('SIGKILL')
  }
  const store = await createLevelStore({ path })
  const rows = (await collect(store.range('entry'))).flat()
  assert.ok(rows.length > acknowledged)
  for (const [n, { key, value }] of rows.entries()) {
    assert.equal(new DataView(key.buffer, key.byteOffset).getUint32(0), n)
    assert.deepEqual(value, new Uint8Array(100).fill(n))
  }
  await store.close()
})

test('a folder serves one process, and the next one once the first is gone', async (t) => {
  const { path, clean } = await folder()
  t.after(clean)
  const holder = child('hold-open', path)
  await once(holder.stdout, 'data')
  await refused(path, 'MESH_HOME_BUSY')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const store = await createLevelStore({ path })
  await refused(path, 'MESH_HOME_BUSY')
  await store.close()
})

const damages: Record<string, (path: string) => Promise<void>> = {
  'a garbled CURRENT': (path) => writeFile(join(path, 'CURRENT'), 'nonsense'),
  'a CURRENT that names no file': (path) => writeFile(join(path, 'CURRENT'), 'MANIFEST-999999\n'),
  'a lost CURRENT': (path) => rm(join(path, 'CURRENT')),
  'a garbled MANIFEST': async (path) => {
    const name = (await readdir(path)).find((each) => each.startsWith('MANIFEST-'))!
    await writeFile(join(path, name), new Uint8Array(500).fill(7))
  },
  'a lost table': async (path) => {
    const name = (await readdir(path)).find((each) => each.endsWith('.ldb'))!
    await rm(join(path, name))
  }
}

for (const [name, damage] of Object.entries(damages)) {
  test(`${name} is told as damage, and nothing is deleted`, async (t) => {
    const { path, clean } = await folder()
    t.after(clean)
    for (const n of [1, 2, 3]) {
      const store = await createLevelStore({ path }) // reopening moves the rows from the log into a table
      await store.write([{ table: 'meta', key: Uint8Array.of(n), value: Uint8Array.of(n) }], {
        sync: true
      })
      await store.close()
    }
    await damage(path)
    const tables = (await readdir(path)).filter((each) => each.endsWith('.ldb'))
    await refused(path, 'MESH_STORE_DAMAGED')
    assert.deepEqual(
      (await readdir(path)).filter((each) => each.endsWith('.ldb')),
      tables
    )
  })
}

test('a path that cannot be a folder fails with a code', async (t) => {
  const { path, clean } = await folder()
  t.after(clean)
  await writeFile(path, 'a file')
  await refused(path, 'MESH_STORE_FAILED')
})

test('a full disk is told as such, stops all further writing and leaves reading', async (t) => {
  const { path, clean } = await folder()
  t.after(clean)
  const writer = child('fill-disk', path, 'trap "" XFSZ; ulimit -f 600;') // 512-byte blocks in most shells
  const [said, again, bytesRead] = JSON.parse(String((await once(writer.stdout, 'data'))[0])) as unknown[]
  assert.deepEqual([said, again, bytesRead], ['MESH_DISK_FULL', 'MESH_DISK_FULL', 60_000])
})

async function refused(path: string, code: StoreCode): Promise<void> {
  await assert.rejects(
    createLevelStore({ path }),
    (error: unknown) => error instanceof StoreError && error.code === code
  )
}
