/**
 * A log between its author and those who receive it: whatever the author does, all read the same registers, from the
 * whole history or from the reset on, and nobody has to keep more than the growth rule allows.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import type { Entry } from '../../src/formats/entry.ts'
import { decodeEntry, encodeEntry } from '../../src/formats/entry.ts'
import { bucketOf, keyOfPin, mapKeyOf } from '../../src/formats/key.ts'
import type { Register } from '../../src/formats/register.ts'
import { LogFullError, numberMax } from '../../src/pinset/growth.ts'
import { Log, tailBytesMax, tailEntriesMax } from '../../src/pinset/log.ts'
import { mergeViews } from '../../src/pinset/view.ts'
import {
  context,
  crypto,
  entryAfter,
  freshLog,
  id,
  keyAt,
  meshId,
  pin,
  rawBody,
  stateOf,
  strayCid,
  write
} from './log-kit.ts'

type Change = [mapKey: string, register: Register | null]

const register = (n: number): fc.Arbitrary<Register | null> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.nat(1e6).map((lamport): Register => pin(n, { lamport })) },
    {
      weight: 1,
      arbitrary: fc
        .string({ minLength: 1, maxLength: 200, unit: 'grapheme-ascii' })
        .map((name): Register => pin(n, { name }))
    },
    { weight: 1, arbitrary: fc.nat(1e6).map((lamport): Register => ({ op: 'unpin', lamport })) },
    { weight: 3, arbitrary: fc.constant(null) }
  )
const change = fc
  .nat(7)
  .chain((n) => register(n).map((value): Change => [n === 7 ? `${keyAt(7)}.backup-2` : keyAt(n), value]))
const history = fc.array(fc.array(change, { minLength: 0, maxLength: 4 }), { minLength: 1, maxLength: 24 })

/** Plays a history as its author; the expected registers beside the log. */
function play(steps: readonly Change[][]): { author: Log; entries: Entry[]; expected: Map<string, Register> } {
  const author = freshLog()
  const expected = new Map<string, Register>()
  const entries = steps.map((step) => {
    for (const [mapKey, value] of new Map(step)) {
      if (value === null) expected.delete(mapKey)
      else expected.set(mapKey, value)
    }
    return write(author, step)
  })
  return { author, entries, expected }
}

/** Over the wire and back: nothing that the author's objects share. */
function sent(entry: Entry): Entry {
  return decodeEntry(encodeEntry(entry), crypto)
}

test('any history reads the same at the author, at a receiver with duplicates, and as the plain map it stands for', () => {
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat(3)), (steps, repeats) => {
      const { author, entries, expected } = play(steps)
      const receiver = freshLog()
      entries.forEach((entry, i) => {
        const verdict = receiver.judge(sent(entry))
        assert.ok(verdict === 'next' || verdict === 'reset', verdict)
        const before = stateOf(receiver)
        const { changed } = receiver.append({ entry: sent(entry) })
        const after = new Map(stateOf(receiver))
        for (const [key, value] of before) if (!changed.includes(key)) assert.equal(after.get(key), value)
        if (repeats.next().value === 0) {
          for (const old of entries.slice(0, i + 1)) assert.equal(receiver.judge(sent(old)), 'old')
        }
      })
      assert.deepEqual(new Map(author.registers()), expected)
      assert.deepEqual(stateOf(receiver), stateOf(author))
      assert.deepEqual(receiver.head, author.head)
      assert.equal(receiver.tailBytes, author.tailBytes)
    })
  )
})

test('a receiver that starts from the reset and the tail equals one with the full history, and so does a reloaded one', () => {
  fc.assert(
    fc.property(history, history, (older, newer) => {
      const { author, entries } = play([...older, [], ...newer])
      const full = freshLog()
      for (const entry of entries) full.append({ entry: sent(entry) })
      const late = freshLog()
      for (const { entry } of author.entries) late.append({ entry: sent(entry) })
      const loaded = Log.load(id, full.entries, context)
      for (const log of [full, late, loaded]) {
        assert.deepEqual(stateOf(log), stateOf(author))
        assert.deepEqual(log.head, author.head)
        assert.deepEqual([log.tailCount, log.tailBytes], [author.tailCount, author.tailBytes])
      }
      const next: Change[] = [[keyAt(1), pin(1, { lamport: 77 })]]
      const body = loaded.author(new Map(next), { keySeq: 1 }).body
      assert.deepEqual(body, late.author(new Map(next), { keySeq: 1 }).body)
      assert.deepEqual(body, author.author(new Map(next), { keySeq: 1 }).body)
    })
  )
})

