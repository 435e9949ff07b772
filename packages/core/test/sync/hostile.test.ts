/*
 * A core against peers that answer and ask whatever they like: it never throws, never loops, and believes nothing unsigned.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyOfPeer } from '../../src/formats/peer-id.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/sync/frames.ts'
import { encodeStored } from '../../src/formats/stored.ts'
import { Charter, type Driver, type MemoryDisk, cidText, item, leafOfMapKey, only } from '../kit.ts'
import { frame } from './frame-arbitrary.ts'

/** A peer with one pin, and the charter whose second identity is the hostile one. */
function victim(): { charter: Charter; driver: Driver; hostile: string } {
  const charter = new Charter(3)
  const driver = charter.driver(0)
  driver.start()
  driver.run(6000)
  driver.pin(cidText(1))
  driver.hear('facts', [item.record, charter.record(1)])
  return { charter, driver, hostile: charter.cryptos[1]?.peer as string }
}

/** Answers every ask until none comes; returns the asks. */
function play(driver: Driver, answer: (ask: Frame, n: number) => Uint8Array | undefined, most = 200): Frame[] {
  const asks: Frame[] = []
  for (let at = 0; asks.length < most;) {
    driver.settle()
    const next = only(driver.effects, 'ask')[at++]
    if (next === undefined) return asks
    const ask = decodeFrame(next.frame)
    asks.push(ask)
    const given = answer(ask, asks.length)
    if (given === undefined) driver.step({ kind: 'unanswered', id: next.id, code: 'MESH_TIMED_OUT' })
    else driver.step({ kind: 'answered', id: next.id, frame: given })
  }
  return asks
}

const zeros = (length: number): Uint8Array => new Uint8Array(length)
const otherRoots: Frame = { kind: 'hello', version: 1, facts: zeros(16).fill(1), pinset: zeros(16).fill(1) }

function rowsOf(disk: MemoryDisk): unknown {
  return (['entry', 'leaf', 'pin', 'hold'] as const).map((table) => disk.table(table))
}

test('whatever is answered, the session ends, nothing throws and nothing is believed', () => {
  const answer = fc.oneof(
    { weight: 4, arbitrary: frame.map(encodeFrame) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constant(undefined) }
  )
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 12 }), (answers) => {
      const { driver, hostile } = victim()
      const before = [driver.core.roots, rowsOf(driver.disk)]
      driver.step({ kind: 'connected', peer: hostile })
      const asks = play(driver, (_, n) => (n === 1 ? encodeFrame(otherRoots) : answers[n % answers.length]))
      assert.ok(asks.length < 50, `${asks.length} asks`)
      assert.deepEqual([driver.core.roots, rowsOf(driver.disk)], before)
    }),
    { numRuns: 60 }
  )
})

/** Answers of the right kinds, that always say there is more. */
function endless(ask: Frame, given: { runs?: Uint8Array[][]; claims?: Uint8Array[]; known?: Uint8Array } = {}): Frame {
  switch (ask.kind) {
    case 'hello':
      return otherRoots
    case 'facts-wanted':
      return { kind: 'facts', ops: [], admissions: [], records: [], forks: [], more: true }
    case 'nodes':
      return { ...ask, digests: ask.ids.flatMap(() => Array<Uint8Array>(16).fill(zeros(16).fill(7))) }
    case 'heads':
      return {
        ...ask,
        heads: ask.leaves.flatMap((leaf) =>
          Array.from({ length: 8 }, (_, n) => ({
            writer: 2,
            prefixLen: 12 as const,
            prefix: leaf << 4,
            generation: n,
            seq: 1e6,
            hash: zeros(32)
          }))
        )
      }
    case 'want':
      return { kind: 'data', runs: given.runs ?? [], more: true }
    case 'vector':
      return {
        kind: 'vector',
        known: [{ peer: given.known ?? zeros(32), incarnation: 9, n: 9, claims: zeros(4).fill(9) }],
        beats: []
      }
    case 'claims-wanted':
      return { kind: 'claims', claims: given.claims ?? [], more: true }
    default:
      return { kind: 'busy', ms: 1 }
  }
}

test('a peer that always has more to give is left when nothing new came', () => {
  const { charter, driver, hostile } = victim()
  const claim = charter.claim(1, { shard: 3, seq: 5, buckets: [] })
  const known = keyOfPeer(hostile)
  driver.step({ kind: 'connected', peer: hostile })
  const asks = play(driver, (ask) => encodeFrame(endless(ask, { claims: [claim], known })), 2000)
  // 1 hello, 1 facts, 1 + 1 + 4 nodes; 64 times the heads of 64 leaves with two fruitless asks each and one that was under way
  // when that showed; the vector and its claims.
  assert.ok(asks.length <= 1 + 1 + 6 + 64 * 4 + 1 + 2, `${asks.length} asks`)
  assert.equal(asks.at(-1)?.kind, 'claims-wanted')
  assert.deepEqual(asks.filter(({ kind }) => kind === 'claims-wanted').length, 2)
})

