/**
 * Tests of core, pinset/rows: what is kept of an entry is the bytes it is stored as, its own, and what it weighs.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeStored, encodeStored, type StoredEntry } from '../../src/formats/stored.ts'
import { keptBytes, Rows } from '../../src/pinset/rows.ts'
import { Charter, cidsOfOne } from '../kit.ts'

const charter = new Charter(2)
const crypto = charter.founder

/** n entries of one log, each under a seal of its own. */
function run(n: number): StoredEntry[] {
  const scribe = charter.scribe(1)
  return cidsOfOne(charter, 'leaf', n).map((cid) => {
    const { stored } = scribe.write({ [charter.mapKey(cid)]: scribe.pin(cid) })
    return stored[0] as StoredEntry
  })
}

function held(entries: readonly StoredEntry[]): Rows {
  const rows = new Rows(crypto)
  for (const one of entries) rows.hold(one.entry, keptBytes(one))
  return rows
}

test('entries come out as they went in, whole, by number and as they are stored', () => {
  const entries = run(5)
  const rows = held(entries)
  assert.deepEqual(rows.all(), entries)
  assert.deepEqual([rows.firstSeq, rows.length, rows.newest?.seq], [1, 5, 5])
  assert.deepEqual(
    [0, 1, 5, 6].map((seq) => rows.at(seq)),
    [undefined, entries[0], entries[4], undefined]
  )
  assert.deepEqual(rows.stored(2, 3), entries.slice(1, 3).map(encodeStored))
  assert.deepEqual(rows.stored(0, 99), entries.map(encodeStored))
  assert.deepEqual(
    rows.bodies(),
    entries.map(({ entry }) => entry.body)
  )
})

test('what is kept shares no memory with the frame that brought it', () => {
  const [one] = run(1) as [StoredEntry]
  const frame = new Uint8Array(200_000)
  frame.set(encodeStored(one), 1000)
  const bytes = frame.subarray(1000, 1000 + encodeStored(one).length)
  const kept = keptBytes({ ...decodeStored(bytes, crypto), bytes })
  assert.deepEqual(kept, encodeStored(one))
  assert.equal(kept.buffer.byteLength, kept.length)
})

test('a reset takes the place of all, and a proof that comes later that of the entry without one', () => {
  const entries = run(3)
  const rows = held(entries.map(({ entry }) => ({ entry })))
  const before = rows.weight
  const [, second] = entries as [StoredEntry, StoredEntry]
  rows.replace(second.entry, encodeStored(second))
  assert.deepEqual(rows.at(2), second)
  assert.ok(rows.weight > before + 100)
  const scribe = charter.scribe(1)
  const leaf = second.entry.prefix >> 4
  const reset = scribe.reset(leaf).stored[0] as StoredEntry
  rows.hold({ ...reset.entry, seq: 9 }, keptBytes(reset))
  assert.deepEqual([rows.length, rows.firstSeq, rows.tail.count], [1, 9, 0])
  assert.ok(rows.weight < before)
  rows.replace(second.entry, encodeStored(second))
  assert.equal(rows.length, 1)
})