test('a reset equals the fold of what it replaces, and an unchanged one changes no register', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { author } = play(steps)
      const before = stateOf(author)
      const tail = author.entries.length
      const entry = author.author(new Map(), { keySeq: 1 })
      assert.equal(entry.kind, 'reset')
      const receiver = Log.load(id, author.entries, context)
      const { dropped, changed } = receiver.append({ entry: sent(entry) })
      assert.equal(dropped.length, tail)
      assert.deepEqual(changed, [])
      assert.deepEqual(stateOf(receiver), before)
      const doc = new Y.Doc()
      Y.applyUpdate(doc, entry.body)
      assert.deepEqual(
        [...doc.getMap(`w${id.writer}`).keys()],
        before.map(([key]) => key)
      )
      assert.equal(entry.count, before.length)
    })
  )
})

test('plain Yjs, given all bodies of a generation since its last reset, holds what the log says', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { author } = play(steps)
      const doc = new Y.Doc()
      for (const { entry } of author.entries) Y.applyUpdate(doc, entry.body)
      assert.equal(doc.store.pendingStructs, null)
      assert.equal(doc.store.pendingDs, null)
      const last = author.entries.at(-1)?.entry
      assert.equal(Y.getState(doc.store, id.writer), (last?.clock ?? 0) + (last?.count ?? 0))
      assert.deepEqual(
        [...doc.getMap(`w${id.writer}`).keys()].sort(),
        stateOf(author).map(([key]) => key)
      )
    })
  )
})

test('a writer whose logs are void is as if it never wrote', () => {
  fc.assert(
    fc.property(history, history, (kept, gone) => {
      const mine = play(kept).author
      const other = play(gone).author
      const logs = [
        { writer: 1, registers: mine.registers(), stands: true },
        { writer: 2, registers: other.registers(), stands: false }
      ]
      const view = mergeViews(logs.filter((log) => log.stands))
      const pins = [...mine.registers()].filter(([, value]) => value.op === 'pin').map(([key]) => key)
      assert.deepEqual([...view.keys()].sort(), pins.sort())
    })
  )
})

test('an authored entry that is never appended leaves the log as it was', () => {
  fc.assert(
    fc.property(history, fc.array(change, { minLength: 1, maxLength: 4 }), (steps, unused) => {
      const { author } = play(steps)
      const before = stateOf(author)
      author.author(new Map(unused), { keySeq: 1 })
      assert.deepEqual(stateOf(author), before)
      const first = author.author(new Map(unused), { keySeq: 1 })
      author.author(new Map([[keyAt(5), pin(5, { lamport: 9 })]]), { keySeq: 1 })
      const receiver = Log.load(id, author.entries, context)
      receiver.append({ entry: sent(first) })
      author.append({ entry: first })
      assert.deepEqual(stateOf(author), stateOf(receiver))
    })
  )
})

test('nobody keeps more than a reset, 128 entries and 48 KiB, however the author writes', () => {
  const busy = fc.array(fc.tuple(fc.nat(23), fc.nat(255)), { minLength: 150, maxLength: 400 })
  fc.assert(
    fc.property(busy, (writes) => {
      const author = freshLog()
      const receiver = freshLog()
      for (const [n, length] of writes) {
        const entry = write(author, [[keyAt(n), pin(n, { name: 'n'.repeat(length) })]])
        receiver.append({ entry: sent(entry) })
        assert.ok(receiver.tailCount <= tailEntriesMax && receiver.tailBytes <= tailBytesMax)
        assert.ok(receiver.tailCount <= Math.max(8, receiver.registers().size))
        assert.equal(
          receiver.entries.length,
          receiver.tailCount + (receiver.entries[0]?.entry.kind === 'reset' ? 1 : 0)
        )
      }
    }),
    { numRuns: 10 }
  )
})

