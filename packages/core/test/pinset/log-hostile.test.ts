/**
 * Bodies that no honest author writes. Each is a well-formed Yjs update, or nearly one, with a header that fits the
 * log; each must be refused with FormatError while the log stays exactly as it was.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { Writer } from '../../src/bytes/writer.ts'
import type { EntryFields } from '../../src/formats/entry.ts'
import { keyOfPin, mapKeyOf } from '../../src/formats/key.ts'
import type { Register } from '../../src/formats/register.ts'
import { decodeRegister, encodeRegister } from '../../src/formats/register.ts'
import { Log } from '../../src/pinset/log.ts'
import type { RawBody, RawItem } from './log-kit.ts'
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

const me = id.writer
const him = 5

/** Clocks 0 and 1 are live, 2 was overwritten by 3, 4 is deleted; the log ends at 5. */
function victim(): Log {
  const log = freshLog()
  for (const n of [0, 1, 2, 2, 3]) write(log, [[keyAt(n), pin(n)]])
  write(log, [[keyAt(3), null]])
  assert.deepEqual(
    log.entries.map(({ entry }) => entry.clock + entry.count),
    [1, 2, 3, 4, 5, 5]
  )
  return log
}

const one = (item: RawItem, rest: RawBody = {}): Uint8Array => rawBody({ clock: 5, items: [item], ...rest })
const item7: RawItem = { key: keyAt(7), value: encodeRegister(pin(7)) }
const item8: RawItem = { key: keyAt(8), value: encodeRegister(pin(8)) }
const root = new Writer().v(1).text(`w${me}`).text(keyAt(7)).finish()
const strayKey = mapKeyOf(keyOfPin(meshId, strayCid, crypto))
const value7 = encodeRegister(pin(7))
const withContent = (ref: number, content: Uint8Array): RawItem => ({
  info: ref | 0x20,
  raw: new Writer().raw(root).raw(content).finish()
})

