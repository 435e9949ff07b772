/*
 * Own writing through a whole core: durable before told, and nothing left of what could not be written.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Effect, type Reply, type Row } from '../../src/index.ts'
import { toHex } from '../../src/bytes/compare.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { decodeCommit } from '../../src/formats/commit.ts'
import { type Seal, sealHash } from '../../src/formats/seal.ts'
import { encodeFrame } from '../../src/sync/frames.ts'
import { commitRowKey } from '../../src/pinset/author.ts'
import { Charter, type Driver, cidText, cidsOfOne, item, leafOfMapKey, only } from '../kit.ts'

const charter = new Charter(3)
/** Somebody else is a member. */
const other = charter.cryptos[2] as (typeof charter.cryptos)[0]
const recordRow: Row = { table: 'fact', key: Uint8Array.of(0x72, ...other.key), value: charter.record(2) }

/** A founder alone, ready to write. */
function alone(): Driver {
  const driver = charter.driver(0)
  driver.start()
  driver.run(3000)
  return driver
}

/** Seals of the commits among these effects. */
function published(effects: readonly Effect[]): Seal[] {
  const seals: Seal[] = []
  for (const { topic, bytes } of only(effects, 'publish')) {
    if (topic !== 'pins') continue
    const from = new Reader(bytes)
    while (from.left > 0) {
      const kind = from.u8()
      const one = from.blob(65536)
      if (kind === item.commit) seals.push(decodeCommit(one, charter.founder).seal)
    }
  }
  return seals
}

const wish = (...numbers: number[]): { do: 'pin'; wishes: { cid: string; anyway: true }[] } => ({
  do: 'pin',
  wishes: numbers.map((n) => ({ cid: cidText(n), anyway: true }))
})

function entryRows(rows: readonly Row[]): Row[] {
  return rows.filter(({ table, value }) => table === 'entry' && value !== null)
}

function codesOf(reply: Reply | undefined): (string | undefined)[] {
  assert.ok(reply?.of === 'pin')
  return reply.answers.map((answer) => ('failure' in answer ? answer.failure.code : undefined))
}

test('nothing is published, replied or told by sync before the batch that holds it is written', () => {
  const driver = alone()
  driver.disksAnswer = false
  const before = [driver.core.roots.pinset, driver.listing()]
  const { id, effects } = driver.command(wish(1, 2))
  const later = driver.run(10_000)
  assert.deepEqual(published([...effects, ...later]), [])
  assert.equal(driver.replyTo(id), undefined)
  assert.deepEqual([driver.core.roots.pinset, driver.listing()], before)
  const [write] = driver.writes
  assert.ok(write?.sync)
  assert.equal(entryRows(write.rows).length, 2)
  const after = driver.written()
  assert.equal(published(after).length, 1)
  assert.deepEqual(codesOf(driver.replyTo(id)), [undefined, undefined])
  assert.notDeepEqual(driver.core.roots.pinset, before[0])
})

test('a failed write leaves nothing: no reply of success, no pin, no root, no commit number', () => {
  const driver = alone()
  const [before] = published(driver.command(wish(9)).effects) as [Seal]
  const kept = [driver.core.roots.pinset, driver.listing(), driver.core.counts(), driver.disk.get('meta', commitRowKey)]
  driver.disksAnswer = false
  const { id, effects } = driver.command(wish(1, 9))
  const failed = driver.writeFails()
  assert.deepEqual(published([...effects, ...failed]), [])
  assert.deepEqual(codesOf(driver.replyTo(id)), ['MESH_DISK_FULL', undefined])
  driver.disksAnswer = true
  driver.loaded()
  driver.run(5000)
  assert.deepEqual(
    [driver.core.roots.pinset, driver.listing(), driver.core.counts(), driver.disk.get('meta', commitRowKey)],
    kept
  )
  const seal = published(driver.command(wish(1)).effects)[0] as Seal
  assert.equal(seal.commit, 2)
  assert.deepEqual(seal.prevCommit, sealHash(before, charter.meshId, charter.founder))
  assert.equal(driver.core.counts().pins, 2)
  assert.equal(driver.restarted().start().length > 0, true)
})

