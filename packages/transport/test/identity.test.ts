// The seed is the identity.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peerOfSeed } from '../src/index.ts'
import { node } from './lab.ts'

test('a transport has the peer id of its seed, a known one for a known seed', async () => {
  const privateKeySeed = new Uint8Array(32)
  const peer = await peerOfSeed(privateKeySeed)
  assert.equal(peer, '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN')
  assert.equal((await node({ privateKeySeed })).peer, peer)
})

test('a seed of another length is refused', async () => {
  await assert.rejects(peerOfSeed(new Uint8Array(31)), RangeError)
})
