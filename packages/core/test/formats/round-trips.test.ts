/*
 * For every format: what is encoded is decoded to the same value, and a value has one encoding.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { nodeCrypto } from '../node-crypto.ts'
import { formats } from './arbitraries.ts'

formats(nodeCrypto(), (format) => {
  test(`a ${format.name} comes back as it was encoded`, () => {
    fc.assert(
      fc.property(format.value, (value) => {
        const bytes = format.encode(value)
        const back = format.decode(bytes)
        assert.deepEqual(back, value)
        assert.deepEqual(format.encode(back), bytes)
      }),
      { numRuns: 200 }
    )
  })
})
