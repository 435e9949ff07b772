/**
 * Tests of core, door/bounds: how much one member can make a core look at, and that nothing honest is lost by it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Beat } from '../../src/formats/beat.ts'
import { keyOfPeer } from '../../src/formats/peer-id.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/sync/frames.ts'
import { Charter, type Driver, epoch, item, only } from '../kit.ts'

/** A core that knows two members, and how many signatures it has checked since. */
class Door {
  readonly charter = new Charter(3)
  readonly driver: Driver
  readonly member = this.charter.cryptos[1]?.peer as string
  checks = 0

  constructor() {
    const own = this.charter.cryptos[0] as (typeof this.charter.cryptos)[number]
    const verify: typeof own.verify = (...args) => (this.checks++, own.verify(...args))
    this.driver = this.charter.driver(0, { crypto: { ...own, verify } })
    this.driver.start()
    this.driver.run(6000)
    this.driver.hear('facts', [item.record, this.charter.record(1)], [item.record, this.charter.record(2)])
    this.checks = 0
  }

  /** Hears these beats of the first member, one message each; how many were taken. */
  beats(numbers: readonly number[], differing: Partial<Beat> = {}): number {
    const verdicts = numbers.map((n) =>
      this.driver.hear('beats', [item.beat, this.charter.beat(1, { n, ...differing })])
    )
    return verdicts.filter((verdict) => verdict === 'accept').length
  }

  /** The newest beat held of the member, by what the vector says. */
  newest(): number {
    const vector = this.#ask({ kind: 'vector', known: [], beats: [] })
    assert.equal(vector.kind, 'vector')
    const known = vector.kind === 'vector' ? vector.known : []
    return known.find(({ peer }) => Buffer.from(peer).equals(keyOfPeer(this.member)))?.n ?? 0
  }

  vector(beats: readonly Uint8Array[]): void {
    assert.equal(this.#ask({ kind: 'vector', known: [], beats }).kind, 'vector')
  }

  /** Opens a round with the member, whose facts differ, and answers until the core is content; asks for facts. */
  syncFacts(records: (ask: number) => Uint8Array[]): number {
    const { driver } = this
    const zeros = new Uint8Array(16)
    const seen = driver.effects.length
    driver.step({ kind: 'connected', peer: this.member })
    let asked = 0
    for (let at = 0; asked < 1000;) {
      driver.settle()
      const next = only(driver.effects.slice(seen), 'ask')[at++]
      if (next === undefined) return asked
      const ask = decodeFrame(next.frame)
      let answer: Frame = { kind: 'busy', ms: 1 }
      if (ask.kind === 'hello')
        answer = { kind: 'hello', version: 1, facts: zeros, pinset: driver.core.roots.pinset.slice() }
      if (ask.kind === 'facts-wanted')
        answer = { kind: 'facts', ops: [], admissions: [], records: records(asked++), forks: [], more: true }
      driver.step({ kind: 'answered', id: next.id, frame: encodeFrame(answer) })
    }
    return asked
  }

  #ask(frame: Frame): Frame {
    const effects = this.driver.step({ kind: 'asked', id: 1, peer: this.member, frame: encodeFrame(frame) })
    return decodeFrame(only(effects, 'answer')[0]?.frame as Uint8Array)
  }
}

const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, n) => from + n)
const later = (n: number): { until: number } => ({ until: epoch / 1000 + 3600 + n })

test('of a thousand beats in one instant two cost a signature check, and half an interval later one more', () => {
  const door = new Door()
  assert.equal(door.beats(upTo(1000)), 2)
  assert.equal(door.checks, 2)
  door.driver.run(499)
  assert.equal(door.beats([2000]), 0)
  door.driver.run(1)
  assert.equal(door.beats([2001, 2002]), 1)
  assert.equal(door.newest(), 2001)
  assert.deepEqual(
    door.driver.notes('too-often').map(({ peer, what }) => [peer, what]),
    [[door.member, 'beat']]
  )
})

