// The token bucket: over any stretch of time no more goes through than burst plus rate.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bucket } from '../src/bucket.ts'

test('the burst is free, after it the rate holds, and rest refills', () => {
  const bucket = new Bucket({ perSecond: 100, burst: 50 })
  assert.equal(bucket.take(50, 0), 0)
  assert.equal(bucket.take(100, 0), 1000)
  assert.equal(bucket.take(0, 1000), 0)
  assert.equal(bucket.take(50, 99_000), 0)
  assert.equal(bucket.take(1, 99_000), 10)
})

test('whoever waits as told gets at most burst plus rate times time', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1000), fc.nat(3000))), (takes) => {
      const bucket = new Bucket({ perSecond: 100, burst: 500 })
      let now = 0
      let taken = 0
      for (const [amount, restMs] of takes) {
        now += restMs
        now += bucket.take(amount, now)
        taken += amount
        assert.ok(taken <= 500 + (now / 1000) * 100 + 1e-6)
      }
    })
  )
})
