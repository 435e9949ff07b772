/*
 * The rows of the journal: what is written is what is read, and nothing else is read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../../src/bytes/format-error.ts'
import { decodeHold, encodeHold, failures, type Hold, holdStates } from '../../src/content/hold.ts'
import { bytesOf, cid } from '../formats/arbitraries.ts'

const number = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
const wall = fc.integer({ min: 0, max: 0xffffffffffff })
const hold: fc.Arbitrary<Hold> = fc.record(
  {
    key: bytesOf(32),
    cid,
    mode: fc.constantFrom('recursive' as const, 'direct' as const),
    state: fc.constantFrom(...holdStates),
    since: wall,
    bytes: number,
    extra: fc.boolean(),
    promisedUntil: wall,
    tries: number,
    nextAt: wall,
    reason: fc.constantFrom(...failures),
    provenance: fc.array(
      fc.record(
        {
          writer: fc.integer({ min: 0, max: 0xffffffff }),
          prefixLen: fc.constantFrom(12 as const, 16 as const),
          prefix: fc.nat({ max: 0xffff }),
          generation: number,
          seq: number
        },
        { noNullPrototype: true }
      ),
      { maxLength: 5 }
    )
  },
  { noNullPrototype: true }
)

test('a row of the journal is read as it was written', () => {
  fc.assert(
    fc.property(hold, (one) => {
      const { cid: read, ...rest } = decodeHold(one.key, encodeHold(one))
      const { cid: given, ...others } = one
      assert.deepEqual(rest, others)
      assert.deepEqual(read.bytes, given.bytes)
    })
  )
})

test('a row of another version, of an unknown state, or that is too short or too long is refused', () => {
  fc.assert(
    fc.property(hold, fc.nat({ max: 400 }), (one, at) => {
      const bytes = encodeHold(one)
      for (const bad of [bytes.with(0, 2), bytes.with(1, 99), bytes.with(3, 99), new Uint8Array([...bytes, 0])])
        assert.throws(() => decodeHold(one.key, bad), FormatError)
      assert.throws(() => decodeHold(one.key, bytes.slice(0, at % bytes.length)))
    })
  )
})