test('what gathers while a commit is being written is rolled back with it, and nothing of either is told', () => {
  const [one, two, three] = cidsOfOne(charter, 'leaf', 3) as [string, string, string]
  const pin = (cid: string): { do: 'pin'; wishes: { cid: string; anyway: true }[] } => ({
    do: 'pin',
    wishes: [{ cid, anyway: true }]
  })
  const driver = alone()
  driver.pin(one)
  driver.disksAnswer = false
  const first = driver.command(pin(two))
  const second = driver.command(pin(three))
  const other = driver.command(wish(7))
  assert.equal(driver.writes.length, 1)
  driver.writeFails()
  for (const { id } of [first, second, other]) assert.deepEqual(codesOf(driver.replyTo(id)), ['MESH_DISK_FULL'])
  driver.disksAnswer = true
  for (const write of driver.writes.splice(0)) driver.step({ kind: 'written', batch: write.batch })
  driver.loaded()
  driver.run(5000)
  driver.loaded()
  assert.equal(driver.core.counts().pins, 1)
  const again = published(driver.command(pin(two)).effects)
  assert.deepEqual(
    again.map(({ commit }) => commit),
    [2]
  )
  const restarted = driver.restarted()
  restarted.start()
  restarted.run(3000)
  assert.deepEqual(restarted.core.roots.pinset, driver.core.roots.pinset)
  assert.deepEqual(restarted.core.counts().pins, 2)
})

test('the first commit succeeds, the second fails: the first stands and the second leaves nothing', () => {
  const [one, two] = cidsOfOne(charter, 'leaf', 2) as [string, string]
  const driver = alone()
  const empty = driver.core.roots.pinset
  driver.disksAnswer = false
  const first = driver.command({ do: 'pin', wishes: [{ cid: one, anyway: true }] })
  const second = driver.command({ do: 'pin', wishes: [{ cid: two, anyway: true }] })
  const told = published(driver.written())
  const root = driver.core.roots.pinset
  assert.deepEqual(
    told.map(({ commit }) => commit),
    [1]
  )
  assert.deepEqual(codesOf(driver.replyTo(first.id)), [undefined])
  driver.writeFails()
  assert.deepEqual(codesOf(driver.replyTo(second.id)), ['MESH_DISK_FULL'])
  driver.disksAnswer = true
  for (const write of driver.writes.splice(0)) {
    driver.disk.write(write.rows)
    driver.step({ kind: 'written', batch: write.batch })
  }
  driver.loaded()
  driver.run(5000)
  driver.loaded()
  assert.equal(driver.core.counts().pins, 1)
  assert.ok([toHex(empty), toHex(driver.core.roots.pinset)].includes(toHex(root)))
  const restarted = driver.restarted()
  restarted.start()
  assert.deepEqual(restarted.core.roots.pinset, driver.core.roots.pinset)
})

test('what others wrote to the same leaf survives the rollback of an own entry', () => {
  const [one, two, three] = cidsOfOne(charter, 'leaf', 3) as [string, string, string]
  const driver = alone()
  driver.hear('facts', [item.record, charter.record(1)])
  const scribe = charter.scribe(1)
  driver.pin(one)
  driver.disksAnswer = false
  driver.command({ do: 'pin', wishes: [{ cid: two, anyway: true }] })
  driver.hear('pins', [item.commit, scribe.write({ [charter.mapKey(three)]: scribe.pin(three) }).bytes])
  driver.writeFails()
  driver.disksAnswer = true
  for (let n = 0; n < 4; n++) {
    driver.run(1000)
    for (const write of driver.writes.splice(0)) {
      driver.disk.write(write.rows)
      driver.step({ kind: 'written', batch: write.batch })
    }
    driver.loaded()
  }
  assert.equal(driver.core.counts().pins, 2)
  assert.equal(driver.disk.table('entry').length, 2)
  const restarted = driver.restarted()
  restarted.start()
  restarted.run(3000)
  assert.deepEqual(restarted.core.roots.pinset, driver.core.roots.pinset)
  assert.equal(restarted.core.counts().pins, 2)
})

