/**
 * Tests of core, door/adoption and pinset/limbo: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LimboReport, Reply } from '../../src/index.ts'
import { Charter, cidText, type Driver, item, type Mesh, meshOf, only } from '../kit.ts'

const cid = cidText(1)
const other = cidText(2)

/** Three writers; the second has pinned two CIDs for two copies, the third has ended a pin of the first. */
function pinned(): { mesh: Mesh; a: Driver; b: Driver; c: Driver } {
  const { mesh } = meshOf(3)
  const [a, b, c] = mesh.peers as [Driver, Driver, Driver]
  for (const one of [cid, other]) {
    mesh.give(b, one)
    b.pin(one, { max: 2, min: 1, name: `name of ${one}` })
  }
  mesh.until(() => mesh.level && [cid, other].every((one) => mesh.holders(one).length >= 2))
  mesh.run(5000)
  return { mesh, a, b, c }
}

function remove(owner: Driver, peer: Driver, adopt: boolean): Reply {
  return owner.ask({ do: 'change-trust', change: { kind: 'remove-writer', peer: peer.peer }, adopt })
}

function limbo(peer: Driver): readonly LimboReport[] {
  const reply = peer.ask({ do: 'limbo', from: 0 })
  assert.equal(reply.of, 'limbo')
  return (reply as Reply & { of: 'limbo' }).pins
}

function wanted(peer: Driver, one: string): string {
  const reply = peer.ask({ do: 'status', cid: one })
  if (reply.of !== 'status') return 'no'
  return reply.report.limbo ? 'limbo' : 'yes'
}

const released = (mesh: Mesh): number => mesh.peers.flatMap(({ effects }) => only(effects, 'release')).length

test('what is adopted stays wanted and held everywhere, as it was, and nothing of it is in limbo or let go', () => {
  const { mesh, a, b } = pinned()
  const before = [...mesh.holders(cid)]
  const reply = remove(a, b, true)
  assert.ok(reply.of === 'change-trust' && reply.adopted === 2, JSON.stringify(reply))
  mesh.until(() => mesh.level && !b.core.isWriter)
  mesh.run(20_000)
  for (const peer of mesh.peers) {
    assert.deepEqual([wanted(peer, cid), wanted(peer, other), limbo(peer)], ['yes', 'yes', []])
    assert.equal(peer.notes('limbo').length, 0)
  }
  const report = a.ask({ do: 'status', cid })
  assert.ok(report.of === 'status' && report.report.name === `name of ${cid}` && report.report.want === 2)
  assert.deepEqual([mesh.holders(cid), released(mesh)], [before, 0])
})

test('a peer that hears of the removal before what was adopted keeps it in limbo meanwhile, and then as before', () => {
  const { mesh, a, b, c } = pinned()
  mesh.passes = (_from, to, effect) => to !== c || (effect.kind === 'publish' && effect.topic === 'facts')
  remove(a, b, true)
  mesh.run(3000)
  const here = mesh.holders(cid).includes(c.peer)
  assert.deepEqual(wanted(c, cid), here ? 'limbo' : 'no')
  mesh.passes = () => true
  mesh.until(() => mesh.level)
  mesh.run(60_000)
  assert.equal(wanted(c, cid), 'yes')
  assert.equal(released(mesh), 0)
})

test('what is not adopted goes to limbo: it is listed with its writer, kept, and wanted again once a writer adopts it', () => {
  const { mesh, a, b, c } = pinned()
  const reply = remove(a, b, false)
  assert.ok(reply.of === 'change-trust' && reply.adopted === undefined)
  mesh.until(() => mesh.level && wanted(a, cid) !== 'yes' && wanted(c, cid) !== 'yes')
  mesh.run(60_000)
  for (const peer of [a, c]) {
    const pins = limbo(peer)
    assert.deepEqual(pins.map((pin) => pin.cid).sort(), [cid, other].sort())
    for (const pin of pins) {
      assert.deepEqual([pin.writer, pin.want, pin.name], [b.peer, 2, `name of ${pin.cid}`])
      const held = mesh.holders(pin.cid).includes(peer.peer)
      assert.deepEqual([pin.held, pin.keptUntil !== undefined], [held, held])
    }
  }
  assert.equal(released(mesh), 0)
  const one = a.ask({ do: 'adopt-limbo', cids: [cid] })
  assert.ok(one.of === 'adopted' && one.adopted === 1)
  mesh.until(() => mesh.level && wanted(c, cid) === 'yes')
  assert.deepEqual([wanted(c, other) === 'yes', limbo(a).map((pin) => pin.cid)], [false, [other]])
  const rest = c.ask({ do: 'adopt-limbo' })
  assert.ok(rest.of === 'adopted' && rest.adopted === 1)
  mesh.until(() => mesh.level && wanted(a, other) === 'yes')
  assert.deepEqual([limbo(a), released(mesh)], [[], 0])
})

