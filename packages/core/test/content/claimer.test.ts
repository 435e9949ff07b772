/*
 * How own claims leave: a lone one soon, many of them in few messages.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader } from '../../src/bytes/reader.ts'
import { decodeClaim } from '../../src/formats/claim.ts'
import { timings, type Effect } from '../../src/index.ts'
import { cidText, type Driver, item, meshOf, only } from '../kit.ts'

const hour = 60 * 60 * 1000
/** Nothing is renewed meanwhile. */
const calm = timings('test', { leaseMs: 3 * hour, renewMs: hour, trashMs: 3 * hour })

/** The shards that each message claims. */
function claimed(effects: readonly Effect[]): number[][] {
  const messages = only(effects, 'publish').map(({ topic, bytes }) => {
    const shards: number[] = []
    const from = new Reader(bytes)
    while (topic === 'pins' && from.left > 0) {
      const kind = from.u8()
      const one = from.blob(65536)
      if (kind === item.claim) shards.push(decodeClaim(one).shard)
    }
    return shards
  })
  return messages.filter((shards) => shards.length > 0)
}

function holder(pins: number): { peer: Driver; pin: (from: number, to: number) => void } {
  const { mesh } = meshOf(1, { timings: calm })
  const peer = mesh.peers[0] as Driver
  for (let n = 0; n < pins; n++) mesh.give(peer, cidText(n))
  mesh.run(3000)
  peer.effects.length = 0
  const pin = (from: number, to: number): void => {
    const wishes = Array.from({ length: to - from }, (_none, n) => ({ cid: cidText(from + n), max: 1, anyway: true }))
    peer.ask({ do: 'pin', wishes })
  }
  return { peer, pin }
}

test('what is held in many shards is claimed in few messages, none of which takes long to check', () => {
  const { peer, pin } = holder(400)
  pin(0, 400)
  peer.run(6 * calm.claimMs)
  const messages = claimed(peer.effects)
  const shards = new Set(messages.flat())
  assert.ok(shards.size > 180, `${shards.size} shards were claimed`)
  assert.ok(messages.length <= 50, `${messages.length} messages`)
  assert.ok(messages.every(({ length }) => length <= 16))
  assert.equal(peer.core.counts().holding, 400)
})

test('a lone pin is claimed as soon as it is held', () => {
  const { peer, pin } = holder(1)
  pin(0, 1)
  peer.run(50)
  assert.equal(claimed(peer.effects).length, 1)
  assert.equal(peer.core.counts().holding, 1)
})
