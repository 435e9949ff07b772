/*
 * What a new record of a member changes: placement is worked out anew only when it reads something new in it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../src/loop/outbox.ts'
import { Members } from '../../src/members/members.ts'
import { timings } from '../../src/members/profiles.ts'
import { Facts } from '../../src/trust/facts.ts'
import { Charter, epoch } from '../kit.ts'

test('a record that is only renewed moves nothing, one that says anything new does', () => {
  const charter = new Charter(3, { vouched: 2 })
  const [self = '', peer = ''] = charter.cryptos.map((crypto) => crypto.peer)
  const facts = new Facts({
    meshId: charter.meshId,
    root: charter.founder.rootKey as Uint8Array,
    crypto: charter.founder
  })
  facts.load(charter.rows.map(({ key, value }) => ({ key, value: value as Uint8Array })))
  const outbox = new Outbox()
  outbox.open({ mono: 0, wall: epoch })
  const members = new Members({
    meshId: charter.meshId,
    crypto: charter.founder,
    outbox,
    facts,
    timings: timings('test'),
    self,
    startedAt: 0,
    ownStore: () => 'ok',
    storeChanged: () => {}
  })
  let until = epoch / 1000 + 3600
  const moved = (more: object): boolean => {
    assert.equal(facts.takeRecord(charter.record(1, { until: ++until, ...more }), epoch).outcome, 'new')
    const moves = members.moved(peer)
    if (moves) members.factsChanged()
    assert.ok(members.candidates.length > 0)
    return moves
  }
  assert.ok(moved({}))
  assert.ok(!moved({}))
  assert.ok(!moved({ incarnation: 9 }))
  const flags = { declining: true, leaving: false, maintenance: false, syncing: false, left: false }
  for (const more of [{ weight: 4 }, { zone: 'x' }, { addresses: ['/ip4/9.9.9.9/tcp/1'] }, { flags }])
    assert.ok(moved({ incarnation: 9, ...more }), JSON.stringify(more))
})
