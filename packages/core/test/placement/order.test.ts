/**
 * Candidates and their order: fair by weight, stable when members come and go.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { candidatesOf, orderOf } from '../../src/placement/order.ts'
import { crypto, member, members, meshId, names } from './kit.ts'

const bucket = fc.integer({ min: 0, max: 65_535 })

test('an order holds every candidate once and does not depend on the order it is given', () => {
  fc.assert(
    fc.property(bucket, fc.shuffledSubarray(members(20), { minLength: 20 }), (place, shuffled) => {
      assert.deepEqual(
        names(orderOf(place, shuffled, meshId, crypto)),
        names(orderOf(place, members(20), meshId, crypto))
      )
    }),
    { numRuns: 30 }
  )
})

test('a candidate that goes leaves the order of the others as it was, and so does one that comes', () => {
  const all = members(30, (i) => ({ weight: i % 11 }))
  fc.assert(
    fc.property(bucket, fc.integer({ min: 0, max: 29 }), (place, gone) => {
      const before = names(orderOf(place, all, meshId, crypto))
      const after = names(
        orderOf(
          place,
          all.filter((_, i) => i !== gone),
          meshId,
          crypto
        )
      )
      assert.deepEqual(
        after,
        before.filter((peer) => peer !== `peer-${gone}`)
      )
    }),
    { numRuns: 50 }
  )
})

test('being first is in proportion to the weight', () => {
  const weights = [0, 1, 2, 3]
  const peers = members(16, (i) => ({ weight: weights[i % 4] as number }))
  const firsts = [0, 0, 0, 0]
  const buckets = 16_384
  for (let place = 0; place < buckets; place++) {
    const [best] = orderOf(place, peers, meshId, crypto)
    firsts[best?.weight as number] = (firsts[best?.weight as number] as number) + 1
  }
  for (const weight of weights) {
    const expected = (buckets * 2 ** weight) / 15
    assert.ok(Math.abs((firsts[weight] as number) - expected) < 5 * Math.sqrt(expected), `weight ${weight}`)
  }
})

test('equal peers share the first places evenly, over buckets and over shards', () => {
  const peers = members(50)
  const counts = new Map<string, number>()
  for (let place = 0; place < 5000; place++) {
    for (const { peer } of orderOf(place, peers, meshId, crypto).slice(0, 3)) {
      counts.set(peer, (counts.get(peer) ?? 0) + 1)
    }
  }
  for (const [peer, count] of counts) assert.ok(Math.abs(count - 300) < 5 * Math.sqrt(300), peer)
  assert.equal(counts.size, 50)
  const entered = new Map<string, number>()
  for (let shard = 0; shard < 256; shard++) {
    for (const { peer } of candidatesOf(shard, peers, meshId, crypto, 25)) {
      entered.set(peer, (entered.get(peer) ?? 0) + 1)
    }
  }
  for (const [peer, count] of entered) assert.ok(Math.abs(count - 128) < 5 * Math.sqrt(64), peer)
})

test('candidates are taken from trusted and volunteers apart and come sorted by key', () => {
  const all = members(300, (i) => ({ trusted: i < 40 }))
  const found = candidatesOf(7, all, meshId, crypto, 50)
  assert.equal(found.filter(({ trusted }) => trusted).length, 40)
  assert.equal(found.filter(({ trusted }) => !trusted).length, 50)
  const keys = found.map(({ key }) => Buffer.from(key).toString('hex'))
  assert.deepEqual(keys, keys.toSorted())
})

test('a member that comes or goes changes one candidate of a shard at most', () => {
  const all = members(120)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 119 }), (shard, gone) => {
      const before = names(candidatesOf(shard, all, meshId, crypto, 40))
      const less = all.filter((_, i) => i !== gone)
      const after = names(candidatesOf(shard, less, meshId, crypto, 40))
      const left = before.filter((peer) => !after.includes(peer))
      assert.deepEqual(left, before.includes(`peer-${gone}`) ? [`peer-${gone}`] : [])
      assert.equal(after.length, 40)
    }),
    { numRuns: 50 }
  )
})

test('one block of addresses brings an eighth of the volunteers at most; private addresses are exempt', () => {
  const crowd = members(100, (i) => ({ trusted: false, addresses: [`/ip4/8.8.${i}.1/tcp/4001`] }))
  const home = [100, 101, 102].map((i) => member(i, { trusted: false, addresses: [`/ip4/192.168.1.${i}/tcp/1`] }))
  const trusted = [200, 201, 202].map((i) => member(i, { addresses: ['/ip4/8.8.0.1/tcp/1'] }))
  const found = candidatesOf(1, [...crowd, ...home, ...trusted], meshId, crypto, 64)
  assert.equal(found.filter((candidate) => !candidate.trusted).length, 8 + 3)
  assert.equal(found.filter((candidate) => candidate.trusted).length, 3)
})

test('a volunteer that boasts counts with four times the median, a trusted peer as it says', () => {
  const modest = members(5, () => ({ weight: 3 }))
  const boaster = member(9, { trusted: false, weight: 10 })
  const server = member(10, { weight: 10 })
  const found = candidatesOf(1, [...modest, boaster, server], meshId, crypto)
  assert.equal(found.find(({ peer }) => peer === boaster.peer)?.weight, 5)
  assert.equal(found.find(({ peer }) => peer === server.peer)?.weight, 10)
})
