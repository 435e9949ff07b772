/**
 * Whole lives by clocks whose instants have fractions, one of them minutes off, so that its date is reckoned from both clocks,
 * and one that stands before 1970: what is stored and signed has room for whole milliseconds only.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Charter, cidText, type Driver, epoch, Mesh } from '../kit.ts'

const fractions = { mono: 1000.255 }

function live(mesh: Mesh): void {
  const founder = mesh.peers[0] as Driver
  mesh.run(10_000.125)
  mesh.give(founder, cidText(1))
  founder.pin(cidText(1), { max: 2 })
  founder.pin(cidText(2), { max: 1 })
  mesh.until(() => mesh.holders(cidText(1)).length === Math.min(2, mesh.peers.length), 30_000.7)
  mesh.until(() => founder.notes('fetch-failed').length > 0)
  founder.ask({ do: 'unpin', cids: [cidText(1)], yes: true })
  const changed = founder.ask({ do: 'change-trust', change: { kind: 'policy', policy: { replicas: 1 } } })
  assert.equal(changed.of, 'change-trust', JSON.stringify(changed))
}

test('pins, failures, trash, records and dates of a peer in doubt are whole milliseconds', () => {
  const charter = new Charter(3)
  const skews = [0.5, 0.25, -600_000.4]
  const drivers = skews.map((skewMs, n) => charter.driver(n, { ...fractions, seed: n + 1, skewMs }))
  const mesh = new Mesh(drivers).start()
  live(mesh)
  assert.ok(drivers[2]?.core.clock.inDoubt)
  const doubting = drivers[2]?.peer
  mesh.until(() => mesh.holders(cidText(1)).every((peer) => peer === doubting), 300_000)
})

test('a clock that stands before 1970 stops nobody', () => {
  const mesh = new Mesh([new Charter(1).driver(0, { ...fractions, skewMs: -epoch - 3600_000.5 })]).start()
  live(mesh)
  mesh.run(300_000)
  assert.equal(mesh.holders(cidText(1)).length, 1, 'and nothing falls due by it')
})