test('rows of others that failed in one batch with an own entry are written again, and heads show what is on disk', () => {
  const [mine, theirs] = cidsOfOne(charter, 'leaf', 2) as [string, string]
  const driver = alone()
  driver.hear('facts', [item.record, charter.record(1)])
  const scribe = charter.scribe(1)
  driver.disksAnswer = false
  driver.command(wish(50))
  driver.hear('pins', [item.commit, scribe.write({ [charter.mapKey(theirs)]: scribe.pin(theirs) }).bytes])
  const { id } = driver.command({ do: 'pin', wishes: [{ cid: mine, anyway: true }] })
  driver.written()
  const before = driver.core.roots.pinset
  assert.equal(entryRows(driver.writes[0]?.rows ?? []).length, 2)
  driver.writeFails()
  assert.deepEqual(codesOf(driver.replyTo(id)), ['MESH_DISK_FULL'])
  driver.run(1000)
  assert.equal(entryRows(driver.writes[0]?.rows ?? []).length, 1)
  driver.written()
  const told = driver.core.roots.pinset
  driver.disksAnswer = true
  driver.loaded()
  driver.run(1000)
  const root = driver.core.roots.pinset
  assert.ok([toHex(before), toHex(root)].includes(toHex(told)))
  const restarted = driver.restarted()
  restarted.start()
  assert.deepEqual(restarted.core.roots.pinset, root)
  assert.deepEqual([driver.core.counts().pins, restarted.core.counts().pins], [2, 2])
})

test('wishes that come together are one entry a leaf, and what comes while a commit is written is the next commit', () => {
  const cids = cidsOfOne(charter, 'leaf', 5)
  const wishes = cids.map((cid) => ({ cid, anyway: true }))
  const driver = alone()
  driver.disksAnswer = false
  driver.command({ do: 'pin', wishes: wishes.slice(0, 3) })
  assert.equal(entryRows(driver.writes[0]?.rows ?? []).length, 1)
  driver.command({ do: 'pin', wishes: wishes.slice(3, 4) })
  driver.command({ do: 'pin', wishes: wishes.slice(4) })
  assert.equal(driver.writes.length, 1)
  const first = published(driver.written())
  assert.equal(driver.writes.length, 1)
  assert.deepEqual(
    [...first, ...published(driver.written())].map(({ commit }) => commit),
    [1, 2]
  )
  assert.equal(driver.core.counts().pins, 5)
})

test('a commit covers no more entries than a seal may, and the numbers have no gap', () => {
  const driver = alone()
  const effects = driver.command({
    do: 'pin',
    wishes: Array.from({ length: 300 }, (_, n) => ({ cid: cidText(n), anyway: true }))
  }).effects
  const seals = published(effects)
  assert.ok(seals.length > 3)
  seals.forEach(({ commit, n }, at) => {
    assert.equal(commit, at + 1)
    assert.ok(n <= 64)
  })
})

test('wishes for one pin hold in the order in which they came, also while the disk takes nothing', () => {
  const [cid = '', other = ''] = cidsOfOne(charter, 'leaf', 2)
  const pin = (one: string) => ({ do: 'pin', wishes: [{ cid: one, anyway: true }] }) as const
  const unpin = { do: 'unpin', cids: [cid], yes: true } as const
  for (const last of [unpin, pin(cid)]) {
    const driver = alone()
    driver.command(pin(cid))
    driver.disksAnswer = false
    driver.command(pin(other))
    driver.writeFails()
    const asked = [unpin, pin(cid), unpin, last].map((command) => driver.command(command).id)
    driver.run(2000)
    driver.disksAnswer = true
    while (driver.writes.length > 0) driver.written()
    driver.loaded()
    driver.run(1000)
    for (const id of asked) assert.ok(driver.replyTo(id))
    assert.equal(driver.core.counts().pins, last === unpin ? 0 : 1)
  }
})

