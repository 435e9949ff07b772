/*
 * What an operator may clear, and what not: nothing goes that is pinned, promised, in limbo, or out of step with the others;
 * `now` shortens the trash time alone; copies that no pin asked for go, and whoever asked is answered when they are gone.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHold } from '../../src/content/hold.ts'
import type { EmptiedReport } from '../../src/reports.ts'
import { timings } from '../../src/members/profiles.ts'
import { Charter, cidText, type Driver, Mesh, only } from '../kit.ts'

const { leaseMs, suspectMs, trashMs } = timings('test')
const cid = cidText(1)

/** A founder alone in its mesh, that holds what it has pinned; its back end waits until the test answers for it. */
function alone(): { driver: Driver; bucket: number } {
  const charter = new Charter(1)
  const driver = charter.driver(0)
  driver.start()
  driver.run(10_000)
  const key = charter.key(cid)
  driver.pin(cid, { heldHere: true, bytes: 500, max: 1 })
  driver.run(3000)
  return { driver, bucket: ((key[0] as number) << 8) | (key[1] as number) }
}

function states(driver: Driver): string[] {
  return driver.disk.table('hold').map(({ key, value }) => decodeHold(key, value).state)
}

function emptied(driver: Driver, bucket: number, now: boolean): EmptiedReport {
  const reply = driver.ask({ do: 'empty-trash', buckets: [bucket], now })
  assert.equal(reply.of, 'emptied')
  return (reply as { report: EmptiedReport }).report
}

function dropped(driver: Driver, ...cids: string[]): readonly string[] {
  const { id } = driver.command({ do: 'drop-copies', cids })
  for (const effect of only(driver.effects, 'release')) driver.step({ kind: 'released', cid: effect.cid, usedBytes: 0 })
  driver.settle()
  return (driver.replyTo(id) as { cids: readonly string[] }).cids
}

test('what is pinned stays, however it is asked', () => {
  const { driver, bucket } = alone()
  assert.deepEqual(states(driver), ['held'])
  assert.deepEqual(emptied(driver, bucket, true), { pins: 0, bytes: 0, stays: [] })
  driver.run(trashMs + leaseMs)
  assert.deepEqual(emptied(driver, bucket, true), { pins: 0, bytes: 0, stays: [] })
  assert.deepEqual(states(driver), ['held'])
  assert.deepEqual(only(driver.effects, 'release'), [])
})

test('what is in the trash goes after its time; with `now` as soon as the last promise is over, never before', () => {
  const { driver, bucket } = alone()
  driver.ask({ do: 'unpin', cids: [cid], yes: false })
  driver.run(100)
  assert.deepEqual(states(driver), ['trash'])
  const promised = emptied(driver, bucket, false)
  assert.deepEqual(
    promised.stays.map(({ why, pins, bytes }) => ({ why, pins, bytes })),
    [{ why: 'promised', pins: 1, bytes: 500 }]
  )
  assert.equal(emptied(driver, bucket, true).stays[0]?.why, 'promised')
  const until = promised.stays[0]?.until as number
  assert.ok(until > driver.wall && until <= driver.wall + leaseMs)
  driver.run(until - driver.wall - 1)
  assert.deepEqual(only(driver.effects, 'release'), [], 'a promise holds up to its last moment')
  driver.run(5)
  assert.equal(only(driver.effects, 'release').length, 1, 'asked once, it goes by itself then')
})

test('the trash time is waited for where nobody said `now`', () => {
  const { driver, bucket } = alone()
  driver.ask({ do: 'unpin', cids: [cid], yes: false })
  driver.run(leaseMs + 5)
  const [stay] = emptied(driver, bucket, false).stays
  assert.equal(stay?.why, 'trash-time')
  assert.deepEqual(only(driver.effects, 'release'), [])
  const { id } = driver.command({ do: 'empty-trash', buckets: [bucket], now: true })
  assert.equal(driver.replyTo(id), undefined, 'the answer waits for the back end')
  assert.deepEqual(states(driver), ['releasing'])
  driver.step({ kind: 'released', cid, usedBytes: 0 })
  driver.settle()
  assert.deepEqual(driver.replyTo(id), { of: 'emptied', report: { pins: 1, bytes: 500, stays: [] } })
  assert.deepEqual(states(driver), [])
})