test('what the owner drops goes after its time in the trash, and is listed no longer; what nobody decides on goes after limbo', () => {
  for (const drop of [true, false]) {
    const { mesh, a, b, c } = pinned()
    const writer = [...a.core.writers()].find(({ peer }) => peer === b.peer)?.id as number
    remove(a, b, false)
    mesh.until(() => mesh.level && wanted(a, cid) !== 'yes')
    if (drop) a.ask({ do: 'change-trust', change: { kind: 'drop-limbo', writer } })
    mesh.until(() => mesh.level)
    mesh.run(20_000)
    assert.equal(released(mesh), 0)
    const kept = (): number => mesh.peers.flatMap(({ disk }) => disk.table('hold')).length
    assert.ok(kept() > 0)
    mesh.until(() => kept() === 0, drop ? 120_000 : 900_000, 'it is never let go')
    assert.equal(limbo(c).length, drop ? 0 : 2)
  }
})

test('a drop names a writer that was removed: of one that still writes nothing is lost, then or later', () => {
  const { mesh, a, b } = pinned()
  const writer = [...a.core.writers()].find(({ peer }) => peer === b.peer)?.id as number
  a.ask({ do: 'change-trust', change: { kind: 'drop-limbo', writer } })
  remove(a, b, false)
  mesh.until(() => mesh.level)
  mesh.run(60_000)
  assert.deepEqual([limbo(a).length, released(mesh)], [2, 0])
})

test('pins that the removed writer had ended stay ended when it is adopted, and come back when it is not', () => {
  for (const adopt of [true, false]) {
    const { mesh, a, b, c } = pinned()
    const ended = cidText(3)
    mesh.give(c, ended)
    c.pin(ended, { max: 1, min: 1 })
    mesh.until(() => mesh.level && wanted(b, ended) === 'yes')
    b.ask({ do: 'unpin', cids: [ended], yes: true })
    mesh.until(() => mesh.level && wanted(c, ended) !== 'yes')
    remove(a, b, adopt)
    mesh.until(() => mesh.level && !b.core.isWriter)
    mesh.run(3000)
    assert.equal(wanted(c, ended), adopt ? 'no' : 'yes')
    assert.equal(
      limbo(a).some((pin) => pin.cid === ended),
      false
    )
  }
})

test('what a writer that stays has ended is not in limbo', () => {
  const { mesh, a, b } = pinned()
  a.ask({ do: 'unpin', cids: [cid], yes: true })
  mesh.until(() => mesh.level && wanted(b, cid) !== 'yes')
  remove(a, b, false)
  mesh.until(() => mesh.level)
  assert.deepEqual(
    limbo(a).map((pin) => pin.cid),
    [other]
  )
})

test('who has no root key, writes not, or is it itself, adopts and removes nobody', () => {
  const { mesh, a, b, c } = pinned()
  const code = (reply: Reply): string => (reply.of === 'failure' ? reply.failure.code : reply.of)
  assert.equal(code(remove(c, b, true)), 'MESH_NO_ROOT_KEY')
  assert.equal(code(remove(a, a, true)), 'MESH_OWN_PEER')
  remove(a, c, false)
  mesh.until(() => !c.core.isWriter)
  assert.equal(code(c.ask({ do: 'adopt-limbo' })), 'MESH_NOT_A_WRITER')
  assert.equal(code(a.ask({ do: 'adopt-limbo', cids: ['nonsense'] })), 'MESH_BAD_CID')
  remove(a, a, false)
  assert.equal(code(remove(a, b, true)), 'MESH_NOT_A_WRITER')
})

test('removal and adopted pins may be heard in any order, and more than once: every peer ends alike', () => {
  const charter = new Charter(3)
  const [gone, heir] = [charter.scribe(1), charter.scribe(2)]
  const numbers = [1, 2, 3, 4]
  const commits = numbers.flatMap((n) => {
    const mapKey = charter.mapKey(cidText(n))
    const pin = gone.pin(cidText(n))
    const first = gone.write({ [mapKey]: pin })
    return n === 4 ? [first] : [first, heir.write({ [mapKey]: { ...pin, lamport: pin.lamport + 1 } })]
  })
  const removal = charter.sign({ kind: 'remove-writer', writer: gone.writer })
  const messages: [topic: 'pins' | 'facts', kind: number, bytes: Uint8Array][] = [
    ...commits.map(({ bytes }): ['pins', number, Uint8Array] => ['pins', item.commit, bytes]),
    ['facts', item.op, removal]
  ]
  const order = fc.shuffledSubarray([...messages.keys(), ...messages.keys()], { minLength: messages.length * 2 })
  const end = (of: readonly number[]): unknown => {
    const driver = charter.driver(0)
    driver.start()
    driver.run(6000)
    for (const n of of) {
      const [topic, kind, bytes] = messages[n] as [topic: 'pins' | 'facts', kind: number, bytes: Uint8Array]
      driver.hear(topic, [kind, bytes])
    }
    const { pinset } = driver.core.roots
    return [pinset, driver.listing()]
  }
  const expected = end([...messages.keys()])
  fc.assert(
    fc.property(order, (of) => assert.deepEqual(end(of), expected)),
    { numRuns: 25 }
  )
})
