/*
 * Claims are the largest thing gossiped: small at rest, with one encoding, and never larger in memory than twice what was sent.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FormatError } from '../../src/bytes/format-error.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { type Claim, claimPinsMax, decodeClaim, encodeClaim, pinStates } from '../../src/formats/claim.ts'
import { claim, crypto } from './samples.ts'

const view = new Uint8Array(8)
const withBuckets = (...buckets: Claim['buckets']): Claim => ({ ...claim, buckets })
const bucket = (low: number, ...states: number[]): Claim['buckets'][0] => ({
  low,
  view,
  states: Uint8Array.from(states)
})
const empty = encodeClaim(withBuckets()).length

/** A claim of one bucket, its form and content as given. */
function raw(form: number, count: number, ...packed: number[]): Uint8Array {
  const writer = new Writer().raw(crypto.key).u8(1).v(1).u48(1).u48(1).u8(1).v(1).u8(0).raw(view).u8(form).v(count)
  return writer.raw(Uint8Array.from(packed)).raw(claim.sig).finish()
}

test('the nibbles are those of the format', () => {
  const names = [
    'none',
    'queued',
    'fetching',
    'held',
    'promised',
    'leaving',
    'unreachable',
    'no-space',
    'back-end',
    'refused'
  ]
  assert.deepEqual(pinStates, names)
})

test('a bucket of one state at rest takes 11 bytes or 12, whatever its size', () => {
  assert.equal(encodeClaim(withBuckets({ low: 1, view, states: new Uint8Array(100).fill(4) })).length - empty, 11)
  assert.equal(encodeClaim(withBuckets({ low: 1, view, states: new Uint8Array(400).fill(3) })).length - empty, 12)
  assert.equal(encodeClaim(withBuckets(bucket(1, 4, 3, 4))).length - empty, 13)
})

test('a long form for what has a short one is refused', () => {
  assert.equal(decodeClaim(raw(3, 2, 0x43)).buckets[0]?.states.length, 2)
  for (const bytes of [
    raw(3, 2, 0x44),
    raw(3, 1, 0x30),
    raw(3, 1, 0x01),
    raw(3, 1, 0xa0),
    raw(0, 1),
    raw(4, 1),
    raw(1, 0)
  ]) {
    assert.throws(() => decodeClaim(bytes), FormatError)
  }
})

test('a short form can not name more pins than a message could spell out', () => {
  assert.equal(decodeClaim(raw(1, claimPinsMax)).buckets[0]?.states.length, claimPinsMax)
  assert.throws(() => decodeClaim(raw(1, claimPinsMax + 1)), FormatError)
  assert.throws(() => decodeClaim(raw(2, Number.MAX_SAFE_INTEGER)), FormatError)
  const half = { view, states: new Uint8Array(claimPinsMax / 2).fill(4) }
  assert.throws(() => encodeClaim(withBuckets({ low: 0, ...half }, { low: 1, ...half }, bucket(2, 4))), FormatError)
})

test('buckets are sorted, distinct and not empty, states are known', () => {
  assert.throws(() => encodeClaim(withBuckets(bucket(2, 1), bucket(1, 1))), FormatError)
  assert.throws(() => encodeClaim(withBuckets(bucket(1, 1), bucket(1, 1))), FormatError)
  assert.throws(() => encodeClaim(withBuckets(bucket(1))), FormatError)
  assert.throws(() => encodeClaim(withBuckets(bucket(1, 10))), FormatError)
  assert.throws(() => encodeClaim(withBuckets(bucket(256, 1))), FormatError)
})

test('a claim above 64 KiB is refused', () => {
  const states = new Uint8Array(claimPinsMax).fill(1)
  assert.throws(() => encodeClaim(withBuckets({ low: 0, view, states })), FormatError)
  assert.throws(() => decodeClaim(new Uint8Array(64 * 1024 + 1)), FormatError)
})