test('an entry beyond 128, or beyond 48 KiB, is refused unless it is a reset', () => {
  const log = freshLog()
  for (let i = 0; i < tailEntriesMax; i++) {
    const first = i === 0
    const item = first ? {} : { origin: [id.writer, i - 1] as const }
    const deletes = first ? [] : [[id.writer, [i - 1, 1]] as const]
    log.append({ entry: entryAfter(log, { body: rawBody({ clock: i, items: [item], deletes }) }) })
  }
  const one = rawBody({ clock: 128, items: [{ origin: [id.writer, 127] }], deletes: [[id.writer, [127, 1]]] })
  assert.throws(() => log.append({ entry: entryAfter(log, { body: one }) }), {
    code: 'MESH_BAD_FORMAT',
    message: /reset was due/
  })
  assert.equal(log.tailCount, tailEntriesMax)
  const reset = log.author(new Map([[keyAt(1), pin(1)]]), { keySeq: 1 })
  assert.equal(reset.kind, 'reset')
  log.append({ entry: reset })
  assert.equal(log.tailCount, 0)
  const big = new Uint8Array(tailBytesMax)
  assert.throws(() => log.append({ entry: entryAfter(log, { body: big }) }), {
    code: 'MESH_BAD_FORMAT',
    message: /reset was due/
  })
})

test('a log whose pins no longer fit into a reset says so and stays as it was', () => {
  const log = freshLog()
  const changes = new Map<string, Register | null>()
  for (let slot = 0; slot < 1000; slot++) changes.set(`${keyAt(0)}.${slot}`, pin(0, { name: 'x'.repeat(255) }))
  write(log, changes)
  const before = log.head
  const more = new Map<string, Register | null>()
  for (let slot = 1000; slot < 4000; slot++) more.set(`${keyAt(0)}.${slot}`, pin(0, { name: 'x'.repeat(255) }))
  assert.throws(
    () => log.author(more, { keySeq: 1 }),
    (error) => error instanceof LogFullError && error.code === 'MESH_LOG_FULL'
  )
  assert.deepEqual(log.head, before)
  assert.equal(log.registers().size, 1000)
  write(log, [[keyAt(1), pin(1)]])
})

test('headers that contradict what is held are forks, whatever their bodies say', () => {
  const log = freshLog()
  for (let i = 0; i < 5; i++) write(log, [[keyAt(i), pin(i)]])
  const held = log.entries.map((row) => row.entry)
  const body = rawBody({ items: [{}] })
  const at = (seq: number, prev: Uint8Array): Entry => entryAfter(log, { body, seq, prev, clock: 0 })
  assert.equal(log.judge(at(3, held[1]?.hash as Uint8Array)), 'fork')
  assert.equal(log.judge(at(6, held[3]?.hash as Uint8Array)), 'fork')
  assert.equal(log.judge(at(7, held[3]?.hash as Uint8Array)), 'gap')
  assert.throws(() => log.append({ entry: at(3, held[1]?.hash as Uint8Array) }), /judged fork/)
  const branch = Log.load(id, log.entries.slice(0, 3), context)
  const other = write(branch, [[keyAt(9), pin(9)]])
  assert.equal(log.judge(other), 'fork')
  assert.equal(branch.judge(held[3] as Entry), 'fork')
  const reset = write(log, [])
  assert.equal(branch.judge(reset), 'reset')
  assert.equal(log.judge(held[4] as Entry), 'old')
  assert.equal(log.judge(entryAfter(log, { body, seq: 5, clock: 0, prev: held[3]?.hash as Uint8Array })), 'fork')
  assert.equal(log.judge(other), 'old')
})

