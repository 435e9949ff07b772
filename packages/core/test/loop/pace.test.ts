/**
 * Tests of core, loop/pace: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Pace } from '../../src/loop/pace.ts'

test('within any span of time no more pass than a full bucket and what the span refills', () => {
  const gaps = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 50, max: 500 }), gaps, (most, roundMs, between) => {
      const pace = new Pace(most, roundMs)
      const passed: number[] = []
      let mono = 0
      for (const gap of between) {
        mono += gap
        if (pace.take(mono)) passed.push(mono)
      }
      passed.forEach((from, i) =>
        passed.slice(i).forEach((to, n) => assert.ok(n + 1 <= most + ((to - from) / roundMs) * most + 1e-6))
      )
    })
  )
})

test('who asks no faster than the pace is never refused', () => {
  const pace = new Pace(4, 1000)
  for (let n = 0; n < 100; n++) assert.ok(pace.take(n * 250 + 1e9))
})
