/**
 * The fixed-point logarithm against exact values.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { negLog2 } from '../../src/placement/log2.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

test('powers of two have exact logarithms', () => {
  for (let e = 32n; e < 64n; e++) assert.equal(negLog2(1n << e), (64n - e) << 48n)
})

test('what is below 2^32 counts as 2^32', () => {
  for (const u of [0n, 1n, 2n ** 32n - 1n]) assert.equal(negLog2(u), 2n ** 53n)
})

test('a larger number never has a larger result, and no result is zero', () => {
  fc.assert(
    fc.property(u64, u64, (a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a]
      assert.ok(negLog2(less) >= negLog2(more))
      assert.ok(negLog2(more) > 0n)
    })
  )
})

test('it is the logarithm, to seven digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 40n, max: 2n ** 64n - 1n }), (u) => {
      const expected = 64 - Math.log2(Number(u))
      assert.ok(Math.abs(Number(negLog2(u)) / 2 ** 48 - expected) < 1e-7)
    })
  )
})
