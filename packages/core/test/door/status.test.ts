/**
 * Reports of all pins, leaf by leaf: each pin once, as it is reported alone, and a few at a time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PinReport } from '../../src/index.ts'
import { Charter, cidsOfOne, cidText, type Driver, Mesh, meshOf, openPolicy } from '../kit.ts'

function one(peer: Driver, cid: string): PinReport {
  const reply = peer.ask({ do: 'status', cid })
  assert.ok(reply.of === 'status')
  return reply.report
}

function every(peer: Driver): PinReport[] {
  return peer.core.leaves().flatMap((leaf) => {
    const reply = peer.ask({ do: 'statuses', leaf })
    assert.ok(reply.of === 'statuses')
    return reply.reports
  })
}

test('every pin is reported once, in the order of the listing, and as it is reported alone', () => {
  const { charter, mesh } = meshOf(2)
  const [founder] = mesh.peers as [Driver]
  mesh.run(10_000)
  const cids = [...cidsOfOne(charter, 'leaf', 40), ...Array.from({ length: 40 }, (_, n) => cidText(n + 1))]
  for (const cid of new Set(cids)) founder.pin(cid, { max: 1 })
  founder.pin(cidText(1), { slot: 'web' })
  const reports = every(founder)
  assert.deepEqual(reports.map(({ cid }) => cid).sort(), [...new Set(cids)].sort())
  assert.deepEqual(
    reports,
    reports.map(({ cid }) => one(founder, cid))
  )
  const keys = reports.map(({ cid }) => charter.mapKey(cid)).map((key) => Buffer.from(key, 'base64url').toString('hex'))
  assert.deepEqual(keys, keys.toSorted())
})

test('the pins of a full leaf are not reported in one step', () => {
  const { charter, mesh } = meshOf(1)
  const [founder] = mesh.peers as [Driver]
  mesh.run(10_000)
  const cids = cidsOfOne(charter, 'leaf', 100)
  for (const cid of cids) founder.pin(cid, { max: 1 })
  mesh.run(10_000)
  const leaf = founder.core.leaves()[0] as number
  const first = founder.step({ kind: 'commanded', id: 900_000, command: { do: 'statuses', leaf } })
  assert.ok(!first.some(({ kind }) => kind === 'reply'))
  founder.settle()
  const reply = founder.replyTo(900_000)
  assert.ok(reply?.of === 'statuses' && reply.reports.length === 100)
})

test('a pin on fewer trusted peers than it asks for is told so, as far as it asks for them', () => {
  const charter = new Charter(3, { policy: openPolicy, vouched: 1, writing: 1 })
  const mesh = new Mesh(charter.cryptos.map((_, n) => charter.driver(n, { seed: n + 1 }))).start()
  const [founder, b] = mesh.peers as [Driver, Driver]
  mesh.run(10_000)
  const wishes: [cid: string, wish: object, trusted: PinReport['trusted']][] = [
    [cidText(1), { max: 2, trustedMin: 2 }, { have: 1, want: 2 }],
    [cidText(2), { max: 2, trustedMin: 1 }, undefined],
    [cidText(3), { max: 0, trustedMin: 2 }, { have: 1, want: 2 }],
    [cidText(4), { max: 1, trustedMin: 1, chosen: [b.peer] }, undefined],
    [cidText(5), { max: 2, trustedMin: 2, chosen: [b.peer] }, undefined]
  ]
  for (const [cid, wish] of wishes) {
    mesh.give(founder, cid)
    founder.pin(cid, { ...wish, heldHere: true, bytes: 1000 })
  }
  mesh.run(60_000)
  for (const [cid, , trusted] of wishes) {
    const report = one(founder, cid)
    assert.equal(report.have >= report.want, true, JSON.stringify(report))
    assert.deepEqual(report.trusted, trusted)
  }
})
