/**
 * Trying again: what has failed is tried at once where it is asked for, and everywhere when a writer asks for its own pin.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../../src/index.ts'
import { cidText, type Driver, type Mesh, meshOf } from '../kit.ts'

const cid = cidText(1)

function retry(peer: Driver, local = false): Extract<Reply, { of: 'retry' }>['answers'][number] {
  const reply = peer.ask({ do: 'retry', cids: [cid], local })
  assert.ok(reply.of === 'retry')
  return reply.answers[0]!
}

function tries(peer: Driver): number {
  return peer.effects.filter((effect) => effect.kind === 'acquire' && effect.cid === cid).length
}

/** Two peers that have failed so often that they wait a minute for the next try, just after one. */
function failedMesh(): { mesh: Mesh; founder: Driver; other: Driver } {
  const { mesh } = meshOf(2)
  const [founder, other] = mesh.peers as [Driver, Driver]
  mesh.run(10_000)
  founder.pin(cid, { max: 2 })
  mesh.run(300_000)
  const before = [tries(founder), tries(other)]
  mesh.until(() => tries(founder) > before[0]! && tries(other) > before[1]!, 300_000)
  mesh.run(5000)
  return { mesh, founder, other }
}

test('here alone, when only here is asked', () => {
  const { mesh, founder, other } = failedMesh()
  const before = [tries(founder), tries(other)]
  assert.deepEqual(retry(founder, true), { cid, here: true, failed: 1, asked: false })
  mesh.run(3000)
  assert.deepEqual([tries(founder) > before[0]!, tries(other)], [true, before[1]])
})

test('everywhere, when the writer of the pin asks; what is there by then is held', () => {
  const { mesh, founder, other } = failedMesh()
  for (const peer of mesh.peers) mesh.give(peer, cid)
  assert.deepEqual(retry(founder), { cid, here: true, failed: 1, asked: true })
  mesh.run(3000)
  const reply = other.ask({ do: 'status', cid })
  assert.ok(reply.of === 'status')
  assert.equal(reply.report.have, 2)
  assert.deepEqual(retry(founder), { cid, here: false, failed: 0, asked: false })
})

test("another writer's pin is not made one's own", () => {
  const { mesh, other } = failedMesh()
  assert.deepEqual(retry(other), { cid, here: true, failed: 1, asked: false })
  mesh.run(3000)
  const ended = other.ask({ do: 'unpin', cids: [cid], yes: false })
  assert.match(JSON.stringify(ended), /MESH_OTHERS_PIN/)
})

test('what is not pinned, or no CID, is refused', () => {
  const { mesh } = meshOf(1)
  const [founder] = mesh.peers as [Driver]
  mesh.run(10_000)
  assert.match(JSON.stringify(retry(founder)), /MESH_NOT_PINNED/)
  assert.match(JSON.stringify(founder.ask({ do: 'retry', cids: ['x'], local: false })), /MESH_BAD_CID/)
})
