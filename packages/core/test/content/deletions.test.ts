/**
 * The last moment before content is deleted: who wishes for it then keeps it, and what is whole is not deleted on the spot.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHold } from '../../src/content/hold.ts'
import { type Driver, type Mesh, cidText, meshOf, only } from '../kit.ts'

/** Two peers: a has the content, and the fetches of b end when the test says so. */
function fetching(): { mesh: Mesh; a: Driver; b: Driver; cid: string } {
  const { mesh } = meshOf(2)
  const [a, b] = mesh.peers as [Driver, Driver]
  const cid = cidText(1)
  mesh.run(8000)
  mesh.give(a, cid)
  const carry = b.out
  b.out = (effect) => (effect.kind === 'acquire' || effect.kind === 'cancel' ? undefined : carry(effect))
  return { mesh, a, b, cid }
}

test('what is wished for anew while its deletion is on the way to disk is not deleted', () => {
  const { mesh } = meshOf(2)
  const [a, b] = mesh.peers as [Driver, Driver]
  const cid = cidText(1)
  mesh.run(8000)
  mesh.give(a, cid)
  a.pin(cid, { max: 2 })
  mesh.until(() => [a, b].every((peer) => peer.notes('held').length === 1), 30_000)
  a.ask({ do: 'unpin', cids: [cid], yes: true })
  const releasing = (): boolean =>
    b.writes.some(({ rows }) =>
      rows.some(({ table, key, value }) => table === 'hold' && value && decodeHold(key, value).state === 'releasing')
    )
  // Every write of b waits a while, so that the one that begins the deletion is met.
  b.disksAnswer = false
  mesh.until(() => {
    while (b.writes.length > 0 && !releasing()) b.written()
    return releasing()
  }, 120_000)
  a.pin(cid, { max: 2 })
  b.disksAnswer = true
  while (b.writes.length > 0) b.written()
  mesh.until(() => b.disk.table('hold').some(({ key, value }) => decodeHold(key, value).state === 'held'), 30_000)
  assert.deepEqual(only(b.effects, 'release'), [])
})

test('what came whole although it was unpinned meanwhile waits in the trash, for it may be the only copy', () => {
  const { mesh, a, b, cid } = fetching()
  a.pin(cid, { max: 2 })
  mesh.until(() => only(b.effects, 'acquire').length === 1)
  a.ask({ do: 'unpin', cids: [cid], yes: true })
  mesh.until(() => only(b.effects, 'cancel').length === 1)
  const job = only(b.effects, 'acquire')[0]?.job ?? 0
  b.step({ kind: 'acquired', job, bytes: 1000, usedBytes: 1000 })
  const state = (): string | undefined => b.disk.table('hold').map((row) => decodeHold(row.key, row.value).state)[0]
  mesh.until(() => state() === 'trash')
  a.pin(cid, { max: 2 })
  mesh.until(() => state() === 'held')
  assert.deepEqual([only(b.effects, 'release').length, only(b.effects, 'acquire').length], [0, 1])
  a.ask({ do: 'unpin', cids: [cid], yes: true })
  mesh.until(() => only(b.effects, 'release').length === 1, 120_000)
})

test('what an earlier try has left behind is not deleted while a later one, given up too, may still bring the whole', () => {
  const { mesh, a, b, cid } = fetching()
  const tries = (): { job: number }[] => only(b.effects, 'acquire')
  a.pin(cid, { max: 2 })
  mesh.until(() => tries().length === 1)
  b.step({ kind: 'acquire-failed', job: tries()[0]?.job ?? 0, code: 'unreachable', bytes: 500 })
  mesh.until(() => tries().length === 2)
  a.ask({ do: 'unpin', cids: [cid], yes: true })
  mesh.until(() => only(b.effects, 'cancel').length === 1)
  mesh.run(1000)
  assert.deepEqual(only(b.effects, 'release'), [])
  b.step({ kind: 'acquire-failed', job: tries()[1]?.job ?? 0, code: 'aborted', bytes: 700 })
  mesh.until(() => only(b.effects, 'release').length === 1)
})

test('what a fetch has left behind and could not be deleted is tried again until it is gone', () => {
  const { mesh } = meshOf(1)
  const [a] = mesh.peers as [Driver]
  const cid = cidText(1)
  mesh.run(2000)
  a.pin(cid, { max: 1, anyway: true })
  mesh.until(() => a.notes('fetch-failed').length > 0)
  a.out = () => {}
  const releases = (): number => only(a.effects, 'release').length
  a.ask({ do: 'unpin', cids: [cid], yes: true })
  mesh.until(() => releases() === 1)
  a.step({ kind: 'release-failed', cid, code: 'MESH_IO' })
  mesh.until(() => releases() === 2)
  a.step({ kind: 'released', cid, usedBytes: 0 })
  mesh.run(60_000)
  assert.equal(releases(), 2)
})
