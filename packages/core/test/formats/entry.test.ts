/*
 * What binds an entry together: the header names the body by hash, the hash names the header, and the chain rules that can be
 * seen in one header hold.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { concatBytes, fromText } from '../../src/bytes/compare.ts'
import { FormatError } from '../../src/bytes/format-error.ts'
import {
  type EntryFields,
  bodyBytesMax,
  decodeEntry,
  decodeHeader,
  encodeEntry,
  makeEntry
} from '../../src/formats/entry.ts'
import { crypto, firstEntry, resetEntry, secondEntry } from './samples.ts'

test('the hash covers the tag and the header, and the header ends with the hash of the body', () => {
  const { header, hash, body } = secondEntry
  assert.deepEqual(hash, crypto.hash(concatBytes(fromText('pinmesh/entry/1'), header)))
  assert.deepEqual(header.subarray(-32), crypto.hash(body))
})

test('a header alone can be read', () => {
  const { header, hash: _, body: __, ...plain } = secondEntry
  assert.deepEqual(decodeHeader(header), plain)
})

test('another body under the same header is refused', () => {
  const bytes = encodeEntry(secondEntry)
  const last = bytes.length - 1
  assert.throws(() => decodeEntry(bytes.with(last, (bytes[last] as number) ^ 1), crypto), {
    message: 'the body of an entry has another hash'
  })
})

test('a header that contradicts itself is neither made nor read', () => {
  const bad: Array<[EntryFields, Partial<EntryFields>]> = [
    [firstEntry, { prev: secondEntry.hash }],
    [firstEntry, { clock: 1 }],
    [firstEntry, { seq: 0 }],
    [firstEntry, { prefix: 0x1231 }],
    [firstEntry, { prefix: 0x10000 }],
    [firstEntry, { prefixLen: 13 as 12 }],
    [firstEntry, { kind: 'other' as 'set' }],
    [firstEntry, { writer: 2 ** 32 }],
    [firstEntry, { generation: -1 }],
    [secondEntry, { prev: new Uint8Array(32) }],
    [secondEntry, { prev: new Uint8Array(31).fill(1) }],
    [secondEntry, { kind: 'reset' }],
    [secondEntry, { clock: Number.MAX_SAFE_INTEGER }],
    [resetEntry, { body: new Uint8Array(bodyBytesMax + 1) }]
  ]
  for (const [entry, change] of bad) {
    assert.throws(() => makeEntry({ ...entry, ...change }, crypto), FormatError, JSON.stringify(change))
  }
})

test('a body of the largest size is kept', () => {
  const entry = makeEntry({ ...resetEntry, body: new Uint8Array(bodyBytesMax) }, crypto)
  assert.deepEqual(decodeEntry(encodeEntry(entry), crypto), entry)
})

test('encoding allocates nothing to spare', () => {
  for (const entry of [firstEntry, resetEntry]) {
    const bytes = encodeEntry(entry)
    assert.equal(bytes.buffer.byteLength, bytes.length)
  }
})