test('a peer that repeats one good run for ever is left too', () => {
  const { charter, driver, hostile } = victim()
  const scribe = charter.scribe(1)
  const { stored } = scribe.write({ [charter.mapKey(cidText(5))]: scribe.pin(cidText(5)) })
  const runs = [stored.map(encodeStored)]
  driver.step({ kind: 'connected', peer: hostile })
  const asks = play(driver, (ask) => encodeFrame(endless(ask, { runs })), 2000)
  assert.ok(asks.length <= 1 + 1 + 6 + 64 * 4 + 4, `${asks.length} asks`)
  assert.equal(driver.core.counts().pins, 2)
})

test('a claim that another peer remembers of me is not taken for what I hold', () => {
  const { charter, driver, hostile } = victim()
  const key = charter.key(cidText(1))
  const shard = key[0] as number
  const buckets = [{ low: key[1] as number, view: zeros(8), states: Uint8Array.of(4) }]
  const own = charter.claim(0, { shard, seq: 2 ** 50, buckets })
  const known = keyOfPeer(driver.peer)
  const before = driver.core.counts()
  driver.step({ kind: 'connected', peer: hostile })
  const asks = play(driver, (ask) => encodeFrame(endless(ask, { claims: [own], known })), 2000)
  assert.ok(asks.every(({ kind }) => kind !== 'claims-wanted'))
  driver.hear('pins', [item.claim, own])
  driver.run(5000)
  assert.deepEqual(driver.core.counts(), before)
})

test('a run of a forged seal ends the session, and what was taken before it stands', () => {
  const { charter, driver, hostile } = victim()
  const scribe = charter.scribe(1)
  const write = (n: number): Uint8Array[] =>
    scribe.write({ [charter.mapKey(cidText(n))]: scribe.pin(cidText(n)) }).stored.map(encodeStored)
  const [good, bad] = [write(5), write(6)]
  const forged = bad.map((bytes) => bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1))
  driver.step({ kind: 'connected', peer: hostile })
  play(driver, (ask) => encodeFrame(endless(ask, { runs: [good, forged] })), 2000)
  assert.deepEqual(
    driver.notes('sync-failed').map(({ reason }) => reason),
    ['MESH_BAD_FORMAT']
  )
  assert.equal(driver.core.counts().pins, 2)
})

test('whatever is asked, exactly one answer comes, nothing throws and nothing changes', () => {
  const { charter, driver, hostile } = victim()
  const before = rowsOf(driver.disk)
  let id = 0
  const bytes = fc.oneof(frame.map(encodeFrame), fc.uint8Array({ maxLength: 60 }))
  fc.assert(
    fc.property(bytes, fc.constantFrom(hostile, charter.cryptos[2]?.peer as string), (asked, peer) => {
      const mine = ++id
      const effects = [...driver.step({ kind: 'asked', id: mine, peer, frame: asked }), ...driver.settle()]
      const answers = only(effects, 'answer')
      assert.deepEqual(
        answers.map((answer) => answer.id),
        [mine]
      )
      decodeFrame(answers[0]?.frame as Uint8Array)
    }),
    { numRuns: 500 }
  )
  assert.deepEqual(rowsOf(driver.disk), before)
})

test('a vector with beats that are garbage or forged is answered with an error', () => {
  const { charter, driver, hostile } = victim()
  const beat = charter.beat(1)
  const forged = beat.with(beat.length - 1, (beat.at(-1) as number) ^ 1)
  for (const beats of [[Uint8Array.of(1, 2, 3)], [forged]]) {
    const asked = encodeFrame({ kind: 'vector', known: [], beats })
    const [answer] = only(driver.step({ kind: 'asked', id: 1, peer: hostile, frame: asked }), 'answer')
    assert.equal(decodeFrame(answer?.frame as Uint8Array).kind, 'error')
  }
})

test('entries that are not on disk yet are not told', () => {
  const { charter, driver, hostile } = victim()
  const mapKey = charter.mapKey(cidText(1))
  const log = { writer: 1, prefixLen: 12 as const, prefix: leafOfMapKey(mapKey) << 4, generation: 0, from: 0 }
  const asked = encodeFrame({ kind: 'want', logs: [log] })
  const told = (): Frame => {
    const effects = [...driver.step({ kind: 'asked', id: 1, peer: hostile, frame: asked }), ...driver.settle()]
    return decodeFrame(only(effects, 'answer')[0]?.frame as Uint8Array)
  }
  const one = told()
  driver.disksAnswer = false
  driver.mono++
  driver.command({ do: 'pin', wishes: [{ cid: cidText(1), anyway: true, name: 'another' }] })
  assert.equal(driver.writes.length, 1)
  // The draft is in memory; the head on disk is the one before it.
  assert.deepEqual(told(), one)
  driver.written()
  const two = told()
  assert.ok(two.kind === 'data' && two.runs[0]?.length === 2)
})
