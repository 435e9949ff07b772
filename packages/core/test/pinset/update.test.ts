/**
 * Tests of core, pinset/update and pinset/items: what a log's author writes and what anybody reads of it, both without a document, is
 * what a Y.Doc would write and read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { decodeRegister, encodeRegister } from '../../src/formats/register.ts'
import { finish } from '../../src/loop/slices.ts'
import { rootOf } from '../../src/pinset/body.ts'
import { Items } from '../../src/pinset/items.ts'
import { type Edit, updateOf } from '../../src/pinset/update.ts'
import { id, keyAt, pin } from './log-kit.ts'

/** A log's author as Yjs has one: a document that it writes into. */
class Document {
  readonly doc: Y.Doc = new Y.Doc({ guid: 'pinmesh', gc: true })
  readonly map: Y.Map<Uint8Array> = this.doc.getMap(rootOf(id.writer))

  constructor() {
    this.doc.clientID = id.writer
  }

  edit(edits: readonly Edit[]): Uint8Array | undefined {
    let body: Uint8Array | undefined
    this.doc.once('update', (update: Uint8Array) => (body = update))
    this.doc.transact(() => {
      for (const { mapKey, value } of edits) {
        if (value === null) this.map.delete(mapKey)
        else this.map.set(mapKey, value)
      }
    })
    return body
  }

  state(): Edit[] {
    return [...this.map].map(([mapKey, value]) => ({ mapKey, value })).sort((a, b) => (a.mapKey < b.mapKey ? -1 : 1))
  }
}

function editsOf({ from, count, step, set }: Written, lamport: number): Edit[] {
  return Array.from({ length: count }, (_, n) => from + n * step).map((n) => ({
    mapKey: `${keyAt(n)}.s${n}`,
    value: set ? encodeRegister(pin(n, { lamport })) : null
  }))
}

interface Written {
  from: number
  count: number
  step: number
  set: boolean
}

/** How many keys from where on, and how far apart, are set, or deleted. */
const entry = fc.record({
  from: fc.nat({ max: 200 }),
  count: fc.integer({ min: 1, max: 300 }),
  step: fc.integer({ min: 1, max: 3 }),
  set: fc.boolean()
})
const entries = fc.array(entry, { minLength: 1, maxLength: 6 })

/** Plays entries as their author; the document that would have written the same. */
function play(written: readonly Written[]): { items: Items; document: Document } {
  const items = new Items()
  const document = new Document()
  written.forEach((one, lamport) => {
    const edits = editsOf(one, lamport)
    const update = updateOf(id.writer, edits, items)
    assert.deepEqual(update?.body, document.edit(edits))
    if (update === undefined) return
    const before = items.clock
    finish(items.taking([update.body]))
    assert.equal(items.clock - before, update.count)
  })
  return { items, document }
}

test('whatever is written, an update is byte for byte what a document would say, and so is a reset', () => {
  fc.assert(
    fc.property(entries, entry, (written, next) => {
      const { items, document } = play(written)
      const edits = editsOf(next, written.length)
      const { live, bytes } = items.after(edits)
      const state = items.state(edits)
      document.edit(edits)
      assert.deepEqual(state, document.state())
      assert.equal(live, state.length)
      const reset = updateOf(id.writer, state, new Items())
      assert.deepEqual(reset?.body, new Document().edit(document.state()))
      assert.ok((reset?.body.length ?? 0) <= bytes, `${reset?.body.length} bytes, and not ${bytes}`)
      const fresh = new Items()
      if (reset !== undefined) finish(fresh.taking([reset.body]))
      assert.deepEqual(fresh.after([]), { live, bytes })
    }),
    { numRuns: 60 }
  )
})

test('what is read of the bodies without a document is what Yjs makes of them, item by item', () => {
  fc.assert(
    fc.property(entries, (written) => {
      const { items, document } = play(written)
      const { doc, map } = document
      assert.equal(items.clock, Y.getState(doc.store, id.writer))
      const registers = [...map].map(([key, value]) => [key, decodeRegister(value)] as const)
      assert.deepEqual(new Map(items.registers()), new Map(registers))
      for (let clock = 0; clock < items.clock; clock++)
        assert.equal(items.lastOf(items.keyAt(clock))?.clock, map._map.get(items.keyAt(clock))?.lastId.clock)
      for (const [key, item] of map._map) {
        assert.equal(items.keyAt(item.lastId.clock), key)
        assert.deepEqual(items.lastOf(key), { clock: item.lastId.clock, live: !item.deleted })
      }
    }),
    { numRuns: 60 }
  )
})
