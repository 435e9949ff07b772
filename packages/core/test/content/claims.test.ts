/*
 * What others claim, read through my own rows: by a model that knows of each pin what its holder last said of it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../../src/bytes/format-error.ts'
import { Claims, claimsPerIncarnation, findRow } from '../../src/content/claims.ts'
import { pinStates } from '../../src/formats/claim.ts'
import { canonicalCid } from '../../src/formats/key.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import { type PinRow, viewHash } from '../../src/pinset/view.ts'
import { isHeld } from '../../src/placement/pin-view.ts'
import { Charter, cidText, epoch } from '../kit.ts'
import { hash } from '../node-crypto.ts'

const charter = new Charter(3)
const crypto = charter.founder
const [, peer, second] = charter.cryptos.map((one) => one.peer) as [string, string, string]
const bucket = 0x1203
const [held, promised] = [pinStates.indexOf('held'), pinStates.indexOf('promised')]

/** A row of the bucket: its key is its number. */
function row(n: number, lamport = 1): PinRow {
  const key = hash(Uint8Array.of(n))
  key.set([0x12, 0x03, n])
  const want = { max: 2, min: 1, trustedMin: 0, chosen: [] }
  return { key, mapKeys: [], lamport, mode: 'recursive', cid: canonicalCid(cidText(n)), want, priority: 0, slots: [] }
}

const rows = (...numbers: number[]): PinRow[] => numbers.map((n) => row(n))
const view = (of: readonly PinRow[]): Uint8Array => viewHash(of, crypto)

class Desk {
  readonly outbox = new Outbox()
  readonly claims = new Claims({ meshId: charter.meshId, crypto, outbox: this.outbox })
  mine: readonly PinRow[] = []
  #seq = 0

  change(after: readonly PinRow[]): void {
    this.claims.rowsChanged(bucket, this.mine, after, view(after))
    this.mine = after
  }

