/**
 * Domains and back ends are used in turn.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { blockOf } from '../../src/placement/address-block.ts'
import { type Candidate, orderOf } from '../../src/placement/order.ts'
import { domainOf, spread } from '../../src/placement/spread.ts'
import { crypto, everybody, member, members, meshId, names } from './kit.ts'

const crowd = fc
  .array(fc.record({ zone: fc.integer({ min: 0, max: 4 }), backend: fc.integer({ min: 0, max: 11 }) }), {
    minLength: 1,
    maxLength: 16
  })
  .map((kinds) =>
    kinds.map(({ zone, backend }, i) =>
      member(i, { zone: zone === 0 ? '' : `z${zone}`, backend: backend < 8 ? `backend-${i}` : `shared-${backend}` })
    )
  )

test('domains are used in turn: each once before any twice', () => {
  const order = orderOf(
    5,
    members(12, (i) => ({ zone: `z${i % 3}` })),
    meshId,
    crypto
  )
  const zones = spread(order, everybody).map(({ zone }) => zone)
  for (let round = 0; round < 4; round++) {
    assert.deepEqual(zones.slice(3 * round, 3 * round + 3).toSorted(), ['z0', 'z1', 'z2'])
  }
})

test('the best of the order comes first, and without shared domains the order stays', () => {
  const order = orderOf(9, members(10), meshId, crypto)
  assert.deepEqual(names(spread(order, everybody)), names(order))
  assert.deepEqual(names(spread(order, (peer) => peer !== order[0]?.peer)), names(order.slice(1)))
})

test('members that share a back end count as one', () => {
  const order = members(4, (i) => ({ backend: i < 2 ? 'shared' : `own-${i}` }))
  assert.deepEqual(names(spread(order, everybody)), ['peer-0', 'peer-2', 'peer-3'])
  assert.deepEqual(names(spread(order, (peer) => peer !== 'peer-0')), ['peer-1', 'peer-2', 'peer-3'])
})

test('a peer that goes changes only the prefixes that held it', () => {
  fc.assert(
    fc.property(crowd, fc.nat(), (order: Candidate[], pick) => {
      const gone = order[pick % order.length] as Candidate
      const before = names(spread(order, everybody))
      const after = names(spread(order, (peer) => peer !== gone.peer))
      const held = before.indexOf(gone.peer)
      const same = held < 0 ? before.length : held
      assert.deepEqual(after.slice(0, same), before.slice(0, same))
    })
  )
})

test('every back end appears once, and no domain leads another that still has peers by two', () => {
  fc.assert(
    fc.property(crowd, (order) => {
      const found = spread(order, everybody)
      assert.equal(new Set(found.map(({ backend }) => backend)).size, found.length)
      assert.equal(found.length, new Set(order.map(({ backend }) => backend)).size)
      found.forEach((candidate, i) => {
        const count = (peers: readonly Candidate[]): number =>
          peers.filter((other) => domainOf(other) === domainOf(candidate)).length
        const later = found[i + 1]
        if (later === undefined) return
        const laterCount = found.slice(0, i).filter((other) => domainOf(other) === domainOf(later)).length
        assert.ok(count(found.slice(0, i)) <= laterCount + 1)
      })
    })
  )
})

test('a domain is the zone, else the block of the first public address, else the peer', () => {
  const at = (...addresses: string[]): string => domainOf(member(1, { addresses }))
  assert.equal(domainOf(member(1, { zone: 'cellar', addresses: ['/ip4/8.8.8.8/tcp/1'] })), 'zone cellar')
  assert.equal(at('/ip4/127.0.0.1/tcp/1', '/ip4/8.8.4.4/tcp/1', '/ip4/9.9.9.9/tcp/1'), 'block 4:8.8.4')
  assert.equal(at('/ip6/2001:db8:1:2::7/tcp/1'), at('/ip6/2001:0db8:0001:9::8/udp/1/quic-v1'))
  assert.notEqual(at('/ip6/2001:db8:1::7/tcp/1'), at('/ip6/2001:db8:2::7/tcp/1'))
  for (const alone of ['/ip4/10.1.2.3/tcp/1', '/ip4/172.20.0.1/tcp/1', '/ip4/100.64.0.9/tcp/1', '/ip6/fe80::1/tcp/1']) {
    assert.equal(at(alone), 'peer peer-1')
  }
  assert.equal(at('/dns4/example.org/tcp/1'), 'peer peer-1')
  assert.equal(at(), 'peer peer-1')
})

test('nonsense in an address is no block', () => {
  fc.assert(
    fc.property(fc.constantFrom('ip4', 'ip6'), fc.string(), (protocol, host) => {
      assert.doesNotThrow(() => blockOf([`/${protocol}/${host}/tcp/1`, host], 16, 32))
    })
  )
  for (const bad of ['/ip4/8.8.8/tcp/1', '/ip4/8.8.8.256/tcp/1', '/ip6/2001:::1/tcp/1', '/ip6/2001::1::2/tcp/1', '']) {
    assert.equal(blockOf([bad], 16, 32), undefined)
  }
})
