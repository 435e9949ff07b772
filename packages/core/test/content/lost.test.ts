/**
 * Content that a back end has lost: it is claimed no longer, fetched again, and nothing is made of what was not held.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Driver, cidText, meshOf, only } from '../kit.ts'

function haveAt(peer: Driver, cid: string): number {
  const reply = peer.ask({ do: 'status', cid })
  return reply.of === 'status' ? reply.report.have : -1
}

test('what a back end has lost is claimed by it no longer, and fetched again from those that hold it', () => {
  const { mesh } = meshOf(2)
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.run(8000)
  const cid = cidText(1)
  mesh.give(a, cid)
  a.pin(cid, { max: 2 })
  mesh.until(() => haveAt(a, cid) === 2, 30_000)
  const fetched = only(b.effects, 'acquire').length
  mesh.content.get(b.peer)?.delete(cid)
  mesh.passes = (_from, _to, effect) => effect.kind !== 'acquire'
  b.step({ kind: 'content-lost', cid })
  mesh.until(() => haveAt(a, cid) === 1, 30_000, 'the others still count the lost copy')
  assert.deepEqual(
    b.notes('content-lost').map((note) => note['cid']),
    [cid]
  )
  mesh.passes = () => true
  mesh.until(() => haveAt(a, cid) === 2, 120_000, 'it is not fetched again')
  assert.ok(only(b.effects, 'acquire').length > fetched)
  assert.equal(mesh.holders(cid).length, 2)
})

test('the loss of what is not held changes nothing', () => {
  const { mesh } = meshOf(1)
  const [a] = mesh.peers as [Driver]
  mesh.run(2000)
  const before = a.disk.table('hold')
  a.step({ kind: 'content-lost', cid: cidText(7) })
  mesh.run(2000)
  assert.deepEqual(a.disk.table('hold'), before)
  assert.deepEqual(a.notes('content-lost'), [])
})
