// CARs from strangers: what is right comes in with its exact CIDs, however it is cut; what is not leaves nothing, and no
// length that it tells makes us gather more than a block.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { varint } from 'multiformats'
import { CID } from 'multiformats/cid'
import { carBlock, carHeader } from '../src/car/car-frames.ts'
import { readCar } from '../src/car/read-car.ts'
import { writeCar } from '../src/car/write-car.ts'
import { ContentError, createMemoryContent, createMemoryWorld } from '../src/index.ts'
import type { MemoryContent } from '../src/index.ts'
import { cbor, folder, raw } from './dags.ts'

const options = { sources: [], signal: new AbortController().signal }

async function memory(): Promise<MemoryContent> {
  const content = createMemoryContent({ world: createMemoryWorld(), peer: 'here' })
  await content.start()
  return content
}

function carOf(roots: readonly CID[], blocks: readonly { cid: CID; bytes: Uint8Array }[]): Uint8Array {
  return new Uint8Array(Buffer.concat([carHeader(roots), ...blocks.map(({ cid, bytes }) => carBlock(cid, bytes))]))
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** In pieces of these lengths, again and again. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!
    yield bytes.subarray(at, at + length)
    at += length
  }
}

async function isBad(task: Promise<unknown>, words: RegExp): Promise<void> {
  await assert.rejects(task, (error) => {
    assert.ok(error instanceof ContentError, String(error))
    assert.equal(error.code, 'bad-dag')
    assert.match(error.message, words)
    return true
  })
}

/** Some leaves, and a root over them. */
function graphOf(texts: readonly string[]): { root: CID; blocks: { cid: CID; bytes: Uint8Array }[] } {
  const leaves = texts.map((text) => raw(text))
  const root = cbor({ leaves: leaves.map(({ cid }) => cid) })
  return { root: root.cid, blocks: [root, ...leaves] }
}

const graphs = fc.array(fc.string({ maxLength: 200 }), { minLength: 1, maxLength: 20 }).map(graphOf)
const lengths = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 5 })

test('any DAG passes through a CAR, in any cut and with its blocks in any order', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, lengths, fc.integer(), async ({ root, blocks }, cuts, turn) => {
      const here = await memory()
      const turned = [...blocks.slice(turn % blocks.length), ...blocks.slice(0, turn % blocks.length)]
      const [imported] = await here.importCar(cut(carOf([root], turned), cuts))
      assert.equal(imported?.cid, root.toString())
      const out = Buffer.concat(await all(here.exportCar(root.toString(), options)))
      const read = new Map(blocks.map(({ cid, bytes }) => [cid.toString(), bytes]))
      assert.deepEqual(out, Buffer.concat(await all(writeCar(root, async (cid) => read.get(`${cid}`)!))))
      const again = await memory()
      assert.deepEqual(await again.importCar([out]), [imported])
      assert.deepEqual(await again.space(), await here.space())
    }),
    { numRuns: 60 }
  )
})

test('a CAR that was changed or cut anywhere comes in whole or leaves nothing', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.nat(), fc.integer({ min: 0, max: 255 }), async ({ root, blocks }, place, byte) => {
      const whole = carOf([root], blocks)
      const changed = whole.slice()
      changed[place % whole.length] = byte
      for (const bytes of [changed, whole.subarray(0, place % whole.length)]) {
        const here = await memory()
        try {
          const [{ cid } = { cid: '' }] = await here.importCar([bytes])
          const read = await all(here.exportCar(cid, options))
          assert.ok(read.length > 0)
        } catch (error) {
          assert.ok(error instanceof ContentError && error.code === 'bad-dag', String(error))
          assert.deepEqual(await here.space(), { usedBytes: 0 })
          assert.deepEqual(await all(here.pins()), [])
        }
      }
    }),
    { numRuns: 300 }
  )
})

test('any bytes at all are refused as no CAR', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await isBad((await memory()).importCar([bytes]), /CAR/)
    }),
    { numRuns: 200 }
  )
})

