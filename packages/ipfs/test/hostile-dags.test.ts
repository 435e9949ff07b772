// DAGs made to exhaust, to escape or to confuse.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CID } from 'multiformats/cid'
import { MemoryFiles } from '../src/blocks/files.ts'
import { nameOf } from '../src/blocks/keys.ts'
import { MemoryRows } from '../src/blocks/memory-rows.ts'
import { ContentError } from '../src/index.ts'
import type { ContentEntry } from '../src/index.ts'
import type { Fetcher } from '../src/fetcher.ts'
import { walk } from '../src/dag/walk.ts'
import { PinningContent } from '../src/pinning-content.ts'
import { block, cbor, folder, raw } from './dags.ts'
import type { Block } from './dags.ts'
import { options, used } from './nodes.ts'

const blocks = new Map<string, Uint8Array>()
let fetched = 0
const fetcher: Fetcher = {
  start: async () => {},
  stop: async () => {},
  announce: () => {},
  session: () => ({
    block: async (cid: CID) => {
      fetched++
      const bytes = blocks.get(nameOf(cid.multihash.bytes))
      if (bytes === undefined) throw new ContentError('unreachable', 'nowhere')
      return bytes
    }
  })
}
const content = new PinningContent({ rows: new MemoryRows(), files: new MemoryFiles(), fetcher })
before(() => content.start())
after(() => content.stop())

function known(one: Block): Block {
  blocks.set(nameOf(one.cid.multihash.bytes), one.bytes)
  return one
}

const acquire = (root: Block): Promise<{ bytes: number }> => content.acquire(root.cid.toString(), options([]))

async function names(root: Block): Promise<string[]> {
  const found: ContentEntry[] = []
  for await (const entry of content.get(root.cid.toString(), options([]))) found.push(entry)
  return found.map(({ path }) => path)
}

test('a chain in which each block links twice to the next is walked once a block', async () => {
  let next = known(raw('end'))
  for (let depth = 0; depth < 60; depth++)
    next = known(cbor({ depth, one: next.cid, two: next.cid, three: [next.cid] }))
  fetched = 0
  await acquire(next)
  assert.equal(fetched, 61)
  await content.release(next.cid.toString())
})

test('a wide fan-out and a deep chain are walked without recursion', async () => {
  const leaf = known(raw('leaf'))
  const wide = known(cbor(Array.from({ length: 50_000 }, () => leaf.cid)))
  let deep = wide
  for (let depth = 0; depth < 5_000; depth++) deep = known(cbor([depth, deep.cid]))
  await acquire(deep)
  await content.release(deep.cid.toString())
  assert.equal(await used(content), 0)
})

test('the number of blocks of one DAG is bounded', async () => {
  const many = known(cbor(Array.from({ length: 100 }, (_, n) => known(raw(`leaf ${n}`)).cid)))
  const walking = walk({
    root: many.cid,
    recursive: true,
    bytesMax: Infinity,
    blocksMax: 50,
    signal: new AbortController().signal,
    visit: async (cid) => {
      const bytes = blocks.get(nameOf(cid.multihash.bytes)) ?? new Uint8Array()
      return { size: bytes.length, bytes }
    }
  })
  await assert.rejects(walking, { code: 'limit' })
})

test('a codec nobody can walk, bytes that do not decode and a hash nobody can check are bad', async () => {
  const git = known(block(0x78, new Uint8Array([1])))
  const broken = known(block(0x70, new Uint8Array([255, 255, 255])))
  const nested = known(block(0x71, new Uint8Array(100_000).fill(0x81)))
  const json = known(block(0x0129, new Uint8Array(Buffer.from('{"/":'))))
  for (const bad of [git, broken, nested, json]) {
    const whole = known(cbor([known(raw('good')).cid, bad.cid]))
    await assert.rejects(acquire(whole), { code: 'bad-dag' })
  }
  // Identity CIDs that smuggle content, and digests cut short.
  await assert.rejects(content.acquire('bafkreab', options([])), { code: 'bad-dag' })
  assert.equal(await used(content), 0)
})

test('a block over 4 MiB is bad', async () => {
  const large = known(raw(new Uint8Array((4 << 20) + 1)))
  const whole = known(cbor([large.cid]))
  await assert.rejects(acquire(whole), { code: 'bad-dag' })
  assert.equal(await used(content), 0)
})

test('DAG-JSON is walked, JSON and CBOR are leaves, content in a CID needs no block', async () => {
  const leaf = known(raw('leaf'))
  const text = JSON.stringify({ a: [{ '/': leaf.cid.toString() }, { '/': { bytes: 'AA' } }] })
  const dagJson = known(block(0x0129, new Uint8Array(Buffer.from(text))))
  const json = known(block(0x0200, new Uint8Array(Buffer.from(text))))
  assert.equal((await acquire(dagJson)).bytes, text.length + 4)
  assert.equal((await acquire(json)).bytes, text.length)
  // "hi" in the CID itself: raw, identity.
  assert.equal((await content.acquire('bafkqaatine', options([]))).bytes, 0)
  const listed = content.get('bafkqaatine', options([]))
  for await (const entry of listed) assert.equal(entry.size, 2)
  for (const one of [dagJson.cid.toString(), json.cid.toString(), 'bafkqaatine']) await content.release(one)
  assert.equal(await used(content), 0)
})

test('names that escape are refused when reading', async () => {
  const leaf = known(raw('leaf'))
  for (const name of ['..', '.', '', '/etc', 'a/b', 'a\\b', 'nul\0', 'x'.repeat(256)]) {
    await assert.rejects(names(known(folder([{ name, cid: leaf.cid }]))), { code: 'bad-dag' })
  }
  const twice = known(
    folder([
      { name: 'same', cid: leaf.cid },
      { name: 'same', cid: known(raw('other')).cid }
    ])
  )
  await assert.rejects(names(twice), { code: 'bad-dag' })
})

test('a folder nested without end is refused when reading', async () => {
  let deep = known(raw('leaf'))
  for (let depth = 0; depth < 200; depth++) deep = known(folder([{ name: 'a', cid: deep.cid }]))
  await assert.rejects(names(deep), { code: 'bad-dag' })
})

test('a file whose parts are not as long as declared is refused while reading', async () => {
  const leaf = known(raw('leaf'))
  const { encode, prepare } = await import('@ipld/dag-pb')
  // UnixFS file (type 2), filesize 9, one block of 9 bytes; the leaf has 4.
  const data = new Uint8Array([8, 2, 24, 9, 32, 9])
  const file = known(block(0x70, encode(prepare({ Data: data, Links: [{ Name: '', Hash: leaf.cid, Tsize: 4 }] }))))
  const reading = async (): Promise<void> => {
    for await (const entry of content.get(file.cid.toString(), options([]))) {
      for await (const _ of entry.content ?? []);
    }
  }
  await assert.rejects(reading(), { code: 'bad-dag' })
})
