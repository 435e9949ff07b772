/*
 * Which two headers contradict each other, and that a proof has one form.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FormatError } from '../../src/bytes/format-error.ts'
import { type Entry, type EntryFields, makeEntry } from '../../src/formats/entry.ts'
import { contradicts, encodeFork, makeFork } from '../../src/formats/fork.ts'
import { merkleRoot } from '../../src/formats/merkle.ts'
import { type SealedHeader, proofOf } from '../../src/formats/stored.ts'
import { commit, crypto, firstEntry, fork, secondEntry } from './samples.ts'

function sealed(from: Entry, change: Partial<EntryFields> = {}): SealedHeader {
  const entry = makeEntry({ ...from, ...change }, crypto)
  const { header: bytes, hash, body: _, ...header } = entry
  const seal = { ...commit.seal, writer: entry.writer, n: 1, root: merkleRoot([hash], crypto) }
  return { header, bytes, hash, ...proofOf(seal, [entry], 0, crypto) }
}

const first = sealed(firstEntry)
const second = sealed(secondEntry)
const denying = sealed(secondEntry, { prev: secondEntry.hash })

test('different headers of one place contradict each other, in both directions', () => {
  assert.ok(contradicts(second, denying))
  assert.ok(contradicts(denying, second))
})

test('a header that denies the one before it contradicts it, in both directions', () => {
  assert.ok(contradicts(first, denying))
  assert.ok(contradicts(denying, first))
})

test('a header never contradicts itself, its true successor or one far off', () => {
  const far = sealed(secondEntry, { seq: 9 })
  assert.ok(!contradicts(first, sealed(firstEntry)))
  assert.ok(!contradicts(first, second))
  assert.ok(!contradicts(second, first))
  assert.ok(!contradicts(first, far))
})

test('another writer, prefix, prefix length or generation is another log', () => {
  const elsewhere = [{ writer: 1 }, { prefix: 0x1240 }, { prefixLen: 16 as const }, { generation: 1 }]
  for (const change of elsewhere) assert.ok(!contradicts(second, sealed(secondEntry, change)))
})

test('a proof has one order and is of a contradiction', () => {
  assert.deepEqual(makeFork(second, denying), makeFork(denying, second))
  assert.throws(() => encodeFork({ a: fork.b, b: fork.a }), FormatError)
  assert.throws(() => makeFork(first, second), FormatError)
  assert.throws(() => makeFork(first, first), FormatError)
})
