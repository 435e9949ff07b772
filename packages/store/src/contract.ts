// The contract of a store as tests: whoever implements the port calls `contract` and passes. It says in examples what
// the comments of the interface say in words.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { StoreError } from './store-error.ts'
import { chunkBytesMax, chunkRowsMax } from './store.ts'
import type { Row, Store, StoredRow, Table } from './store.ts'

/** A fresh, empty store, and how to close it and open it again over the same bytes. */
export interface Subject {
  store: Store
  reopen(): Promise<Store>
  clean(): Promise<void>
}

export function contract(name: string, factory: () => Promise<Subject>): void {
  describe(`the contract of a store: ${name}`, () => {
    let subject: Subject
    let store: Store
    before(async () => {
      subject = await factory()
      store = subject.store
    })
    after(async () => {
      await store.close()
      await subject.clean()
    })

    it('gives back what was written, as plain bytes, and undefined for what was not', async () => {
      await store.write([row('meta', 'a', 'one'), row('meta', '', 'under the empty key')], {
        sync: false
      })
      assert.equal(text(await store.get('meta', bytes('a'))), 'one')
      assert.equal(text(await store.get('meta', bytes(''))), 'under the empty key')
      assert.equal(await store.get('meta', bytes('b')), undefined)
      assert.equal(Object.getPrototypeOf(await store.get('meta', bytes('a'))), Uint8Array.prototype)
    })

    it('keeps the tables apart', async () => {
      await store.write([row('fact', 'same', 'fact'), row('leaf', 'same', 'leaf')], { sync: true })
      assert.equal(text(await store.get('fact', bytes('same'))), 'fact')
      assert.equal(text(await store.get('leaf', bytes('same'))), 'leaf')
      assert.deepEqual(await all(store, 'fact'), ['same=fact'])
    })

    it('replaces and deletes, the later row of a batch winning', async () => {
      await store.write([row('hold', 'x', '1'), row('hold', 'x', '2'), row('hold', 'y', '1')], {
        sync: false
      })
      await store.write([row('hold', 'y', null), row('hold', 'never there', null)], {
        sync: false
      })
      assert.deepEqual(await all(store, 'hold'), ['x=2'])
    })

    it('applies writes in the order of the calls, awaited or not', async () => {
      const writes = Array.from({ length: 200 }, (_, n) =>
        store.write([row('meta', 'order', String(n))], { sync: n % 50 === 0 })
      )
      await Promise.all(writes)
      assert.equal(text(await store.get('meta', bytes('order'))), '199')
    })

    it('answers many reads asked for at once, each with its own value', async () => {
      const keys = Array.from({ length: 2_500 }, (_, n) => `many-${n}`)
      await store.write(
        keys.map((key) => row('meta', key, key)),
        { sync: false }
      )
      const values = await Promise.all(keys.map((key) => store.get('meta', bytes(key))))
      assert.deepEqual(values.map(text), keys)
    })

    rangeContract(() => store)

    it('keeps everything over a close, and refuses work once closed', async () => {
      await store.write([row('meta', 'kept', 'yes')], { sync: false })
      const old = store
      store = await subject.reopen()
      assert.equal(text(await store.get('meta', bytes('kept'))), 'yes')
      await old.close()
      await assert.rejects(old.write([], { sync: true }), closed)
      await assert.rejects(old.get('meta', bytes('kept')), closed)
      await assert.rejects(collect(old.range('meta')), closed)
    })

    it('takes a sync without rows', async () => {
      await store.write([], { sync: true })
      await store.write([], { sync: false })
    })
  })
}

function rangeContract(current: () => Store): void {
  it('lists by byte order from the first bound up to but without the second', async () => {
    const store = current()
    const keys = [[0], [0, 0], [1, 255], [2], [127], [128], [255], [255, 255]]
    await store.write(
      keys.toReversed().map((key) => ({ table: 'pin' as const, key: Uint8Array.from(key), value: bytes('v') })),
      { sync: false }
    )
    const list = async (from?: number[], to?: number[]): Promise<number[][]> => {
      const rows = await flat(store.range('pin', from && Uint8Array.from(from), to && Uint8Array.from(to)))
      return rows.map(({ key }) => [...key])
    }
    assert.deepEqual(await list(), keys)
    assert.deepEqual(await list([1]), keys.slice(2))
    assert.deepEqual(await list(undefined, [128]), keys.slice(0, 5))
    assert.deepEqual(await list([0, 0], [2]), keys.slice(1, 3))
    assert.deepEqual(await list([2], [2]), [])
    assert.deepEqual(await list([3], [2]), [])
  })

  it('streams in chunks bounded by rows and by bytes', async () => {
    const store = current()
    const small = Array.from({ length: 2_345 }, (_, n) => row('entry', `s${String(n).padStart(5, '0')}`, 'v'))
    await store.write(small, { sync: false })
    const chunks = await collect(store.range('entry', bytes('s'), bytes('t')))
    assert.deepEqual(
      chunks.flat().map(({ key }) => text(key)),
      small.map(({ key }) => text(key))
    )
    assert.ok(chunks.length >= 3 && chunks.every((chunk) => chunk.length >= 1 && chunk.length <= chunkRowsMax))

    const value = new Uint8Array(chunkBytesMax / 2)
    for (const n of [1, 2, 3, 4, 5])
      await store.write([{ table: 'entry', key: bytes(`t${n}`), value }], { sync: false })
    const heavy = await collect(store.range('entry', bytes('t'), bytes('u')))
    assert.equal(heavy.flat().length, 5)
    assert.ok(heavy.every((chunk) => chunk.length <= 3))
  })

  it('shows a snapshot: no write after the first chunk', async () => {
    const store = current()
    await store.write(
      Array.from({ length: 1_500 }, (_, n) => row('leaf', `z${1_000 + n}`, 'old')),
      { sync: false }
    )
    let rows = 0
    for await (const chunk of store.range('leaf', bytes('z'))) {
      if (rows === 0) await store.write([row('leaf', 'z2400', 'new'), row('leaf', 'z9', 'new')], { sync: false })
      assert.ok(chunk.every(({ value }) => text(value) === 'old'))
      rows += chunk.length
    }
    assert.equal(rows, 1_500)
  })

  it('can be left early', async () => {
    for await (const chunk of current().range('leaf')) {
      assert.ok(chunk.length > 0)
      break
    }
  })
}

const closed = (error: unknown): boolean => error instanceof StoreError && error.code === 'MESH_STORE_FAILED'

function row(table: Table, key: string, value: string | null): Row {
  return { table, key: bytes(key), value: value === null ? null : bytes(value) }
}

function bytes(from: string): Uint8Array {
  return new TextEncoder().encode(from)
}

function text(from: Uint8Array | undefined): string | undefined {
  return from && new TextDecoder().decode(from)
}

async function flat(range: AsyncIterable<StoredRow[]>): Promise<StoredRow[]> {
  return (await collect(range)).flat()
}

async function all(store: Store, table: Table): Promise<string[]> {
  return (await flat(store.range(table))).map(({ key, value }) => `${text(key)}=${text(value)}`)
}

/** Everything that a stream gives. */
export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}
