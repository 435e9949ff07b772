/**
 * A peer that has just joined takes the pinset in before anything is asked of it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFrame } from '../../src/sync/frames.ts'
import { Charter, cidText, type Driver, Mesh, only } from '../kit.ts'

const everywhere = { max: 0 }

/** How many peers should hold it, as this one sees it. */
function wanted(by: Driver, cid: string): number | undefined {
  const reply = by.ask({ do: 'status', cid })
  return reply.of === 'status' ? reply.report.want : undefined
}

const asked = (by: Driver, of: Driver): string[] =>
  only(by.effects, 'ask')
    .filter(({ peer }) => peer === of.peer)
    .map(({ frame }) => decodeFrame(frame).kind)

test('a newcomer is asked neither to hold nor for its pinset until it has taken that of the others in', () => {
  const charter = new Charter(3, { writing: 2 })
  const mesh = new Mesh([0, 1].map((n) => charter.driver(n, { seed: n + 1 }))).start()
  const [a, b] = mesh.peers as [Driver, Driver]
  const cids = Array.from({ length: 40 }, (_, n) => cidText(n))
  for (const cid of cids) {
    mesh.give(a, cid)
    a.pin(cid, everywhere)
  }
  mesh.until(() => cids.every((cid) => mesh.holders(cid).length === 2))
  const c = charter.driver(2, { seed: 3 })
  // Facts and heads reach it, the entries do not.
  mesh.passes = (from, _to, effect) =>
    !(from === c && effect.kind === 'ask' && decodeFrame(effect.frame).kind === 'want')
  mesh.add(c)
  const alive = (): boolean =>
    [a, b].every(({ core }) => core.members().find(({ peer }) => peer === c.peer)?.state === 'alive')
  mesh.until(alive, 10_000, 'it is not heard')
  mesh.run(1000)
  assert.equal(c.core.ready, false)
  for (const peer of [a, b]) {
    assert.equal(wanted(peer, cids[0] as string), 2)
    assert.deepEqual(
      asked(peer, c).filter((kind) => kind === 'nodes' || kind === 'heads'),
      []
    )
  }
  mesh.passes = () => true
  mesh.until(() => c.core.ready && mesh.level, 20_000)
  assert.equal(wanted(a, cids[0] as string), 3)
  mesh.until(() => cids.every((cid) => mesh.holders(cid).length === 3))
})

test('one that starts again is no newcomer, though it was away', () => {
  const charter = new Charter(2, { writing: 1 })
  const mesh = new Mesh([charter.driver(0, { seed: 1 }), charter.driver(1, { seed: 2 })]).start()
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.run(10_000)
  mesh.stop(b)
  const cid = cidText(1)
  mesh.give(a, cid)
  a.pin(cid, everywhere)
  const again = b.restarted()
  mesh.passes = (from, _to, effect) =>
    !(from === again && effect.kind === 'ask' && decodeFrame(effect.frame).kind === 'want')
  mesh.add(again)
  mesh.run(1000)
  assert.equal(again.core.ready, false)
  assert.equal(wanted(a, cid), 2)
})

test('a peer that is not admitted yet knows how its own store is', () => {
  const waiting = new Charter(2, { vouched: 1 }).driver(1)
  waiting.start()
  assert.equal(waiting.core.store, 'ok')
  waiting.step({ kind: 'probed', store: 'failing', usedBytes: 0 })
  assert.deepEqual([waiting.core.store, waiting.core.members().some(({ self }) => self)], ['failing', false])
})
