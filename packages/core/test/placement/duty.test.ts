/**
 * Duty: the chosen, the trusted, the rest; a prefix in r; moved only by what it held.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { type Want, dutyOf } from '../../src/placement/duty.ts'
import { members, names } from './kit.ts'

const line = members(8, (i) => ({ trusted: i >= 4 }))

function want(differing: Partial<Want>): Want {
  return { max: 3, min: 2, trustedMin: 0, chosen: [], ...differing }
}

test('without other wishes it is the beginning of the line', () => {
  assert.deepEqual(dutyOf(want({}), line), ['peer-0', 'peer-1', 'peer-2'])
})

test('the first trusted come before the rest', () => {
  assert.deepEqual(dutyOf(want({ trustedMin: 2 }), line), ['peer-4', 'peer-5', 'peer-0'])
  assert.deepEqual(dutyOf(want({ trustedMin: 9 }), line), ['peer-4', 'peer-5', 'peer-6'])
})

test('chosen peers come first, are not taken twice and may be more than asked for', () => {
  assert.deepEqual(dutyOf(want({ chosen: ['peer-7', 'peer-1'] }), line), ['peer-1', 'peer-7', 'peer-0'])
  assert.equal(dutyOf(want({ max: 1, chosen: ['peer-7', 'peer-1'] }), line).length, 2)
})

test('a chosen peer that is trusted counts as one', () => {
  assert.deepEqual(dutyOf(want({ chosen: ['peer-6'], trustedMin: 1 }), line), ['peer-6', 'peer-0', 'peer-1'])
  assert.deepEqual(dutyOf(want({ chosen: ['peer-1'], trustedMin: 1 }), line), ['peer-1', 'peer-4', 'peer-0'])
})

test('a chosen peer that is not eligible is left out', () => {
  assert.deepEqual(dutyOf(want({ chosen: ['gone'] }), line), ['peer-0', 'peer-1', 'peer-2'])
})

test('trusted ones and the rest do not share a domain where another is free', () => {
  const zoned = members(6, (i) => ({ trusted: i > 3, zone: `z${i % 4}` }))
  assert.deepEqual(dutyOf(want({ trustedMin: 1 }), zoned), ['peer-4', 'peer-1', 'peer-2'])
  assert.deepEqual(dutyOf(want({ max: 5, trustedMin: 1 }), zoned), ['peer-4', 'peer-1', 'peer-2', 'peer-3', 'peer-0'])
})

test('everywhere means everybody', () => {
  assert.deepEqual(dutyOf(want({ max: 0, trustedMin: 1, chosen: ['peer-3'] }), line).toSorted(), names(line))
})

test('for a fixed trusted minimum the duty of r copies begins that of r + 1', () => {
  const wish = fc.record({
    trustedMin: fc.integer({ min: 0, max: 5 }),
    chosen: fc.subarray([...names(line), 'gone'], { maxLength: 4 }),
    line: fc.shuffledSubarray(line)
  })
  fc.assert(
    fc.property(wish, fc.integer({ min: 1, max: 9 }), ({ trustedMin, chosen, line: spreadOrder }, max) => {
      const less = dutyOf(want({ max, trustedMin, chosen }), spreadOrder)
      const more = dutyOf(want({ max: max + 1, trustedMin, chosen }), spreadOrder)
      assert.deepEqual(more.slice(0, less.length), less)
      assert.equal(new Set(more).size, more.length)
      const present = spreadOrder.filter(({ peer }) => chosen.includes(peer)).length
      assert.equal(less.length, Math.min(spreadOrder.length, Math.max(max, present)))
    })
  )
})

test('a peer that goes changes only the duties that held it, and they change by it and those it held back', () => {
  const wish = fc.record({
    max: fc.integer({ min: 1, max: 6 }),
    trustedMin: fc.integer({ min: 0, max: 3 }),
    zones: fc.integer({ min: 1, max: 12 }),
    backends: fc.integer({ min: 6, max: 12 }),
    gone: fc.nat({ max: 11 })
  })
  fc.assert(
    fc.property(wish, ({ max, trustedMin, zones, backends, gone }) => {
      const order = members(12, (i) => ({
        trusted: i % 3 === 0,
        zone: `z${i % zones}`,
        backend: `b${(i * 5) % backends}`
      }))
      const before = dutyOf(want({ max, trustedMin }), order)
      const after = dutyOf(
        want({ max, trustedMin }),
        order.filter((_, i) => i !== gone)
      )
      if (!before.includes(`peer-${gone}`)) assert.deepEqual(after, before)
      const stayed = before.slice(0, Math.max(0, before.indexOf(`peer-${gone}`)))
      assert.deepEqual(after.slice(0, stayed.length), stayed)
    })
  )
})