const hostile: Record<string, Uint8Array | (Partial<EntryFields> & { body: Uint8Array })> = {
  'items of another client': one(item7, { client: him }),
  'two clients': { body: rawBody({ clients: 2, clock: 5, items: [item7], tail: new Uint8Array(8) }) },
  'no client but a count': rawBody({}),
  'a gap before the items': one(item7, { clock: 6 }),
  'items over old clocks': one(item7, { clock: 4 }),
  'a header whose clock leaves a gap': { clock: 6, body: one(item7, { clock: 6 }) },
  'a header whose clock goes back': { clock: 4, body: one(item7, { clock: 4 }) },
  'more items than the header says': rawBody({ clock: 5, items: [item7, item8] }),
  'fewer items than the header says': { count: 2, body: one(item7) },
  'fewer structs than it announces': { count: 2, body: one(item7, { structs: 2 }) },
  'a length of 2^53 - 1 structs': {
    count: Number.MAX_SAFE_INTEGER - 5,
    body: one(item7, { structs: Number.MAX_SAFE_INTEGER - 5 })
  },
  'a Skip': rawBody({ clock: 5, items: [{ info: 10, raw: new Writer().v(1).finish() }] }),
  'a Skip before an item': {
    count: 2,
    body: rawBody({ clock: 5, items: [{ info: 10, raw: new Writer().v(1).finish() }, item7] })
  },
  'a GC': rawBody({ clock: 5, items: [{ info: 0, raw: new Writer().v(1).finish() }] }),
  'deleted content': one(withContent(1, new Writer().v(1).finish())),
  'JSON content': one(withContent(2, new Writer().v(1).text('1').finish())),
  'text content': one(withContent(4, new Writer().text('a').finish())),
  'an embed': one(withContent(5, new Writer().text('{}').finish())),
  'a format mark': one(withContent(6, new Writer().text('b').text('1').finish())),
  'a nested type': one(withContent(7, new Writer().v(1).finish())),
  'any content': one(withContent(8, new Writer().v(1).u8(126).finish())),
  'a subdocument': one(withContent(9, new Writer().text('g').u8(118).v(0).finish())),
  'unused bits in the info byte': one({ ...item7, info: 0x33 }),
  'an item in a list, without a key': one({ ...item7, info: 3 }),
  'the root of another': one({ ...item7, root: `w${him}` }),
  'a root of another name': one({ ...item7, root: '' }),
  'a parent that is an item': one({ ...item7, inside: [me, 0] }),
  'a key of another leaf': one({ key: strayKey, value: encodeRegister(pin(0, { cid: strayCid })) }),
  'an unpin under a key of another leaf': one({ key: strayKey, value: encodeRegister({ op: 'unpin', lamport: 1 }) }),
  'a key that is not 32 bytes': one({ ...item7, key: keyAt(7).slice(0, 40) }),
  'a key that is not base64url': one({ ...item7, key: `*${keyAt(7).slice(1)}` }),
  'a key with spare bits': one({ ...item7, key: `${keyAt(7).slice(0, 42)}_` }),
  'a slot that is empty': one({ ...item7, key: `${keyAt(7)}.` }),
  'a slot of 17 characters': one({ ...item7, key: `${keyAt(7)}.12345678901234567` }),
  'a slot with a character that is not safe': one({ ...item7, key: `${keyAt(7)}.a/b` }),
  'a pin under the key of another': one({ key: keyAt(7), value: encodeRegister(pin(8)) }),
  'a value that is no register': one({ ...item7, value: new Uint8Array([1, 2, 3]) }),
  'a value with a trailing byte': one({ ...item7, value: new Uint8Array([...value7, 0]) }),
  'a value of more than 1 KiB': one({ ...item7, value: new Uint8Array(1025) }),
  'a value longer than the body': one({ info: 0x23, raw: new Writer().raw(root).v(1000).u8(1).finish() }),
  'a key twice': { count: 2, body: rawBody({ clock: 5, items: [item7, item7] }) },
  'a key twice, the second after the first': {
    count: 2,
    body: rawBody({ clock: 5, items: [item7, { origin: [me, 5], value: value7 }], deletes: [[me, [5, 1]]] })
  },
  'an overwrite without its origin': one({}),
  'an overwrite without its origin, with the delete': one({}, { deletes: [[me, [0, 1]]] }),
  'a new life of a deleted key without its origin': one({ key: keyAt(3), value: encodeRegister(pin(3)) }),
  'an origin of another client': one({ origin: [him, 0] }, { deletes: [[me, [0, 1]]] }),
  'an origin at the log end': one({ origin: [me, 5] }),
  'an origin far outside': one({ origin: [me, Number.MAX_SAFE_INTEGER] }),
  'an origin that was overwritten': one({ origin: [me, 2], value: encodeRegister(pin(2)) }),
  'an origin of another key than the pin': one({ origin: [me, 1] }, { deletes: [[me, [1, 1]]] }),
  'a right origin': one({ ...item7, right: [me, 0] }),
  'both origins': one({ origin: [me, 0], right: [me, 1] }, { deletes: [[me, [0, 1]]] }),
  'an overwrite that does not delete': one({ origin: [me, 0] }),
  'a delete of another client': one(item7, { deletes: [[him, [0, 1]]] }),
  'deletes of two clients': one(item7, {
    deletes: [
      [me, [0, 1]],
      [him, [0, 1]]
    ]
  }),
  'a client twice among the deletes': one(item7, {
    deletes: [
      [me, [0, 1]],
      [me, [1, 1]]
    ]
  }),
  'a delete of what is in the body': one(item7, { deletes: [[me, [5, 1]]] }),
  'a delete past the log end': one(item7, { deletes: [[me, [4, 5]]] }),
  'a delete of what may come': one(item7, { deletes: [[me, [1000, 1]]] }),
  'a delete of huge length': one(item7, { deletes: [[me, [0, Number.MAX_SAFE_INTEGER]]] }),
  'a delete of nothing': one(item7, { deletes: [[me, [0, 0]]] }),
  'an empty list of deletes': one(item7, { deletes: [[me]] }),
  'a delete of what was overwritten': one(item7, { deletes: [[me, [2, 1]]] }),
  'a delete of what was deleted': one(item7, { deletes: [[me, [4, 1]]] }),
  'deletes that descend': one(item7, { deletes: [[me, [1, 1], [0, 1]]] }),
  'deletes that overlap': one(item7, { deletes: [[me, [0, 2], [1, 1]]] }),
  'deletes that are not merged': one(item7, { deletes: [[me, [0, 1], [1, 1]]] }),
  'a trailing byte': one(item7, { tail: new Uint8Array(1) }),
  'no delete set': one(item7).slice(0, -1),
  'a number that is not in its shortest form': new Uint8Array([0x81, 0x00, ...one(item7).slice(1)]),
  'nothing at all': { count: 0, body: rawBody({}) },
  'an empty body': { count: 0, body: new Uint8Array() },
  'deletes with a count but no items': rawBody({ deletes: [[me, [0, 1]]] }),
  'a reset with an origin': { kind: 'reset', clock: 0, body: rawBody({ items: [{ origin: [me, 0] }] }) },
  'a reset with deletes': { kind: 'reset', clock: 0, body: rawBody({ items: [item7], deletes: [[me, [0, 1]]] }) },
  'a reset whose keys descend': {
    kind: 'reset',
    clock: 0,
    count: 2,
    body: rawBody({ items: keyAt(7) > keyAt(8) ? [item7, item8] : [item8, item7] })
  },
  'a reset with a key twice': { kind: 'reset', clock: 0, count: 2, body: rawBody({ items: [item7, item7] }) },
  'a reset that goes on with the clock': { kind: 'reset', clock: 0, body: one(item7) },
  'an entry of another writer': { writer: him, body: one(item7, { client: him }) },
  'an entry of another leaf': { prefix: 0xab40, body: one(item7) },
  'a prefix of 16 bits': { prefixLen: 16, body: one(item7) }
}