test('what comes in bulk begins with a small commit, and again after a rest', () => {
  const driver = alone()
  const bulk = (from: number): number[] => {
    const wishes = Array.from({ length: 150 }, (_, n) => ({ cid: cidText(from + n), anyway: true as const }))
    return published(driver.command({ do: 'pin', wishes }).effects).map(({ n }) => n)
  }
  assert.deepEqual(bulk(0).slice(0, 4), [8, 16, 32, 64])
  assert.equal(bulk(1000)[0], 64)
  driver.run(1000)
  assert.equal(bulk(2000)[0], 8)
})

test('a commit too large for a message is told by a beat, and comes by sync', () => {
  const driver = alone()
  const name = 'n'.repeat(255)
  const origins = Array.from({ length: 4 }, (_, n) => `${n}`.padEnd(120, 'x'))
  const slots = Array.from({ length: 100 }, (_, n) => `slot-${n}`)
  const wishes = slots.map((slot) => ({ cid: cidText(1), slot, anyway: true, name, origins }))
  const { effects } = driver.command({ do: 'pin', wishes })
  assert.deepEqual(published(effects), [])
  assert.ok(only(effects, 'publish').some(({ topic }) => topic === 'beats'))
  assert.equal(driver.disk.table('pin').length, 100)
})

test('commit numbers go on after a restart', () => {
  const driver = alone()
  const [first] = published(driver.command(wish(1)).effects)
  const again = driver.restarted()
  again.start()
  again.run(3000)
  const [second] = published(again.command(wish(2)).effects)
  assert.deepEqual([first?.commit, second?.commit], [1, 2])
  assert.notDeepEqual(second?.prevCommit, new Uint8Array(32))
})

test('the first write after a start waits for a look at another member’s roots, five seconds at most', () => {
  const driver = charter.driver(0)
  driver.disk.write([recordRow])
  driver.start()
  const { id, effects } = driver.command(wish(1))
  assert.deepEqual(published([...effects, ...driver.run(4900)]), [])
  assert.equal(driver.replyTo(id), undefined)
  driver.run(200)
  assert.deepEqual(codesOf(driver.replyTo(id)), [undefined])

  const early = charter.driver(0)
  early.disk.write([recordRow])
  early.start()
  const pin = early.command(wish(1))
  early.step({ kind: 'connected', peer: charter.cryptos[1]?.peer as string })
  for (let at = 0; only(early.effects, 'ask')[at] !== undefined; at++) {
    const ask = only(early.effects, 'ask')[at] as Effect & { kind: 'ask' }
    const { facts, pinset } = early.core.roots
    const answer =
      at === 0
        ? encodeFrame({ kind: 'hello', version: 1, facts, pinset })
        : encodeFrame({ kind: 'vector', known: [], beats: [] })
    early.step({ kind: 'answered', id: ask.id, frame: answer })
    early.settle()
  }
  assert.deepEqual(codesOf(early.replyTo(pin.id)), [undefined])
})

test('who is no writer any more by the time it is written is told so, and nothing is written', () => {
  const driver = charter.driver(1)
  driver.disk.write([recordRow])
  driver.start()
  const { id } = driver.command(wish(1))
  assert.equal(driver.replyTo(id), undefined)
  driver.hear('facts', [item.op, charter.sign({ kind: 'remove-writer', writer: 2 })])
  driver.run(6000)
  assert.deepEqual(codesOf(driver.replyTo(id)), ['MESH_NOT_A_WRITER'])
  assert.deepEqual(driver.disk.table('entry'), [])
})

test('the rows of a commit name every log and pin once, and are those from which it starts again', () => {
  const driver = alone()
  driver.command(wish(1, 2, 3))
  driver.ask({ do: 'unpin', cids: [cidText(2)], yes: false })
  driver.pin(cidText(3), { name: 'again' })
  const keys = driver.disk.table('pin').map(({ key }) => toHex(key.subarray(0, 32)))
  assert.deepEqual(keys, [1, 3].map((n) => toHex(charter.key(cidText(n)))).sort())
  assert.ok(leafOfMapKey(charter.mapKey(cidText(1))) >= 0)
  const again = driver.restarted()
  again.start()
  again.run(3000)
  assert.deepEqual(again.core.roots.pinset, driver.core.roots.pinset)
  assert.deepEqual(again.core.counts().pins, 2)
})
