/*
 * Golden vectors of placement. They were made by a second implementation, written from the definitions in another language
 * with integers of any size and logarithms to 60 digits, whose HalfSipHash was held to the published vectors. A change here
 * moves every mesh's content: it needs a new format version, not new vectors.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { fromHex } from '../../src/bytes/compare.ts'
import { drawAll, seedsOf } from '../../src/placement/draw.ts'
import { negLog2, negLog2Of } from '../../src/placement/log2.ts'
import { candidatesOf, orderOf, scoreOf } from '../../src/placement/order.ts'
import { crypto, member } from './kit.ts'

interface Vectors {
  meshId: string
  keys: string[]
  weights: number[]
  log2: [u: string, result: string][]
  draws: [purpose: 'order' | 'candidates', key: number, place: number, u: string][]
  orders: [bucket: number, order: number[], scores: string[]][]
  candidates: [shard: number, first8: number[]][]
  every64thBucketSha256: string
}

const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vectors
const meshId = fromHex(vectors.meshId)
const peers = vectors.keys.map((key, i) => member(i, { key: fromHex(key), weight: vectors.weights[i] as number }))
const placeOf = new Map(peers.map(({ peer }, i) => [peer, i]))

test('the logarithm gives the golden values, by 64-bit integers and by halves', () => {
  for (const [u, result] of vectors.log2) {
    assert.equal(negLog2(BigInt(u)), BigInt(result))
    assert.equal(negLog2Of(Number(BigInt(u) >> 32n), Number(BigInt(u) & 0xffffffffn)), Number(result))
  }
})

test('the hash under the draw gives the published vector of HalfSipHash-2-4 with 64 bits for the message 00 01', () => {
  const [high, low] = [new Uint32Array(1), new Uint32Array(1)]
  drawAll(Uint32Array.of(0x03020100, 0x07060504), 1, high, low)
  assert.deepEqual([high[0], low[0]], [0xef394f06, 0x57eb507c])
})

test('draws are the golden ones', () => {
  for (const [purpose, key, place, u] of vectors.draws) {
    const [high, low] = [new Uint32Array(peers.length), new Uint32Array(peers.length)]
    drawAll(seedsOf(purpose, peers, meshId, crypto), place, high, low)
    assert.equal((BigInt(high[key] as number) << 32n) | BigInt(low[key] as number), BigInt(u))
  }
})

test('orders and their first scores are the golden ones', () => {
  for (const [bucket, order, scores] of vectors.orders) {
    const found = orderOf(bucket, peers, meshId, crypto).map(({ peer }) => placeOf.get(peer) as number)
    assert.deepEqual(found, order)
    const [high, low] = [new Uint32Array(peers.length), new Uint32Array(peers.length)]
    drawAll(seedsOf('order', peers, meshId, crypto), bucket, high, low)
    const first = found.slice(0, scores.length)
    assert.deepEqual(
      first.map((i) => String(scoreOf(high[i] as number, low[i] as number, vectors.weights[i] as number))),
      scores
    )
  }
})

test('candidates are the golden ones', () => {
  for (const [shard, first8] of vectors.candidates) {
    assert.deepEqual(
      candidatesOf(shard, peers, meshId, crypto, 8).map(({ peer }) => placeOf.get(peer)),
      first8
    )
  }
})

test('the orders of every 64th bucket hash to the golden digest', () => {
  const digest = createHash('sha256')
  for (let bucket = 0; bucket < 65_536; bucket += 64) {
    digest.update(Uint8Array.from(orderOf(bucket, peers, meshId, crypto), ({ peer }) => placeOf.get(peer) as number))
  }
  assert.equal(digest.digest('hex'), vectors.every64thBucketSha256)
})
