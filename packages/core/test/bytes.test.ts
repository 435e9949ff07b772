/*
 * The primitives under every format: what Writer writes Reader reads back, and Reader refuses everything else, by FormatError
 * and nothing else, without believing a length.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64url,
  fromHex,
  toBase64url,
  toHex
} from '../src/bytes/compare.ts'
import { FormatError } from '../src/bytes/format-error.ts'
import { Reader } from '../src/bytes/reader.ts'
import { Writer } from '../src/bytes/writer.ts'

const bytes = fc.uint8Array({ maxLength: 80 })

test('every primitive comes back as it was written', () => {
  const written = fc.record({
    u8: fc.integer({ min: 0, max: 0xff }),
    u16: fc.integer({ min: 0, max: 0xffff }),
    u32: fc.integer({ min: 0, max: 0xffffffff }),
    u48: fc.integer({ min: 0, max: 0xffffffffffff }),
    v: fc.maxSafeNat(),
    raw: bytes,
    blob: bytes,
    text: fc.string({ unit: 'binary', maxLength: 40 }),
    hint: fc.integer({ min: 0, max: 300 })
  })
  fc.assert(
    fc.property(written, (w) => {
      const writer = new Writer(w.hint).u8(w.u8).u16(w.u16).u32(w.u32).u48(w.u48).v(w.v)
      const reader = new Reader(writer.raw(w.raw).blob(w.blob).text(w.text).finish())
      assert.equal(reader.u8(), w.u8)
      assert.equal(reader.u16(), w.u16)
      assert.equal(reader.u32(), w.u32)
      assert.equal(reader.u48(), w.u48)
      assert.equal(reader.v(), w.v)
      assert.deepEqual(reader.raw(w.raw.length), w.raw)
      assert.deepEqual(reader.blob(80), w.blob)
      assert.equal(reader.text(200), w.text)
      assert.equal(reader.left, 0)
      reader.end()
    })
  )
})

test('integers are big-endian and v is LEB128', () => {
  assert.equal(toHex(new Writer().u16(0x0102).u32(0xf1020304).u48(0x010203040506).finish()), '0102f1020304010203040506')
  assert.equal(toHex(new Writer().v(0).v(127).v(128).v(300).finish()), '007f8001ac02')
  assert.equal(toHex(new Writer().v(Number.MAX_SAFE_INTEGER).finish()), 'ffffffffffffff0f')
})

test('a number that does not fit is not written', () => {
  for (const n of [-1, 256, 1.5, Number.NaN, Infinity]) assert.throws(() => new Writer().u8(n), FormatError)
  assert.throws(() => new Writer().u16(0x10000), FormatError)
  assert.throws(() => new Writer().u32(2 ** 32), FormatError)
  assert.throws(() => new Writer().u48(2 ** 48), FormatError)
  assert.throws(() => new Writer().v(2 ** 53), FormatError)
  assert.throws(() => new Writer().v(-1), FormatError)
})

test('a number longer than its shortest form is refused', () => {
  for (const hex of ['8000', 'ff00', '818000', '80808080808000']) {
    assert.throws(() => new Reader(fromHex(hex)).v(), FormatError, hex)
  }
})

test('a number above 2^53 - 1, or above the bound given, is refused', () => {
  for (const hex of ['8080808080808010', 'ffffffffffffff7f', 'ffffffffffffffff01', '8080808080808080808001']) {
    assert.throws(() => new Reader(fromHex(hex)).v(), FormatError, hex)
  }
  assert.equal(new Reader(fromHex('0a')).v(10), 10)
  assert.throws(() => new Reader(fromHex('0b')).v(10), FormatError)
})

test('reading past the end is refused, by every method', () => {
  const reads: Array<(reader: Reader) => unknown> = [
    (reader) => reader.u8(),
    (reader) => reader.u16(),
    (reader) => reader.u32(),
    (reader) => reader.u48(),
    (reader) => reader.v(),
    (reader) => reader.raw(1),
    (reader) => reader.blob(9),
    (reader) => reader.text(9)
  ]
  for (const read of reads) assert.throws(() => read(new Reader(new Uint8Array(0))), FormatError)
  assert.throws(() => new Reader(fromHex('80')).v(), FormatError)
  assert.throws(() => new Reader(fromHex('0301')).blob(9), FormatError)
})

test('a length above its bound is refused though the bytes are there', () => {
  assert.throws(() => new Reader(fromHex('03010203')).blob(2), FormatError)
  assert.throws(() => new Reader(fromHex('03616263')).text(2), FormatError)
})

test('trailing bytes are refused', () => {
  const reader = new Reader(fromHex('0102'))
  reader.u8()
  assert.throws(() => reader.end(), { code: 'MESH_BAD_FORMAT', message: '1 bytes follow the end' })
})

test('what is read is a view, and plain even from a Buffer', () => {
  const input = Uint8Array.of(1, 2, 3)
  assert.equal(new Reader(input).raw(2).buffer, input.buffer)
  assert.equal(new Reader(Buffer.from('abc')).raw(2).constructor, Uint8Array)
})

test('what is written is exactly as long as it is, whatever the hint was', () => {
  assert.equal(new Writer(500).u8(1).finish().buffer.byteLength, 1)
  assert.equal(new Writer(0).u8(1).finish().length, 1)
})

test('compareBytes orders like hex text, and agrees with equalBytes', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const order = toHex(a) < toHex(b) ? -1 : toHex(a) > toHex(b) ? 1 : 0
      assert.equal(Math.sign(compareBytes(a, b)), order)
      assert.equal(equalBytes(a, b), order === 0)
    })
  )
})

test('hex and base64url agree with Buffer and have one text each', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(toHex(a), Buffer.from(a).toString('hex'))
      assert.equal(toBase64url(a), Buffer.from(a).toString('base64url'))
      assert.deepEqual(fromHex(toHex(a)), a)
      assert.deepEqual(fromBase64url(toBase64url(a)), a)
      assert.deepEqual(concatBytes(a, b), new Uint8Array(Buffer.concat([a, b])))
    })
  )
  for (const text of ['0', '0g', 'AB', '0é']) assert.throws(() => fromHex(text), FormatError, text)
  for (const text of ['A', 'AB', 'AAA=', 'AA+A', 'AAB', 'AA\u00e9A']) {
    assert.throws(() => fromBase64url(text), FormatError, text)
  }
})
