/*
 * The bounds of a register, on the way out and on the way in.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CID } from 'multiformats/cid'

import { FormatError } from '../../src/bytes/format-error.ts'
import { type PinRegister, decodeRegister, encodeRegister, registerBytesMax } from '../../src/formats/register.ts'
import { nodeCrypto } from '../node-crypto.ts'
import { cids, peers, pin, plainPin, unpin } from './samples.ts'

test('an unpin carries lamport and operation, seven bytes', () => {
  assert.equal(encodeRegister(unpin).length, 7)
  assert.deepEqual(decodeRegister(encodeRegister(unpin)), unpin)
})

test('a value out of its bounds is not encoded', () => {
  const seventeen = Array.from({ length: 17 }, (_, i) => nodeCrypto(i).peer)
  const bad: Array<Partial<Record<keyof PinRegister, unknown>>> = [
    { lamport: 2 ** 48 },
    { lamport: -1 },
    { mode: 'other' },
    { min: 4 },
    { max: 65536 },
    { trustedMin: -1 },
    { priority: 256 },
    { bytes: 1.5 },
    { bytes: 2 ** 53 },
    { expiry: 2 ** 48 },
    { name: 'ä'.repeat(128) },
    { name: '\ud800' },
    { meta: [['', 'a']] },
    {
      meta: [
        ['b', ''],
        ['a', '']
      ]
    },
    {
      meta: [
        ['a', ''],
        ['a', 'b']
      ]
    },
    {
      meta: [
        ['\u{10000}', ''],
        ['\uffff', '']
      ]
    },
    { meta: [['a', 'b'.repeat(512)]] },
    { chosen: peers.toReversed() },
    { chosen: [peers[0], peers[0]] },
    { chosen: ['someone'] },
    { chosen: seventeen },
    { origins: ['a', 'a'] },
    { origins: [''] },
    { origins: ['a'.repeat(256)] },
    { origins: ['1', '2', '3', '4', '5', '6', '7', '8', '9'] },
    { cid: CID.parse(cids.v0) }
  ]
  for (const change of bad) {
    const register = { ...pin, ...change } as PinRegister
    assert.throws(() => encodeRegister(register), FormatError, JSON.stringify(change))
  }
})

test('metadata are sorted by bytes, not by UTF-16 units', () => {
  const meta = [
    ['\uffff', ''],
    ['\u{10000}', '']
  ] as const
  assert.deepEqual(decodeRegister(encodeRegister({ ...plainPin, meta })), { ...plainPin, meta })
})

test('a register of more than 1 KiB is neither encoded nor decoded', () => {
  const origins = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(255))
  assert.throws(() => encodeRegister({ ...plainPin, origins }), FormatError)
  assert.throws(() => decodeRegister(new Uint8Array(registerBytesMax + 1)), FormatError)
})

test('empty texts and lists are written as absent', () => {
  const empty = { ...plainPin, name: '', meta: [], chosen: [], origins: [] }
  assert.deepEqual(encodeRegister(empty), encodeRegister(plainPin))
})

test('a flag without content, an unknown flag and an unknown operation are refused', () => {
  const bytes = encodeRegister(plainPin)
  for (const flag of [4, 8, 16, 32])
    assert.throws(() => decodeRegister(Uint8Array.of(...bytes.with(7, flag), 0)), FormatError)
  assert.throws(() => decodeRegister(bytes.with(7, 64)), FormatError)
  for (const op of [0, 3]) assert.throws(() => decodeRegister(bytes.with(6, op)), FormatError)
})
