/**
 * A peer whose store was restored from a backup, or lost: the others know of a later life of it, and it is heard all the same.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Driver, type Mesh, cidText, meshOf } from '../kit.ts'

const stateOf = (seen: Driver, of: Driver): string | undefined =>
  seen.core.members().find(({ peer }) => peer === of.peer)?.state

/** The peer stops and starts again, from its disk or from that of another time. */
function again(mesh: Mesh, peer: Driver, disk = peer.disk): Driver {
  mesh.stop(peer)
  const next = peer.restarted()
  Object.assign(next, { disk })
  mesh.add(next)
  return next
}

test('a peer whose lost life was as young as this one, and longer, is heard at once too', () => {
  const { mesh } = meshOf(2)
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.run(8000)
  const backup = b.disk.copy()
  const long = again(mesh, b)
  mesh.run(600_000)
  const now = again(mesh, long, backup)
  mesh.until(() => stateOf(a, now) === 'alive', 20_000, 'it is not heard until it has beaten as often')
  assert.deepEqual(
    now.notes('outrun').map(({ incarnation }) => incarnation),
    [2]
  )
})

test('a peer that starts from an old disk begins a later incarnation than its last one, and is alive and believed', () => {
  const { mesh } = meshOf(3)
  const [a, , c] = mesh.peers as [Driver, Driver, Driver]
  mesh.run(8000)
  const backup = c.disk.copy()
  let now = c
  for (let n = 0; n < 4; n++) {
    now = again(mesh, now)
    mesh.run(3000)
  }
  now = again(mesh, now, backup)
  mesh.until(() => stateOf(a, now) === 'alive', 30_000, 'the restored peer is not heard')
  assert.deepEqual(
    now.notes('outrun').map(({ incarnation }) => incarnation),
    [5]
  )
  const cid = cidText(1)
  a.pin(cid, { max: 3 })
  mesh.give(a, cid)
  mesh.until(() => mesh.holders(cid).length === 3, 60_000)
  mesh.until(
    () => {
      const reply = a.ask({ do: 'status', cid })
      return reply.of === 'status' && reply.report.have === 3
    },
    30_000,
    'its claims are not believed'
  )
})