  bytes(of: readonly PinRow[], states: readonly number[], more: { seq?: number; holdUntil?: number } = {}): Uint8Array {
    const buckets = of.length === 0 ? [] : [{ low: 3, view: view(of), states: Uint8Array.from(states) }]
    return charter.claim(1, { shard: 0x12, seq: ++this.#seq, holdUntil: 0, ...more, buckets })
  }

  claim(...args: Parameters<Desk['bytes']>): number[] | string {
    const taken = this.claims.take(
      this.bytes(...args),
      () => true,
      () => true
    )
    return typeof taken === 'string' ? taken : taken.buckets
  }

  states(): string {
    const states = this.mine.map((_, at) => this.claims.stateOf(peer, bucket, at))
    // What is counted as it changes is what is there.
    assert.equal(this.claims.heldBy(peer), states.filter(isHeld).length)
    assert.equal(this.claims.pins, states.length)
    return states.map((state) => pinStates.indexOf(state)).join('')
  }

  until(at: number): number {
    return this.claims.promisedUntil(peer, bucket, at).until
  }
}

test('a claim of my own rows is read, and counts for release', () => {
  const desk = new Desk()
  desk.change(rows(1, 2, 3))
  assert.deepEqual(
    desk.claim(rows(1, 2, 3), [held, promised, 6], { seq: 3 * claimsPerIncarnation + 1, holdUntil: 77 }),
    [bucket]
  )
  assert.equal(desk.states(), `${held}${promised}6`)
  assert.deepEqual(
    [0, 1, 2].map((at) => desk.until(at)),
    [0, 77, 0]
  )
  assert.equal(desk.claims.promisedUntil(peer, bucket, 1).incarnation, 3)
  assert.equal(desk.claims.promisedUntil(second, bucket, 1).until, 0)
})

test('a claim of other rows waits for them; the earlier reading stands meanwhile and counts nothing for release', () => {
  const desk = new Desk()
  desk.change(rows(1, 2))
  desk.claim(rows(1, 2), [promised, held], { holdUntil: 77 })
  assert.deepEqual(desk.claim(rows(1, 2, 3), [held, promised, promised], { holdUntil: 99 }), [])
  assert.equal(desk.states(), `${promised}${held}`)
  assert.deepEqual([desk.until(0), desk.until(1)], [0, 0])
  desk.change(rows(1, 2, 3))
  assert.equal(desk.states(), `${held}${promised}${promised}`)
  assert.deepEqual([desk.until(0), desk.until(2)], [0, 99])
})

test('when my rows change readings go with their pins, and count nothing for release until they are claimed anew', () => {
  const desk = new Desk()
  desk.change(rows(1, 3, 5))
  desk.claim(rows(1, 3, 5), [promised, held, promised], { holdUntil: 77 })
  desk.change(rows(0, 3, 4, 5))
  assert.equal(desk.states(), `0${held}0${promised}`)
  assert.equal(desk.until(3), 0)
  desk.claim(rows(0, 3, 4, 5), [0, held, 0, promised], { holdUntil: 88 })
  assert.equal(desk.until(3), 88)
})

test('a new wish for the same pin makes a promise for the old one count nothing', () => {
  const desk = new Desk()
  desk.change([row(1, 5)])
  desk.claim([row(1, 5)], [promised], { holdUntil: 77 })
  desk.change([row(1, 6)])
  assert.deepEqual([desk.states(), desk.until(0)], [`${promised}`, 0])
})

test('rows that come back are those that the claim speaks of', () => {
  const desk = new Desk()
  desk.change(rows(1, 2))
  desk.claim(rows(1, 2), [promised, held], { holdUntil: 77 })
  for (const other of [rows(1), rows(1, 2, 3), []]) {
    desk.change(other)
    assert.equal(desk.until(0), 0)
    desk.change(rows(1, 2))
    assert.deepEqual([desk.states(), desk.until(0)], [`${promised}${held}`, 77])
  }
})

test('a newer claim takes the place of one that waited, and of one for rows that were', () => {
  const desk = new Desk()
  desk.change(rows(1))
  desk.claim(rows(1), [promised], { holdUntil: 77 })
  desk.change(rows(2))
  desk.claim(rows(3), [held])
  desk.change(rows(1))
  assert.deepEqual([desk.states(), desk.until(0)], ['0', 0])
})

test('a bucket that a newer claim does not list any more is held by that peer no longer', () => {
  const desk = new Desk()
  desk.change(rows(1))
  desk.claim(rows(1), [held])
  assert.deepEqual(desk.claim([], []), [bucket])
  assert.equal(desk.states(), '0')
})

test('only what is newer, well signed, of a member and within its pace is taken', () => {
  const desk = new Desk()
  desk.change(rows(1))
  const bytes = desk.bytes(rows(1), [held], { seq: 5 })
  const yes = (): boolean => true
  const no = (): boolean => false
  assert.equal(desk.claims.take(bytes, no, yes), 'stranger')
  assert.equal(desk.claims.take(bytes, yes, no), 'old')
  const forged = bytes.with(bytes.length - 1, (bytes.at(-1) as number) ^ 1)
  assert.throws(() => desk.claims.take(forged, yes, yes), FormatError)
  assert.deepEqual(desk.claims.take(bytes, yes, yes), { peer, buckets: [bucket] })
  assert.equal(desk.claims.take(bytes, yes, yes), 'old')
  assert.equal(desk.claims.take(desk.bytes(rows(1), [0], { seq: 4 }), yes, yes), 'old')
  assert.equal(desk.states(), `${held}`)
})

test('who is no member any more is forgotten', () => {
  const desk = new Desk()
  desk.change(rows(1))
  desk.claim(rows(1), [held])
  desk.claims.retain((one) => one !== peer)
  assert.equal(desk.states(), '0')
  assert.deepEqual(desk.claims.digestOf(peer), new Uint8Array(4))
  assert.deepEqual([...desk.claims.bucketsOf(peer)], [])
})

test('digests of what is held of a peer are equal for equal claims, in whatever order they came', () => {
  const claim = (shard: number, seq: number): Uint8Array => charter.claim(1, { shard, seq, buckets: [] })
  const all = [claim(1, 5), claim(2, 6), claim(3, 7)]
  const digests = [
    [0, 1, 2],
    [2, 0, 1],
    [0, 1]
  ].map((order) => {
    const { claims } = new Desk()
    for (const n of order)
      claims.take(
        all[n] as Uint8Array,
        () => true,
        () => true
      )
    return Buffer.from(claims.digestOf(peer)).toString('hex')
  })
  assert.equal(digests[0], digests[1])
  assert.notEqual(digests[0], digests[2])
})

test('the instant of a change moves only when what is claimed of the bucket does', () => {
  const desk = new Desk()
  desk.outbox.open({ mono: 100, wall: epoch })
  desk.change(rows(1))
  desk.claim(rows(1), [held])
  desk.outbox.open({ mono: 200, wall: epoch })
  desk.claim(rows(1), [held])
  assert.equal(desk.claims.changedAt(peer, bucket), 100)
  desk.claim(rows(1), [promised])
  assert.equal(desk.claims.changedAt(peer, bucket), 200)
  assert.equal(desk.claims.changedAt(second, bucket), -Infinity)
})

const set = fc.subarray([1, 2, 3, 4]).map((numbers) => numbers.map((n) => row(n)))
const act = fc.oneof(
  set.map((of) => ({ do: 'change' as const, of })),
  fc.tuple(set, fc.infiniteStream(fc.constantFrom(0, 1, held, promised))).map(([of, stream]) => ({
    do: 'claim' as const,
    of,
    states: of.map(() => stream.next().value as number)
  }))
)

test('in any order of changes and claims a promise is read only of a claim that speaks of exactly my rows', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const desk = new Desk()
      let last: { of: readonly PinRow[]; states: readonly number[]; until: number } | undefined
      let until = 0
      for (const one of acts) {
        if (one.do === 'change') desk.change(one.of)
        else {
          desk.claim(one.of, one.states, { holdUntil: ++until })
          last = { of: one.of, states: one.states, until }
        }
        const same = last !== undefined && Buffer.compare(view(last.of), view(desk.mine)) === 0
        desk.mine.forEach((mine, at) => {
          const said = same ? last?.states[findRow(last.of, mine.key)] : undefined
          assert.equal(desk.until(at), said === promised ? last?.until : 0)
          if (said !== undefined) assert.equal(pinStates.indexOf(desk.claims.stateOf(peer, bucket, at)), said)
        })
      }
    }),
    { numRuns: 120 }
  )
})