test('a higher generation begins with a reset and replaces the lower one for good', () => {
  const log = freshLog()
  for (let i = 0; i < 3; i++) write(log, [[keyAt(i), pin(i)]])
  const late = log.author(new Map([[keyAt(8), pin(8)]]), { keySeq: 1 })
  const reset = log.author(
    new Map([
      [keyAt(3), pin(3)],
      [keyAt(0), null]
    ]),
    { keySeq: 2, generation: 1 }
  )
  assert.deepEqual([reset.kind, reset.seq, reset.generation, reset.count], ['reset', 1, 1, 3])
  assert.equal(log.judge(reset), 'reset')
  const { dropped, changed } = log.append({ entry: sent(reset) })
  assert.equal(dropped.length, 3)
  assert.deepEqual(changed.sort(), [0, 1, 2, 3].map(keyAt).sort())
  assert.equal(log.judge(late), 'old')
  write(log, [[keyAt(4), pin(4)]])
  const newcomer = freshLog()
  const set = log.entries[1]?.entry as Entry
  assert.equal(newcomer.judge(set), 'gap')
  assert.throws(() => log.author(new Map(), { keySeq: 1, generation: 0 }), /cannot go back/)
  const bare = entryAfter(freshLog(), { body: rawBody({ items: [{}] }), generation: 2 })
  assert.equal(log.judge(bare), 'next')
  assert.throws(() => log.append({ entry: bare }), { code: 'MESH_BAD_FORMAT' })
  const far = entryAfter(freshLog(), { kind: 'reset', body: rawBody({ items: [{}] }), generation: numberMax + 1 })
  assert.throws(() => log.append({ entry: far }), { code: 'MESH_BAD_FORMAT' })
})

test('a log of one bucket is for writers that the key log declares large', () => {
  const key = keyAt(0)
  const prefix = bucketOf(keyOfPin(meshId, pin(0).cid, crypto))
  const large = { ...id, prefixLen: 16 as const, prefix }
  const author = new Log(large, { ...context, large: true })
  const entry = author.author(new Map([[key, pin(0)]]), { keySeq: 1 })
  const small = new Log(large, context)
  assert.throws(() => small.append({ entry }), { code: 'MESH_BAD_FORMAT' })
  assert.throws(() => write(small, [[key, pin(0)]]), { code: 'MESH_BAD_FORMAT' })
  author.append({ entry })
  const other = [1, 2, 3, 4, 5, 6].find((n) => bucketOf(keyOfPin(meshId, pin(n).cid, crypto)) !== prefix) as number
  assert.throws(() => author.author(new Map([[keyAt(other), pin(other)]]), { keySeq: 1 }), { code: 'MESH_BAD_FORMAT' })
})

test('an author cannot write what others would refuse', () => {
  const log = freshLog()
  const refused: Change[] = [
    [keyAt(1), pin(0)],
    [mapKeyOf(keyOfPin(meshId, strayCid, crypto)), pin(0, { cid: strayCid })],
    [`${keyAt(0)}.no spaces`, pin(0)],
    [`${keyAt(0)}.`, pin(0)],
    [keyAt(0), pin(0, { name: 'x'.repeat(256) })]
  ]
  for (const one of refused) assert.throws(() => log.author(new Map([one]), { keySeq: 1 }), { code: 'MESH_BAD_FORMAT' })
  assert.equal(log.head, undefined)
})

test('deletes alone need no clock, and dropping the fold changes nothing', () => {
  const log = freshLog()
  write(log, [
    [keyAt(0), pin(0)],
    [keyAt(1), pin(1)]
  ])
  const entry = write(log, [[keyAt(0), null]])
  assert.deepEqual([entry.kind, entry.clock, entry.count], ['set', 2, 0])
  const before = stateOf(log)
  log.drop()
  assert.deepEqual(stateOf(log), before)
  assert.deepEqual(
    before.map(([key]) => key),
    [keyAt(1)]
  )
})

test('rows that are no chain are not loaded', () => {
  const log = freshLog()
  for (let i = 0; i < 4; i++) write(log, [[keyAt(i), pin(i)]])
  const [first, second, third] = log.entries
  assert.ok(first && second && third)
  assert.throws(() => Log.load(id, [first, third], context), /no chain/)
  assert.throws(() => Log.load(id, [second, third], context), /no chain/)
})
