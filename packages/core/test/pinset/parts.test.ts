/**
 * Tests of core, pinset/parts: a log that is folded in pieces, or read without a document, is the same as one that is folded whole.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { finish } from '../../src/loop/slices.ts'
import { rootOf } from '../../src/pinset/body.ts'
import { Fold } from '../../src/pinset/fold.ts'
import { Items } from '../../src/pinset/items.ts'
import { pieces } from '../../src/pinset/parts.ts'
import { decodeRegister, encodeRegister } from '../../src/formats/register.ts'
import { id, keyAt, pin } from './log-kit.ts'

const slotted = (n: number): string => `${keyAt(n)}.s${n}`

/** Bodies of one log, each of the changes of one entry: how many keys from where on are set, or deleted. */
function bodiesOf(entries: readonly { from: number; count: number; set: boolean }[]): Uint8Array[] {
  const author = new Fold(id.writer)
  const bodies: Uint8Array[] = []
  entries.forEach(({ from, count, set }, lamport) => {
    const edits = Array.from({ length: count }, (_, n) => from + n).map((n) => {
      const register = set ? pin(n, { lamport }) : null
      return [slotted(n), register && encodeRegister(register)] as const
    })
    const body = author.edit(edits)
    if (body !== undefined) bodies.push(body)
  })
  return bodies
}

const entry = fc.record({ from: fc.nat({ max: 200 }), count: fc.integer({ min: 1, max: 300 }), set: fc.boolean() })
const entries = fc.array(entry, { minLength: 1, maxLength: 6 })

test('whatever was written, the pieces fold to the same values, clock and next entry as the whole', () => {
  fc.assert(
    fc.property(entries, (written) => {
      const bodies = bodiesOf(written)
      const whole = new Fold(id.writer, bodies)
      const cut = new Fold(id.writer)
      finish(cut.folding(bodies))
      assert.deepEqual([cut.state(), cut.clock], [whole.state(), whole.clock])
      const next = [[slotted(3), encodeRegister(pin(3))]] as const
      assert.deepEqual(cut.edit(next), whole.edit(next))
    }),
    { numRuns: 60 }
  )
})

test('what is read of the bodies without a document is what Yjs makes of them, item by item', () => {
  fc.assert(
    fc.property(entries, (written) => {
      const bodies = bodiesOf(written)
      const items = new Items()
      finish(items.taking(bodies))
      const doc = new Y.Doc()
      for (const body of bodies) Y.applyUpdate(doc, body)
      const map = doc.getMap<Uint8Array>(rootOf(id.writer))
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

test('no piece has more than 64 items or deletes, and small bodies share one', () => {
  const weigh = (piece: Uint8Array): number => {
    const { structs, ds } = Y.decodeUpdate(piece)
    return structs.length + [...ds.clients.values()].flat().reduce((sum, { len }) => sum + len, 0)
  }
  const large = [...pieces(bodiesOf([{ from: 0, count: 1000, set: true }]))]
  assert.equal(large.length, 16)
  const overwritten = [
    ...pieces(
      bodiesOf([
        { from: 0, count: 300, set: true },
        { from: 0, count: 300, set: true },
        { from: 0, count: 300, set: false }
      ])
    )
  ]
  assert.ok([...large, ...overwritten].flat().every((piece) => weigh(piece) <= 64))
  assert.ok([...large, ...overwritten].every((group) => group.reduce((sum, piece) => sum + weigh(piece), 0) < 128))
  const small = Array.from({ length: 50 }, (_, n) => ({ from: n, count: 1, set: true }))
  assert.equal([...pieces(bodiesOf(small))].length, 1)
})
