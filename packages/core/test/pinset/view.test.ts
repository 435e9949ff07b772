/**
 * The merge across writers: the later wish wins at every peer alike, in whatever order the logs are read, and slots of
 * one key ask together for what each of them asks.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, equalBytes } from '../../src/bytes/compare.ts'
import { keyOfPeer, peerOfKey } from '../../src/formats/peer-id.ts'
import { bucketOf, parseMapKey } from '../../src/formats/key.ts'
import type { PinRegister, Register } from '../../src/formats/register.ts'
import { lamportSeen, liveRow, mergeViews, nextLapse, rowsOf, viewHash } from '../../src/pinset/view.ts'
import { crypto, keyAt, pin } from './log-kit.ts'

const peers = [1, 2, 3, 4, 5].map((n) => peerOfKey(crypto.hash(Uint8Array.of(n))))
const byKey = (a: string, b: string): number => compareBytes(keyOfPeer(a), keyOfPeer(b))

const registers = fc
  .array(fc.tuple(fc.nat(5), fc.nat(6), fc.boolean()), { maxLength: 6 })
  .map(
    (rows) =>
      new Map(
        rows.map(([n, lamport, isPin]) => [
          keyAt(n),
          isPin ? pin(n, { lamport }) : ({ op: 'unpin', lamport } as Register)
        ])
      )
  )
const logs = fc
  .array(registers, { maxLength: 5 })
  .map((all) => all.map((map, i) => ({ writer: i + 1, registers: map as ReadonlyMap<string, Register> })))

const slot = fc.record({
  lamport: fc.nat(9),
  mode: fc.constantFrom('recursive' as const, 'direct' as const),
  max: fc.nat(4),
  min: fc.nat(4),
  trustedMin: fc.nat(2),
  priority: fc.nat(255),
  chosen: fc.subarray(peers).map((some) => [...some].sort(byKey))
})

function rows(pins: [string, PinRegister][]): ReturnType<typeof rowsOf> {
  const view = new Map(pins.map(([key, register]) => [key, { register }]))
  return rowsOf(view)
}

test('the highest (lamport, writer) wins whatever the order of the logs, and an unpin that wins removes', () => {
  fc.assert(
    fc.property(logs, (all) => {
      const view = mergeViews(all)
      assert.deepEqual(new Map([...mergeViews([...all].reverse())].sort()), new Map([...view].sort()))
      for (let n = 0; n < 6; n++) {
        const wishes = all.flatMap((log) => {
          const register = log.registers.get(keyAt(n))
          return register === undefined ? [] : [{ writer: log.writer, register }]
        })
        wishes.sort((a, b) => b.register.lamport - a.register.lamport || b.writer - a.writer)
        const winner = wishes[0]?.register.op === 'pin' ? wishes[0] : undefined
        assert.deepEqual(view.get(keyAt(n)), winner)
        assert.equal(lamportSeen(all, keyAt(n)), wishes[0]?.register.lamport ?? 0)
      }
    })
  )
})

test('slots of one key make one row: the largest wish, the union of the chosen, recursive if any is', () => {
  fc.assert(
    fc.property(fc.array(slot, { minLength: 1, maxLength: 4 }), (slots) => {
      const pins = slots.map((fields, i): [string, PinRegister] => [
        i === 0 ? keyAt(0) : `${keyAt(0)}.s${i}`,
        pin(0, fields)
      ])
      const [row, ...others] = rows(pins)
      assert.ok(row)
      assert.equal(others.length, 0)
      assert.deepEqual(rows([...pins].reverse()), [row])
      const size = (max: number): number => (max === 0 ? Infinity : max)
      assert.equal(size(row.want.max), Math.max(...slots.map((s) => size(s.max))))
      assert.ok(slots.some((s) => s.max === row.want.max && s.min === row.want.min))
      assert.deepEqual(row.want.chosen, [...new Set(slots.flatMap((s) => s.chosen))].sort(byKey))
      assert.equal(row.mode, slots.some((s) => s.mode === 'recursive') ? 'recursive' : 'direct')
      assert.equal(row.lamport, Math.max(...slots.map((s) => s.lamport)))
      assert.equal(row.priority, Math.max(...slots.map((s) => s.priority)))
      assert.equal(row.mapKeys.length, slots.length)
    })
  )
})

test('a row expires when its last slot does, and never if one has no expiry', () => {
  const other = `${keyAt(0)}.b`
  assert.equal(
    rows([
      [keyAt(0), pin(0, { expiry: 5 })],
      [other, pin(0, { expiry: 9 })]
    ])[0]?.expiry,
    9
  )
  assert.equal(
    rows([
      [keyAt(0), pin(0, { expiry: 5 })],
      [other, pin(0)]
    ])[0]?.expiry,
    undefined
  )
  const named = rows([
    [keyAt(0), pin(0, { name: 'old', bytes: 7 })],
    [other, pin(0, { lamport: 2 })]
  ])[0]
  assert.deepEqual([named?.name, named?.bytes], ['old', 7])
})

test('at any time a row is what the requests that have not lapsed make of it, under the name that others know it by', () => {
  const lapsing = fc.tuple(slot, fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }))
  fc.assert(
    fc.property(fc.array(lapsing, { minLength: 1, maxLength: 4 }), fc.nat(10), (slots, now) => {
      const pins = slots.map(([fields, expiry], i): [string, PinRegister] => [
        `${keyAt(0)}.s${i}`,
        pin(0, { ...fields, ...(expiry === undefined ? {} : { expiry }) })
      ])
      const [row] = rows(pins)
      assert.ok(row)
      const live = pins.filter(([, { expiry = Infinity }]) => expiry > now)
      const [expected] = live.length === 0 ? [] : rows(live)
      const { lamport, mode, mapKeys, slots: all } = row
      assert.deepEqual(liveRow(row, now), expected && { ...expected, lamport, mode, mapKeys, slots: all })
      assert.equal(nextLapse(row, now), Math.min(...live.map(([, { expiry = Infinity }]) => expiry)))
    })
  )
})

test('the rows of the buckets of a leaf are its pins, each in the bucket of its key, in the order of the keys', () => {
  const view = new Map([...Array(24).keys()].map((n) => [keyAt(n), { register: pin(n) }]))
  let seen = 0
  for (let bucket = 0xab30; bucket < 0xab40; bucket++) {
    const found = rowsOf([...view].filter(([mapKey]) => bucketOf(parseMapKey(mapKey).key) === bucket))
    seen += found.length
    found.forEach((row, i) => {
      assert.equal(bucketOf(row.key), bucket)
      const before = found[i - 1]
      if (before !== undefined) assert.ok(compareBytes(before.key, row.key) < 0)
    })
  }
  assert.equal(seen, 24)
})

test('the hash of a view tells a change of key, lamport or mode, and nothing else', () => {
  const one = (fields: Partial<PinRegister>): Uint8Array => viewHash(rows([[keyAt(0), pin(0, fields)]]), crypto)
  assert.equal(one({}).length, 8)
  assert.ok(equalBytes(one({}), one({ name: 'x', max: 7 })))
  assert.ok(!equalBytes(one({}), one({ lamport: 2 })))
  assert.ok(!equalBytes(one({}), one({ mode: 'direct' })))
  assert.ok(!equalBytes(one({}), viewHash([], crypto)))
})
