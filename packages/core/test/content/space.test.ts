/*
 * Trash makes room for a fetch that lacks it: the oldest first and no more than is needed; never what is promised, never by a
 * doubtful clock, never for what may be in vain or would not fit anyway.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timings } from '../../src/members/profiles.ts'
import { Charter, cidText, type Driver, Mesh, only } from '../kit.ts'

/** Each pin takes 1000 bytes. */
const small = 3500
const given = { timings: timings('test', { trashMs: 600_000 }) }
const { leaseMs, stepInMs } = given.timings
const [first, second, third, wanted] = [1, 2, 3, 4].map(cidText) as [string, string, string, string]

interface Bench {
  readonly mesh: Mesh
  /** adds content */
  readonly owner: Driver
  /** is nearly full */
  readonly full: Driver
  readonly pin: (cid: string, bytes?: number) => void
  readonly unpin: (cid: string) => void
  readonly deleted: () => string[]
  readonly holds: (cid: string) => boolean
}

/** Two peers that hold the same three pins; for a fourth the second has no room. */
function bench(): Bench {
  const charter = new Charter(2)
  const [owner, full] = [charter.driver(0, given), charter.driver(1, { ...given, seed: 2, spaceBytes: small })]
  const mesh = new Mesh([owner, full]).start()
  const holds = (cid: string): boolean => mesh.holders(cid).includes(full.peer)
  const pin = (cid: string, bytes = 1000): void => {
    mesh.give(owner, cid)
    owner.pin(cid, { max: 2, heldHere: true, bytes })
  }
  const unpin = (cid: string): void => {
    owner.ask({ do: 'unpin', cids: [cid], yes: true })
    mesh.run(1000)
  }
  mesh.run(10_000)
  for (const cid of [first, second, third]) pin(cid)
  mesh.until(() => [first, second, third].every(holds))
  mesh.run(5000)
  return { mesh, owner, full, pin, unpin, deleted: () => only(full.effects, 'release').map(({ cid }) => cid), holds }
}

/** From now on its back end waits until the test answers for it. */
function unanswered(peer: Driver): void {
  const { out } = peer
  peer.out = (effect) => {
    if (effect.kind !== 'acquire' && effect.kind !== 'release') out(effect)
  }
}

const lacked = (peer: Driver): number => peer.notes('fetch-failed').filter(({ reason }) => reason === 'no-space').length

test('the oldest trash goes for a fetch that lacks room, and no more than that', () => {
  const { mesh, pin, unpin, deleted, holds } = bench()
  unpin(second)
  unpin(first)
  mesh.run(leaseMs)
  assert.deepEqual(deleted(), [])
  pin(wanted)
  mesh.until(() => holds(wanted), 10_000, 'it is not fetched')
  assert.deepEqual(deleted(), [second])
  mesh.run(60_000)
  assert.deepEqual(deleted(), [second])
})

test('what is promised stays until the promise is over; then the fetch that has failed gets its room', () => {
  const { mesh, pin, unpin, deleted, holds, full } = bench()
  unpin(first)
  const since = full.mono
  pin(wanted)
  mesh.until(() => lacked(full) > 0, 20_000, 'it is not tried')
  mesh.until(() => deleted().length > 0, leaseMs + 128 * stepInMs)
  assert.ok(full.mono - since > leaseMs / 2, 'it went while it was promised')
  mesh.until(() => holds(wanted))
  assert.deepEqual(deleted(), [first])
})

test('nothing goes for what would not fit even then', () => {
  const { mesh, pin, unpin, deleted, full } = bench()
  unpin(first)
  unpin(second)
  mesh.run(leaseMs)
  pin(wanted, 2501)
  mesh.until(() => lacked(full) > 0, 20_000, 'it is not tried')
  mesh.run(60_000)
  assert.deepEqual(deleted(), [])
  pin(cidText(5), 2500)
  mesh.until(() => deleted().length === 2, 20_000)
})

test('nothing goes for a fetch of what nobody is known to hold', () => {
  const { mesh, owner, unpin, deleted, full } = bench()
  unpin(first)
  mesh.run(leaseMs)
  owner.pin(wanted, { max: 2, bytes: 1000 })
  mesh.until(() => lacked(full) > 0, 20_000, 'it is not tried')
  mesh.run(60_000)
  assert.deepEqual(deleted(), [])
})

test('nothing goes by a clock in doubt', () => {
  const { mesh, full, pin, unpin, deleted, holds } = bench()
  unpin(first)
  Object.assign(full.init, { skewMs: 590_000 })
  mesh.run(2000)
  assert.ok(full.core.clock.inDoubt)
  pin(wanted)
  mesh.until(() => lacked(full) > 0, 20_000, 'it is not tried')
  mesh.run(leaseMs)
  assert.deepEqual(deleted(), [])
  Object.assign(full.init, { skewMs: 0 })
  mesh.until(() => holds(wanted), 600_000)
  assert.deepEqual(deleted(), [first])
})

test('what proves larger than was thought has room made for it too', () => {
  const { mesh, owner, full, unpin, deleted } = bench()
  unpin(first)
  mesh.run(leaseMs)
  unanswered(full)
  mesh.give(owner, wanted)
  owner.pin(wanted, { max: 1, chosen: [owner.peer], heldHere: true, bytes: 400 })
  mesh.run(5000)
  owner.pin(wanted, { max: 2, bytes: 400 })
  const asked = (): { job: number; bytesMax: number }[] => only(full.effects, 'acquire').slice(3)
  mesh.until(() => asked().length === 1, 20_000)
  full.step({ kind: 'acquire-failed', job: asked()[0]?.job as number, code: 'limit', bytes: 400 })
  mesh.run(100)
  assert.deepEqual(deleted(), [first])
  full.step({ kind: 'released', cid: first, usedBytes: 2000 })
  mesh.run(100)
  assert.deepEqual(
    asked().map(({ bytesMax }) => bytesMax),
    [400, 800]
  )
})

test('where the back end cannot delete it the next oldest goes', () => {
  const { mesh, full, pin, unpin, deleted } = bench()
  unpin(first)
  unpin(second)
  mesh.run(leaseMs)
  unanswered(full)
  pin(wanted)
  mesh.until(() => deleted().length > 0, 20_000)
  full.step({ kind: 'release-failed', cid: first, code: 'back-end' })
  mesh.run(10)
  assert.deepEqual(deleted(), [first, second])
  full.step({ kind: 'released', cid: second, usedBytes: 2000 })
  mesh.run(10)
  assert.equal(only(full.effects, 'acquire').length, 4)
})