test('a member that declares longer intervals is bound by them, one that declares shorter ones by the mesh', () => {
  const slow = new Door()
  slow.beats(upTo(10), { everyMs: 60_000 })
  slow.driver.run(29_000)
  assert.equal(slow.beats([100], { everyMs: 60_000 }), 0)
  slow.driver.run(1000)
  assert.equal(slow.beats([101], { everyMs: 60_000 }), 1)
  const fast = new Door()
  fast.beats(upTo(10), { everyMs: 10 })
  fast.driver.run(499)
  assert.equal(fast.beats([100], { everyMs: 10 }), 0)
})

test('an honest rhythm is never bounded, though messages bunch in pairs and single beats announce more', () => {
  const door = new Door()
  for (let n = 1; n < 100; n += 2) {
    assert.equal(door.beats([n, n + 1]), 2)
    door.driver.run(1000)
  }
  assert.deepEqual(door.driver.notes('too-often'), [])
})

test('beats, records and claims that are forged in its name do not silence a member', () => {
  const door = new Door()
  const forged = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1)
  const { charter, driver } = door
  door.beats([1])
  for (let n = 2; n < 50; n++) {
    const claim = charter.claim(1, { shard: 3, seq: n, buckets: [] })
    assert.equal(driver.hear('beats', [item.beat, forged(charter.beat(1, { n }))]), 'reject')
    assert.equal(driver.hear('facts', [item.record, forged(charter.record(1, later(n)))]), 'reject')
    assert.equal(driver.hear('pins', [item.claim, forged(claim)]), 'reject')
  }
  assert.equal(door.beats([100]), 1)
  assert.equal(driver.hear('facts', [item.record, charter.record(1, later(99))]), 'accept')
  assert.equal(driver.hear('pins', [item.claim, charter.claim(1, { shard: 3, seq: 99, buckets: [] })]), 'accept')
})

test('a beat that gossip may not bring yet still comes by a vector', () => {
  const door = new Door()
  door.beats(upTo(20))
  assert.equal(door.newest(), 2)
  door.vector([door.charter.beat(1, { n: 20 })])
  assert.equal(door.newest(), 20)
  for (const n of upTo(1000, 21)) door.vector([door.charter.beat(1, { n })])
  assert.ok(door.checks <= 2 + 16, `${door.checks} signatures checked`)
})

test('records of a member are taken by gossip four at once and then one every two beats; the last one comes by sync', () => {
  const door = new Door()
  const { charter, driver } = door
  const hear = (n: number): string => driver.hear('facts', [item.record, charter.record(1, later(n))])
  const verdicts = upTo(100).map(hear)
  assert.deepEqual(verdicts, [...Array<string>(4).fill('accept'), ...Array<string>(96).fill('ignore')])
  assert.equal(door.checks, 4)
  driver.run(2000)
  assert.deepEqual([hear(101), hear(102)], ['accept', 'ignore'])
  const flags = { declining: false, leaving: true, maintenance: false, syncing: false, left: false }
  const last = charter.record(1, { ...later(103), flags })
  assert.equal(driver.hear('facts', [item.record, last]), 'ignore')
  assert.ok(driver.core.members().some(({ peer }) => peer === door.member) && door.member !== '')
  assert.equal(
    door.syncFacts(() => [last]),
    2
  )
  assert.equal(driver.core.members().find(({ peer }) => peer === door.member)?.leaving, true)
  assert.equal(
    driver.disk.table('fact').some(({ value }) => Buffer.from(value).equals(last)),
    true
  )
})

test('a member that signs a new record each time it is asked for facts is soon left', () => {
  const door = new Door()
  const asks = door.syncFacts((n) => [door.charter.record(1, later(n + 1))])
  assert.equal(asks, 33)
  assert.ok(door.checks <= 33, `${door.checks} signatures checked`)
})