test('a length that is a lie is refused before anything is gathered for it', async () => {
  const { root, blocks } = graphOf(['one'])
  const told = (length: number): Uint8Array => varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))
  const endless = async function* (head: Uint8Array): AsyncGenerator<Uint8Array> {
    yield head
    while (true) yield new Uint8Array(1 << 20)
  }
  const header = carHeader([root])
  for (const length of [5 << 20, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    await isBad((await memory()).importCar(endless(told(length))), /length/)
    const block = Buffer.concat([header, told(length), blocks[0]!.cid.bytes])
    await isBad((await memory()).importCar(endless(new Uint8Array(block))), /length/)
  }
  // Version 2: its data lies beyond everything.
  const pragma = Buffer.from('0aa16776657273696f6e02', 'hex')
  const fixed = Buffer.alloc(40)
  fixed.writeBigUInt64LE(1n << 40n, 16)
  await isBad((await memory()).importCar(endless(new Uint8Array(Buffer.concat([pragma, fixed])))), /apart/)
})

test('version 2 is read like version 1, its index passed over', async () => {
  const { root, blocks } = graphOf(['one', 'two'])
  const inner = carOf([root], blocks)
  const pragma = Buffer.from('0aa16776657273696f6e02', 'hex')
  const fixed = Buffer.alloc(40)
  fixed.writeBigUInt64LE(60n, 16)
  fixed.writeBigUInt64LE(BigInt(inner.length), 24)
  const outer = new Uint8Array(Buffer.concat([pragma, fixed, Buffer.alloc(9), inner, Buffer.from('an index')]))
  const [imported] = await (await memory()).importCar(cut(outer, [7, 50]))
  assert.equal(imported?.cid, root.toString())
})

test('several roots are all pinned, or none', async () => {
  const one = graphOf(['one'])
  const two = graphOf(['two'])
  const here = await memory()
  const stray = raw('below no root')
  const roots = [one.root, two.root, one.root]
  const imported = await here.importCar([carOf(roots, [...two.blocks, stray, ...one.blocks])])
  assert.deepEqual(
    imported.map(({ cid }) => cid),
    [one.root.toString(), two.root.toString()]
  )
  assert.equal((await here.space()).usedBytes, imported[0]!.bytes + imported[1]!.bytes)
  const other = await memory()
  await isBad(other.importCar([carOf(roots, [...one.blocks, two.blocks[0]!])]), /lacks the block/)
  assert.deepEqual(await all(other.pins()), [])
  assert.deepEqual(await other.space(), { usedBytes: 0 })
  // What was pinned before a CAR that fails stays pinned.
  await isBad(here.importCar([carOf([one.root], one.blocks).subarray(0, -1)]), /ends/)
  assert.equal((await all(here.pins())).length, 2)
})

test('no roots, too many roots, or a root of an unknown kind', async () => {
  const { root, blocks } = graphOf(['one'])
  await isBad((await memory()).importCar([carOf([], blocks)]), /no root/)
  const many = Array.from({ length: 1001 }, (_none, n) => raw(String(n)).cid)
  await isBad((await memory()).importCar([carOf(many, [])]), /roots/)
  const odd = CID.createV1(0x78, root.multihash)
  await isBad((await memory()).importCar([carOf([odd], blocks)]), /codec/)
})

test('a CID of version 0 comes in as its version 1, one that carries its bytes needs no block', async () => {
  const leaf = raw('leaf')
  const parent = folder([{ name: 'leaf', cid: leaf.cid }])
  const v0 = CID.createV0(parent.cid.multihash as never)
  const here = await memory()
  const [imported] = await here.importCar([carOf([v0], [{ cid: v0, bytes: parent.bytes }, leaf])])
  assert.equal(imported?.cid, v0.toV1().toString())
  const inline = CID.parse('bafkqabtjnzwgs3tf')
  assert.deepEqual(await here.importCar([carOf([inline], [])]), [{ cid: inline.toString(), bytes: 0 }])
})

test('what the source itself fails with is handed on', async () => {
  const { root, blocks } = graphOf(['one', 'two'])
  const failure = new Error('the line was cut')
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield carOf([root], blocks).subarray(0, 90)
    throw failure
  }
  const { blocks: read } = await readCar(source())
  await assert.rejects(all(read), failure)
})