for (const [name, given] of Object.entries(hostile)) {
  test(`refused: ${name}`, () => {
    const log = victim()
    const before = {
      state: stateOf(log),
      head: log.head,
      tail: [log.tailCount, log.tailBytes],
      rows: log.entries.length
    }
    const entry = entryAfter(log, given instanceof Uint8Array ? { body: given } : given)
    const verdict = log.judge(entry)
    assert.ok(verdict === 'next' || verdict === 'reset')
    assert.throws(() => log.append({ entry }), { name: 'FormatError', code: 'MESH_BAD_FORMAT' })
    const after = {
      state: stateOf(log),
      head: log.head,
      tail: [log.tailCount, log.tailBytes],
      rows: log.entries.length
    }
    assert.deepEqual(after, before)
    log.append({ entry: entryAfter(log, { body: one(item7) }) })
    assert.equal(log.registers().size, 4)
  })
}

test('the honest forms of the same bodies are accepted', () => {
  const honest: (Partial<EntryFields> & { body: Uint8Array })[] = [
    { body: one(item7) },
    { body: one({ origin: [me, 0] }, { deletes: [[me, [0, 1]]] }) },
    { body: one({ origin: [me, 4], value: encodeRegister(pin(3)) }) },
    { body: one({ origin: [me, 1], value: encodeRegister({ op: 'unpin', lamport: 3 }) }, { deletes: [[me, [0, 2]]] }) },
    { count: 0, body: rawBody({ deletes: [[me, [0, 2], [3, 1]]] }) },
    { kind: 'reset', clock: 0, body: rawBody({ items: [item7] }) },
    { kind: 'reset', clock: 0, count: 0, body: rawBody({}) }
  ]
  for (const fields of honest) {
    const log = victim()
    log.append({ entry: entryAfter(log, fields) })
    const loaded = Log.load(id, log.entries, context)
    assert.deepEqual(stateOf(loaded), stateOf(log))
  }
})

