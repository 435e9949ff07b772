/**
 * The work behind a stamp.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findStamp, stampBits } from '../../src/formats/record.ts'
import { nodeCrypto } from '../node-crypto.ts'

const crypto = nodeCrypto(7)
const meshId = new Uint8Array(32).fill(5)
const place = { peer: crypto.peer, meshId, crypto }

test('the stamp that is found is the first with the work that is asked for', () => {
  const found = findStamp(place, { bits: 8, from: 0, tries: 10_000 }) as Uint8Array
  const number = new DataView(found.buffer).getUint32(4)
  assert.ok(stampBits(crypto.peer, meshId, found, crypto) >= 8)
  for (let n = 0; n < number; n++) {
    const stamp = new Uint8Array(8)
    new DataView(stamp.buffer).setUint32(4, n)
    assert.ok(stampBits(crypto.peer, meshId, stamp, crypto) < 8)
  }
  assert.equal(findStamp(place, { bits: 8, from: 0, tries: number }), undefined)
  assert.deepEqual(findStamp(place, { bits: 8, from: number, tries: 1 }), found)
})
