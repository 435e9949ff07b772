// The databases of a peer on a disk that runs full: what was refused never comes to light, what was promised is always there,
// reading goes on, and writing comes back by itself once there is room.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Operation, SteadyLevel, type SteadyLevelInit } from '@pinmesh/level'
import { createLevelStore, type Store, StoreError } from '@pinmesh/store'
import { ClassicLevel } from 'classic-level'
import { bytesOf } from './kit/files.ts'
import { newFolder } from './kit/processes.ts'
import { SmallDisk, smallDiskMissing } from './kit/small-disk.ts'
import { until } from './kit/until.ts'

const skip = smallDiskMissing()
const recoverMs = 30_000
const valueBytes = 20_000

const keyOf = (n: number): Uint8Array => Uint8Array.of(1, n >> 8, n & 255)
const valueOf = (n: number): Uint8Array => bytesOf(`value ${n}`, valueBytes)
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('base64')

suite('a store on a disk that runs full', { skip }, () => {
  /** Writes from `from` on until it is refused; the first number that was. */
  async function writeUntilRefused(store: Store, from: number): Promise<number> {
    for (let n = from; ; n++) {
      try {
        await store.write([{ table: 'entry', key: keyOf(n), value: valueOf(n) }], { sync: n % 3 === 0 })
      } catch (error) {
        assert.ok(error instanceof StoreError && error.code === 'MESH_DISK_FULL', String(error))
        return n
      }
    }
  }

  async function numbersIn(store: Store): Promise<number[]> {
    const found: number[] = []
    for await (const rows of store.range('entry')) {
      for (const { key, value } of rows) {
        const n = ((key[1] as number) << 8) | (key[2] as number)
        assert.equal(text(value), text(valueOf(n)), `the value of ${n}`)
        found.push(n)
      }
    }
    return found
  }

  const upTo = (count: number): number[] => Array.from({ length: count }, (_none, n) => n)

  test('is readable while it is full, writes again once there is room, and keeps exactly what it said it keeps', async () => {
    const disk = new SmallDisk(24)
    const path = `${disk.path}/store`
    let store = await createLevelStore({ path })
    let written = 0
    for (const leave of [2 << 20, 300_000, 40_000, 0]) {
      disk.fill(leave)
      written = await writeUntilRefused(store, written)
      await assert.rejects(store.write([], { sync: true }), { code: 'MESH_DISK_FULL' })
      assert.deepEqual(await numbersIn(store), upTo(written))
      assert.equal(text(await store.get('entry', keyOf(0))), text(valueOf(0)))
      disk.clear()
      await until('a write is taken', recoverMs, async () => {
        await store.write([{ table: 'meta', key: Uint8Array.of(leave & 255), value: Uint8Array.of(1) }], { sync: true })
        return true
      })
      assert.deepEqual(await numbersIn(store), upTo(written))
    }
    disk.fill(100_000)
    written = await writeUntilRefused(store, written)
    disk.clear()
    await store.close()
    store = await createLevelStore({ path })
    assert.deepEqual(await numbersIn(store), upTo(written), 'after a restart')
    await store.close()
    disk.remove()
  })
})

test('a batch whose sync failed is undone, before anything else is written', async () => {
  let failing = false
  let inLog: readonly Operation[] | undefined
  /** As LevelDB when a sync fails: the batch is in its log and not in its memory, so it is seen when it is opened anew. */
  const make: NonNullable<SteadyLevelInit['make']> = (at, options) => {
    const db = new ClassicLevel(at, options)
    const [begin, open] = [db.batch.bind(db), db.open.bind(db)]
    const batch = (): ReturnType<typeof begin> => {
      const begun = begin()
      if (!failing) return begun
      const operations: Operation[] = []
      return Object.assign(begun, {
        put: (key: Uint8Array, value: Uint8Array) => operations.push({ type: 'put', key, value }),
        del: (key: Uint8Array) => operations.push({ type: 'del', key }),
        write: async () => {
          await begun.close()
          inLog = operations
          throw Object.assign(new Error('IO error: No space left on device'), { code: 'LEVEL_IO_ERROR' })
        }
      })
    }
    return Object.assign(db, {
      open: async () => {
        await open()
        if (inLog !== undefined) await begin([...inLog], {})
        inLog = undefined
      },
      batch
    })
  }
  const level = await SteadyLevel.open({ path: `${newFolder('undo')}/level`, make })
  const put = (key: number, value: number): Parameters<typeof level.batch>[0][number] => ({
    type: 'put',
    key: Uint8Array.of(1, key),
    value: Uint8Array.of(value)
  })
  const state = (): (string | undefined)[] => [1, 2, 3].map((key) => text(level.getSync(Uint8Array.of(1, key))))
  await level.batch([put(1, 1), put(2, 1)], { sync: true })
  const before = state()
  failing = true
  const undone = level.batch([put(1, 2), { type: 'del', key: Uint8Array.of(1, 2) }, put(3, 2)], { sync: true })
  await assert.rejects(undone, /No space left/)
  failing = false
  assert.ok(inLog !== undefined)
  await until('a batch is taken', recoverMs, async () => {
    await level.batch([put(9, 9)], { sync: true })
    return true
  })
  assert.deepEqual(state(), before)
  assert.equal(inLog, undefined, 'it was opened anew, and the batch came to light')
  await level.close()
})
