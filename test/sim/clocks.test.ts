/**
 * One clock of five is a year off, from a jump while its peer runs or from a restart. Nothing falls due there, the others are
 * none the worse, and once it is right again all is as it should be.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimPeer } from '@pinmesh/sim'
import { Mesh } from './mesh.ts'

const second = 1000
const year = 365 * 24 * 60 * 60 * second

for (const [when, offMs] of [
  ['ahead', year],
  ['behind', -year]
] as const) {
  for (const restarts of [false, true]) {
    test(`a clock is a year ${when}, ${restarts ? 'after a restart' : 'by a jump'}`, () => story(offMs, restarts))
  }
}

function story(offMs: number, restarts: boolean): void {
  const mesh = new Mesh({ writers: 1 })
  const { world, client } = mesh
  const odd = mesh.peer(3)
  const kept = mesh.pinned(12, 3)
  const ended = mesh.pinned(12, 3)
  const had = ended.filter((cid) => mesh.holders(cid).includes(odd))
  assert.ok(had.length > 0)

  const turn = (skewMs: number): void => {
    if (restarts) odd.crash()
    odd.skewMs = skewMs
    if (restarts) odd.start()
    world.run(10 * second)
  }
  turn(offMs)
  assert.equal(doubts(odd), true, 'it knows')
  assert.ok(said(mesh, odd).at(-1), 'and says so')
  assert.deepEqual(
    mesh.notes.filter(({ note, peer }) => note.code === 'MESH_CLOCK_SKEW' && peer !== odd),
    []
  )
  for (const cid of ended) client.unpin(mesh.peer(0), cid)
  world.run(150 * second)
  for (const cid of ended)
    assert.deepEqual(mesh.holders(cid), had.includes(cid) ? [odd] : [], 'only there nothing falls due')
  for (const peer of world.peers) {
    assert.equal(peer.core?.members().length, world.peers.length, 'all are members everywhere')
    assert.ok(peer.core?.members().every(({ state }) => state === 'alive'))
  }
  const since = world.now
  const more = mesh.fresh(6)
  for (const cid of more) client.pin(mesh.peer(0), cid, { copies: 3 })
  mesh.whole(more, 3, 60 * second)
  assert.equal(mesh.noted('member', since), 0)

  turn(0)
  assert.equal(doubts(odd), false, 'it is right again')
  mesh.settle()
  world.run(150 * second)
  for (const cid of ended) assert.deepEqual(mesh.holders(cid), [])
  for (const cid of [...kept, ...more]) assert.equal(mesh.holders(cid).length, 3)
}

function doubts(peer: SimPeer): boolean | undefined {
  return peer.core?.clock.inDoubt
}

function said(mesh: Mesh, by: SimPeer): unknown[] {
  return mesh.notes
    .filter(({ note, peer }) => note.code === 'MESH_CLOCK_SKEW' && peer === by)
    .map(({ note }) => note['is'])
}
