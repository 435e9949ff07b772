// The contract of content as tests: whoever implements the port calls `contract` and passes. Two peers, here and there,
// that can reach each other.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { AcquireOptions, Content, ContentEntry, FolderEntry } from './content.ts'
import { ContentError } from './content-error.ts'

/** Two started contents, empty, and what ends them. */
export interface Subject {
  here: Content
  there: Content
  /** The peer id under which `here` reaches `there`. */
  therePeer: string
  clean(): Promise<void>
}

/** A CIDv1 (raw, sha2-256) that no peer has. */
const nowhere = 'bafkreiemqpndzewx4bioklzfvhtiegsfny5fxuc3nkjk2vmcpjxiammsti'

export function contract(name: string, factory: () => Promise<Subject>): void {
  describe(`the contract of content: ${name}`, () => {
    let subject: Subject
    let here: Content
    let there: Content
    beforeEach(async () => {
      subject = await factory()
      here = subject.here
      there = subject.there
    })
    afterEach(() => subject.clean())

    const options = (more: Partial<AcquireOptions> = {}): AcquireOptions => ({
      mode: 'recursive',
      sources: [subject.therePeer],
      bytesMax: 1 << 30,
      signal: AbortSignal.timeout(60_000),
      ...more
    })

    it('adds a file in the shape everybody uses, and pins it', async () => {
      const { cid, bytes } = await here.add([text('hello'), text(' world')])
      assert.equal(cid, 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
      assert.equal(bytes, 11)
      assert.deepEqual(await here.pinned(cid), { mode: 'recursive', bytes: 11 })
      assert.deepEqual(await here.space(), { usedBytes: 11 })
      assert.deepEqual(await here.add([text('hello world')]), { cid, bytes })
    })

    it('adds a folder, whatever the order of its entries', async () => {
      const entries: FolderEntry[] = [
        { path: 'a/one.txt', content: [text('one')] },
        { path: 'two.txt', content: text('two') },
        { path: 'empty' }
      ]
      const first = await here.add({ folder: entries })
      const second = await there.add({ folder: entries.toReversed() })
      assert.deepEqual(first, second)
      assert.deepEqual(await listing(here.get(first.cid, options())), {
        '': null,
        a: null,
        'a/one.txt': 'one',
        empty: null,
        'two.txt': 'two'
      })
    })

    it('refuses paths that climb, when adding', async () => {
      for (const path of ['../x', '/x', 'a//b', 'a/../b', '.', 'nul\0', '']) {
        await rejects(here.add({ folder: [{ path, content: text('x') }] }), 'refused')
      }
      assert.deepEqual(await here.space(), { usedBytes: 0 })
    })

    it('keeps nothing of an add that is too large', async () => {
      await rejects(here.add([noise(3 << 20, 1)], { bytesMax: 2 << 20 }), 'no-space')
      assert.deepEqual(await here.space(), { usedBytes: 0 })
      assert.deepEqual(await pinsOf(here), [])
    })

    it('cuts files as it is told, and refuses a chunker it does not know', async () => {
      const bytes = noise(1 << 20, 8)
      const halves = await here.add([bytes], { chunker: 'size-524288' })
      const whole = await here.add([bytes])
      assert.notEqual(halves.cid, whole.cid)
      assert.deepEqual(Buffer.concat(await bytesOf(here, halves.cid, options())), Buffer.from(bytes))
      const byContent = await here.add([bytes], { chunker: 'rabin-65536-131072-262144' })
      const inPieces = [bytes.subarray(0, 100_001), bytes.subarray(100_001)]
      assert.deepEqual(await there.add(inPieces, { chunker: 'rabin-65536-131072-262144' }), byContent)
      for (const chunker of ['size-0', 'size-99999999', 'rabin-9-1-5', 'buzhash', '']) {
        await rejects(here.add([bytes], { chunker }), 'refused')
      }
    })

    it('tells the CID of an add before it is pinned', async () => {
      const told: { root: string; pinned: Promise<unknown> }[] = []
      const { cid } = await here.add([text('told')], {
        onRoot: (root) => told.push({ root, pinned: here.pinned(root) })
      })
      assert.deepEqual(
        told.map(({ root }) => root),
        [cid]
      )
      assert.equal(await told[0]?.pinned, undefined)
      assert.ok((await here.pinned(cid)) !== undefined)
    })

    it('brings a DAG elsewhere as a CAR: the same CIDs, and the same bytes again', async () => {
      const { cid, bytes } = await there.add({
        folder: [
          { path: 'a/one', content: noise(2 << 20, 9) },
          { path: 'two', content: text('two') }
        ]
      })
      const car = Buffer.concat(await all(there.exportCar(cid, options({ sources: [] }))))
      const roots: string[] = []
      const imported = await here.importCar(pieces(car, 70_000), { onRoot: (root) => roots.push(root) })
      assert.deepEqual(imported, [{ cid, bytes }])
      assert.deepEqual(roots, [cid])
      assert.deepEqual(await pinsOf(here), [{ cid, mode: 'recursive', bytes }])
      assert.deepEqual(Buffer.concat(await all(here.exportCar(cid, options({ sources: [] })))), car)
    })

    it('gives a CAR of what only a source has, and keeps nothing of it', async () => {
      const { cid } = await there.add([noise(3 << 20, 10)])
      const car = Buffer.concat(await all(here.exportCar(cid, options())))
      assert.deepEqual(await here.space(), { usedBytes: 0 })
      assert.deepEqual(car, Buffer.concat(await all(there.exportCar(cid, options({ sources: [] })))))
      const nobody = here.exportCar(nowhere, options({ sources: [] }))
      await rejects(all(nobody), 'unreachable')
    })

    it('keeps nothing of a CAR that is cut short, false, too large or aborted', async () => {
      const { cid } = await there.add([noise(2 << 20, 11)])
      const car = Buffer.concat(await all(there.exportCar(cid, options({ sources: [] }))))
      const wrong = Buffer.from(car)
      wrong[car.length - 5]! ^= 1
      const cut = [0, 1, 20, 200, car.length >> 1, car.length - 1].map((length) => car.subarray(0, length))
      for (const bad of [...cut, wrong, Buffer.from('no CAR at all')]) {
        await rejects(here.importCar(pieces(bad, 60_000)), 'bad-dag')
      }
      await rejects(here.importCar([car], { bytesMax: 1 << 20 }), 'no-space')
      await rejects(here.importCar([car], { signal: AbortSignal.abort() }), 'aborted')
      assert.deepEqual(await here.space(), { usedBytes: 0 })
      assert.deepEqual(await pinsOf(here), [])
    })

    it('finds what lies below a folder', async () => {
      const { cid } = await there.add({ folder: [{ path: 'a/b/c.txt', content: text('deep') }] })
      const deep = await here.resolve(cid, 'a/b/c.txt', options())
      assert.equal(deep, (await there.add([text('deep')])).cid)
      assert.equal(await here.resolve(cid, '', options()), cid)
      for (const path of ['b', 'a/c', 'a/b/c.txt/d']) assert.equal(await here.resolve(cid, path, options()), undefined)
      for (const path of ['..', 'a/../a', '/a', 'a//b']) await rejects(here.resolve(cid, path, options()), 'refused')
      assert.deepEqual(await here.space(), { usedBytes: 0 })
    })

    it('collects no block that a pin needs', async () => {
      const { cid, bytes } = await here.add([noise(2 << 20, 12), text('kept')])
      await here.collect(AbortSignal.timeout(60_000))
      assert.deepEqual(await here.space(), { usedBytes: bytes })
      assert.deepEqual(await all(here.unfinished()), [])
      assert.deepEqual((await bytesOf(here, cid, options({ sources: [] }))).at(-1), text('kept'))
    })

    it('acquires a DAG from a source, whole, and reports progress', async () => {
      const { cid, bytes } = await there.add([noise(5 << 20, 2)])
      const seen: number[] = []
      assert.deepEqual(await here.acquire(cid, options({ onProgress: (n) => seen.push(n) })), { bytes })
      assert.equal(seen.at(-1), bytes)
      assert.deepEqual(await here.pinned(cid), { mode: 'recursive', bytes })
      assert.deepEqual(await pinsOf(here), [{ cid, mode: 'recursive', bytes }])
      assert.deepEqual(await here.space(), { usedBytes: bytes })
      await there.release(cid)
      assert.deepEqual(
        Buffer.concat(await bytesOf(here, cid, options({ sources: [] }))),
        Buffer.from(noise(5 << 20, 2))
      )
    })

    it('resolves at once for what is pinned already', async () => {
      const { cid, bytes } = await here.add([text('mine')])
      assert.deepEqual(await here.acquire(cid, options({ sources: [] })), { bytes })
    })

    it('pins one block in mode direct, and replaces the pin by one of the other mode', async () => {
      const { cid, bytes } = await there.add([noise(3 << 20, 3)])
      const direct = await here.acquire(cid, options({ mode: 'direct' }))
      assert.ok(direct.bytes < 1000)
      assert.deepEqual(await here.pinned(cid), { mode: 'direct', bytes: direct.bytes })
      assert.deepEqual(await here.acquire(cid, options()), { bytes })
      assert.deepEqual(await here.space(), { usedBytes: bytes })
      await here.acquire(cid, options({ mode: 'direct' }))
      assert.deepEqual(await here.space(), { usedBytes: direct.bytes })
    })

    it('refuses a DAG above the bytes allowed, and keeps nothing', async () => {
      const { cid, bytes } = await there.add([noise(3 << 20, 4)])
      await rejects(here.acquire(cid, options({ bytesMax: bytes - 1 })), 'limit')
      assert.deepEqual(await here.space(), { usedBytes: 0 })
      assert.equal(await here.pinned(cid), undefined)
      assert.deepEqual(await here.acquire(cid, options({ bytesMax: bytes })), { bytes })
    })

    it('says unreachable for what nobody has', async () => {
      await rejects(here.acquire(nowhere, options()), 'unreachable')
      assert.equal(await here.pinned(nowhere), undefined)
    })

    it('says aborted when the caller aborts', async () => {
      const { cid } = await there.add([text('late')])
      await rejects(here.acquire(cid, options({ signal: AbortSignal.abort() })), 'aborted')
    })

    it('says bad-dag for what is no CID, or one it cannot check or walk', async () => {
      await rejects(here.acquire('nonsense', options()), 'bad-dag')
      // The same digest as a codec nobody knows (git-raw, 0x78).
      await rejects(here.acquire('baf4beifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e', options()), 'bad-dag')
    })

    it('releases what no other pin needs, and nothing else', async () => {
      const shared = noise(2 << 20, 5)
      const one = await here.add({ folder: [{ path: 'shared', content: shared }] })
      const other = await here.add({ folder: [{ path: 'same', content: shared }] })
      await here.release(one.cid)
      assert.deepEqual(await here.space(), { usedBytes: other.bytes })
      assert.deepEqual(await pinsOf(here), [{ cid: other.cid, mode: 'recursive', bytes: other.bytes }])
      await here.release(other.cid)
      await here.release(other.cid)
      assert.deepEqual(await here.space(), { usedBytes: 0 })
    })

    it('reads from a source without keeping anything', async () => {
      const { cid } = await there.add({ folder: [{ path: 'far/away.txt', content: noise(3 << 20, 6) }] })
      const found: string[] = []
      for await (const entry of here.get(cid, options())) {
        found.push(`${entry.kind} ${entry.path} ${entry.size}`)
        let size = 0
        for await (const part of entry.content ?? []) size += part.length
        assert.equal(size, entry.size)
      }
      assert.deepEqual(found, ['folder  0', 'folder far 0', `file far/away.txt ${3 << 20}`])
      assert.deepEqual(await here.space(), { usedBytes: 0 })
    })

    it('begins a listing where it is told, also within a file', async () => {
      const { cid } = await there.add({
        folder: [
          { path: 'a.txt', content: text('first') },
          { path: 'b/c.txt', content: text('in the middle') },
          { path: 'd.bin', content: noise(3 << 20, 8) }
        ]
      })
      const from = async (path: string, offset = 0): Promise<Record<string, string | null>> =>
        listing(here.get(cid, { ...options(), from: { path, offset } }))
      const whole = await listing(here.get(cid, options()))
      const { a: _, 'a.txt': __, '': ___, ...rest } = whole
      assert.deepEqual(await from(''), whole)
      assert.deepEqual(await from('b'), rest)
      assert.deepEqual(Object.keys(await from('b/c.txt', 7)), ['b/c.txt', 'd.bin'])
      assert.equal((await from('b/c.txt', 7))['b/c.txt'], 'middle')
      const bytes = Buffer.concat(await bytesOf(there, cid, options())).subarray(-(3 << 20))
      for (const offset of [1, 1 << 20, (2 << 20) + 5, 3 << 20]) {
        const [tail] = await all(here.get(cid, { ...options(), from: { path: 'd.bin', offset } }))
        assert.deepEqual(Buffer.concat(await all(tail?.content ?? [])), bytes.subarray(offset))
        assert.equal(tail?.size, 3 << 20)
      }
      await rejects(from('b/none'), 'refused')
      await rejects(from('a.txt/none'), 'refused')
      await rejects(from('a.txt', 6), 'refused')
      await rejects(from('../a.txt'), 'refused')
    })

    it('is well when probed, and refuses work after stop', async () => {
      await here.probe()
      await here.stop()
      await here.stop()
      await rejects(here.add([text('late')]), 'refused')
      await rejects(here.probe(), 'back-end')
    })

    it('finds its pins again after stop and start', async () => {
      const { cid, bytes } = await here.add([noise(2 << 20, 7), text('tail')])
      await here.stop()
      await here.start()
      assert.deepEqual(await pinsOf(here), [{ cid, mode: 'recursive', bytes }])
      assert.deepEqual(await here.space(), { usedBytes: bytes })
      await here.release(cid)
      assert.deepEqual(await here.space(), { usedBytes: 0 })
    })
  })
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ContentError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}

async function pinsOf(content: Content): Promise<unknown[]> {
  const found = await all(content.pins())
  return found.toSorted((a, b) => (a.cid < b.cid ? -1 : 1))
}

async function bytesOf(content: Content, cid: string, options: AcquireOptions): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for await (const entry of content.get(cid, options)) parts.push(...(await all(entry.content ?? [])))
  return parts
}

async function listing(entries: AsyncIterable<ContentEntry>): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {}
  for await (const { path, kind, content } of entries) {
    found[path] = kind === 'folder' ? null : Buffer.concat(await all(content ?? [])).toString()
  }
  return found
}

async function all<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

function* pieces(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield new Uint8Array(bytes.subarray(at, at + length))
}

function text(words: string): Uint8Array {
  return new Uint8Array(Buffer.from(words))
}

/** Bytes that do not repeat: the same for the same seed. */
function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4)
  let state = seed * 0x9e3779b9
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    words[at] = state ^ (state >>> 13)
  }
  return new Uint8Array(words.buffer)
}