test('what the back end could not delete is told as such, and can be held again meanwhile', () => {
  const { driver, bucket } = alone()
  driver.ask({ do: 'unpin', cids: [cid], yes: false })
  driver.run(leaseMs + 5)
  const { id } = driver.command({ do: 'empty-trash', buckets: [bucket], now: true })
  driver.step({ kind: 'release-failed', cid, code: 'MESH_BACKEND_FAILED' })
  driver.settle()
  const { report } = driver.replyTo(id) as { report: EmptiedReport }
  assert.deepEqual(report, { pins: 0, bytes: 0, stays: [{ why: 'failed', pins: 1, bytes: 500 }] })
  driver.pin(cid, { heldHere: true, bytes: 500, max: 1 })
  driver.run(60_000)
  assert.deepEqual(states(driver), ['held'])
  assert.equal(only(driver.effects, 'release').length, 1)
})

test('what the back end could not delete is made whole, and not deleted, once it is pinned again', () => {
  const { driver, bucket } = alone()
  driver.ask({ do: 'unpin', cids: [cid], yes: false })
  driver.run(leaseMs + 5)
  driver.command({ do: 'empty-trash', buckets: [bucket], now: true })
  driver.step({ kind: 'release-failed', cid, code: 'MESH_BACKEND_FAILED' })
  driver.pin(cid, { max: 1 })
  driver.run(100)
  const [first] = only(driver.effects, 'acquire').slice(-1)
  assert.equal(first?.cid, cid)
  driver.step({ kind: 'acquire-failed', job: first!.job, code: 'back-end', bytes: 0 })
  driver.run(30_000)
  assert.deepEqual(states(driver), ['releasing'], 'it may be whole')
  const again = only(driver.effects, 'acquire').at(-1)!
  assert.notEqual(again.job, first!.job)
  driver.step({ kind: 'acquired', job: again.job, bytes: 500, usedBytes: 500 })
  driver.run(60_000)
  assert.deepEqual(states(driver), ['held'])
  assert.equal(only(driver.effects, 'release').length, 1)
})

test('`now` does not reach what comes into the trash later', () => {
  const { driver, bucket } = alone()
  emptied(driver, bucket, true)
  driver.run(5)
  driver.ask({ do: 'unpin', cids: [cid], yes: false })
  driver.run(leaseMs + 5)
  assert.equal(emptied(driver, bucket, false).stays[0]?.why, 'trash-time')
})

test('a peer that is out of step with the others empties nothing and drops no copy', () => {
  const charter = new Charter(2)
  const mesh = new Mesh([charter.driver(0), charter.driver(1)]).start()
  const [a, b] = mesh.peers as [Driver, Driver]
  mesh.until(() => a.core.ready && b.core.ready)
  mesh.give(a, cid)
  a.pin(cid, { heldHere: true, bytes: 500, max: 1 })
  mesh.until(() => mesh.level)
  a.ask({ do: 'unpin', cids: [cid], yes: false })
  mesh.run(leaseMs + 1000)
  mesh.passes = () => false
  mesh.run(suspectMs + 500)
  const buckets = a.disk.table('hold').map(({ key }) => ((key[0] as number) << 8) | (key[1] as number))
  assert.equal(buckets.length, 1)
  const report = emptied(a, buckets[0] as number, true)
  assert.deepEqual(
    report.stays.map(({ why }) => why),
    ['out-of-step']
  )
  assert.deepEqual(dropped(a, cidText(9)), [])
  mesh.passes = () => true
  mesh.until(() => a.disk.table('hold').length === 0, 60_000, 'the trash is not emptied after they have met again')
})

test('a copy that no pin asks for goes; one that a pin, a hold or a fetch has stays', () => {
  const { driver, bucket } = alone()
  const [stray, wanted] = [cidText(2), cidText(3)]
  driver.pin(wanted, { max: 1 })
  assert.deepEqual(dropped(driver, stray, cid, wanted, 'nonsense'), [stray])
  assert.deepEqual(
    only(driver.effects, 'release').map((effect) => effect.cid),
    [stray]
  )
  driver.ask({ do: 'unpin', cids: [cid], yes: false })
  driver.run(100)
  assert.deepEqual(dropped(driver, cid), [], 'what is in the trash goes by its own rule')
  assert.equal(emptied(driver, bucket, false).pins, 0)
})
