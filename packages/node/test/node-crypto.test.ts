// The core's crypto port over node:crypto.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { toHex } from '@pinmesh/core'
import { hash } from '../src/node-crypto.ts'

test('a hash is the SHA-256 of the bytes, as a plain array of its own', () => {
  assert.equal(toHex(hash(Buffer.from('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  for (let length = 0; length < 300; length++) {
    const bytes = randomBytes(length)
    const digest = hash(bytes)
    assert.equal(toHex(digest), createHash('sha256').update(bytes).digest('hex'))
    assert.equal(digest.constructor, Uint8Array)
    assert.equal(digest.buffer.byteLength, 32)
  }
})
