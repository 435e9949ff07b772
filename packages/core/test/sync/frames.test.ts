/**
 * Tests of core, sync/frames: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../../src/bytes/format-error.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/sync/frames.ts'
import { frame } from './frame-arbitrary.ts'

test('every frame is read as it was written', () => {
  fc.assert(
    fc.property(frame, (one) => {
      assert.deepEqual(decodeFrame(encodeFrame(one)), one)
    }),
    { numRuns: 1000 }
  )
})

test('bytes that are not exactly a frame are refused, and nothing else happens', () => {
  const damage = fc.record({
    kind: fc.constantFrom('set', 'cut', 'insert', 'append'),
    at: fc.nat({ max: 400 }),
    byte: fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.nat({ max: 255 }))
  })
  fc.assert(
    fc.property(frame, fc.array(damage, { minLength: 1, maxLength: 3 }), (one, damages) => {
      const bytes = [...encodeFrame(one)]
      for (const { kind, at, byte } of damages) {
        const place = at % Math.max(1, bytes.length)
        if (kind === 'set') bytes[place] = byte
        if (kind === 'cut') bytes.length = place
        if (kind === 'insert') bytes.splice(place, 0, byte)
        if (kind === 'append') bytes.push(byte)
      }
      const given = Uint8Array.from(bytes)
      let read: Frame
      try {
        read = decodeFrame(given)
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error))
        return
      }
      assert.deepEqual(encodeFrame(read), given)
    }),
    { numRuns: 2000 }
  )
})

test('a list longer than its bound is refused before it is read', () => {
  const long = (kind: number, ...before: number[]): Uint8Array => Uint8Array.of(kind, ...before, 0xff, 0xff, 0xff, 0x7f)
  for (const bytes of [long(3, 0), long(4), long(5, 0), long(6), long(7), long(8), long(9), long(11)])
    assert.throws(() => decodeFrame(bytes), FormatError)
})

test('nodes that the tree does not have can not be asked for', () => {
  for (const [level, id] of [
    [0, 1],
    [1, 16],
    [2, 256],
    [3, 0]
  ] as const)
    assert.throws(() => decodeFrame(Uint8Array.of(5, level, 1, ...(id > 127 ? [0x80, 2] : [id]))), FormatError)
})
