// Paths below a CID: in folders of any size, and never through what is no folder, or without end.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMemoryContent, createMemoryWorld } from '../src/index.ts'
import type { FolderEntry, MemoryContent } from '../src/index.ts'
import { nameOf } from '../src/blocks/keys.ts'
import { resolvePath } from '../src/unixfs/resolve.ts'
import { blocksOf, cbor, folder, raw } from './dags.ts'

const options = { sources: [], signal: new AbortController().signal }

async function memory(): Promise<MemoryContent> {
  const content = createMemoryContent({ world: createMemoryWorld(), peer: 'here' })
  await content.start()
  return content
}

test('every name of a large folder is found in its shards, and no other', async () => {
  const content = await memory()
  const names = Array.from({ length: 2200 }, (_none, n) => `${'a long name '.repeat(10)}${n}`)
  const entries = names.map((name): FolderEntry => ({ path: `large/${name}`, content: raw(name).bytes }))
  const { cid } = await content.add({ folder: [...entries, { path: 'large/below/x', content: raw('x').bytes }] })
  for (const name of [0, 1, 1099, 2199].map((n) => names[n]!)) {
    assert.equal(await content.resolve(cid, `large/${name}`, options), raw(name).cid.toString())
    assert.equal(await content.resolve(cid, `large/${name}/x`, options), undefined)
  }
  assert.equal(await content.resolve(cid, 'large/below/x', options), raw('x').cid.toString())
  for (const name of ['2200', 'A0', '00', 'below/y']) {
    assert.equal(await content.resolve(cid, `large/${name}`, options), undefined, name)
  }
})

test('whatever the names, what was added is found where it was put', async () => {
  const name = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/[/\\\0]|^\.{1,2}$/.test(text))
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), async (names) => {
      const content = await memory()
      const { cid } = await content.add({
        folder: names.map((one) => ({ path: `in/${one}`, content: raw(one).bytes }))
      })
      for (const one of names) assert.equal(await content.resolve(cid, `in/${one}`, options), raw(one).cid.toString())
    }),
    { numRuns: 50 }
  )
})

test('nothing lies below a file or below data that is no folder', async () => {
  const leaf = raw('leaf')
  const data = cbor({ leaf: leaf.cid })
  const top = folder([
    { name: 'leaf', cid: leaf.cid },
    { name: 'data', cid: data.cid }
  ])
  const blocks = blocksOf(leaf, data, top)
  const read = async (cid: typeof top.cid): Promise<Uint8Array> => blocks.get(nameOf(cid.multihash.bytes))!
  assert.equal((await resolvePath(top.cid, 'leaf', read))?.toString(), leaf.cid.toString())
  for (const path of ['leaf/leaf', 'data/leaf', 'data/leaf/x']) {
    assert.equal(await resolvePath(top.cid, path, read), undefined)
  }
})