test('a valid body with some bytes changed is refused, or differs in nothing but a value', () => {
  const log = victim()
  const changes = new Map([
    [keyAt(0), null],
    [keyAt(2), pin(2, { lamport: 9 })],
    [keyAt(9), pin(9, { name: 'nine' })]
  ])
  const honest = log.author(changes, { keySeq: 1 })
  const flips = fc.array(fc.tuple(fc.nat(honest.body.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 3
  })
  let accepted = 0
  fc.assert(
    fc.property(flips, (places) => {
      const body = honest.body.slice()
      for (const [at, bits] of places) body[at] = (body[at] as number) ^ bits
      const before = stateOf(log)
      const target = Log.load(id, log.entries, context)
      try {
        target.append({ entry: entryAfter(target, { count: honest.count, body }) })
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'MESH_BAD_FORMAT')
        assert.deepEqual(stateOf(target), before)
        return
      }
      accepted++
      assert.deepEqual(Y.parseUpdateMeta(body), Y.parseUpdateMeta(honest.body))
      assert.deepEqual(stateOf(Log.load(id, target.entries, context)), stateOf(target))
    }),
    { numRuns: 2000 }
  )
  assert.ok(accepted < 2000)
})

test('of near misses, what is accepted is what plain Yjs makes of it, with nothing pending', () => {
  const value = fc.nat(4).chain((n) => fc.nat(99).map((lamport) => ({ n, value: encodeRegister(pin(n, { lamport })) })))
  const item = fc.tuple(value, fc.nat(6), fc.boolean()).map(([{ n, value: bytes }, clock, isFirst]): RawItem => {
    return isFirst ? { key: keyAt(n), value: bytes } : { origin: [me, clock], value: bytes }
  })
  const ranges = fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 2 })), { maxLength: 2 })
  let accepted = 0
  fc.assert(
    fc.property(fc.array(item, { maxLength: 2 }), ranges, (items, deleted) => {
      const log = victim()
      const deletes: RawBody['deletes'] = deleted.length > 0 ? [[me, ...deleted]] : []
      const entry = entryAfter(log, { count: items.length, body: rawBody({ clock: 5, items, deletes }) })
      try {
        log.append({ entry })
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'MESH_BAD_FORMAT')
        return
      }
      accepted++
      const doc = new Y.Doc()
      for (const row of log.entries) Y.applyUpdate(doc, row.entry.body)
      assert.deepEqual([doc.store.pendingStructs, doc.store.pendingDs], [null, null])
      assert.equal(Y.getState(doc.store, me), 5 + items.length)
      assert.deepEqual([...doc.share.keys()], [`w${me}`])
      const plain = [...doc.getMap<Uint8Array>(`w${me}`).entries()]
      const registers = plain.map(([key, bytes]): [string, Register] => [key, decodeRegister(bytes)])
      assert.deepEqual(new Map(log.registers()), new Map(registers))
    }),
    { numRuns: 4000 }
  )
  assert.ok(accepted > 20, `only ${accepted}`)
})

test('noise is refused', () => {
  const log = victim()
  const before = stateOf(log)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (body, count) => {
      assert.throws(() => log.append({ entry: entryAfter(log, { body, count }) }), { code: 'MESH_BAD_FORMAT' })
    }),
    { numRuns: 1000 }
  )
  assert.deepEqual(stateOf(log), before)
})

test('updates of an honest Yjs that breaks the rules of the log are refused', () => {
  const doc = new Y.Doc()
  doc.clientID = me
  const map = doc.getMap(`w${me}`)
  doc.transact(() => {
    map.set(keyAt(7), value7)
    map.set(keyAt(7), value7)
  })
  const entry = entryAfter(freshLog(), { count: 2, body: Y.encodeStateAsUpdate(doc) })
  assert.throws(() => freshLog().append({ entry }), { code: 'MESH_BAD_FORMAT' })
  const other = new Y.Doc()
  other.clientID = me
  other.getMap(`w${me}`).set(keyAt(7), new Y.Map())
  const nested = entryAfter(freshLog(), { body: Y.encodeStateAsUpdate(other) })
  assert.throws(() => freshLog().append({ entry: nested }), { code: 'MESH_BAD_FORMAT' })
})
