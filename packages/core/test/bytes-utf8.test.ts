/*
 * UTF-8 is written by hand in core, so it is held against the platform's own strict decoder, over all code points and over
 * random bytes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { fromHex, fromText, toText } from '../src/bytes/compare.ts'
import { FormatError } from '../src/bytes/format-error.ts'

const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

test('every code point is encoded and decoded as the platform does', () => {
  for (let start = 0; start < 0x110000; start += 0x800) {
    if (start === 0xd800) continue
    const text = String.fromCodePoint(...Array.from({ length: 0x800 }, (_, i) => start + i))
    const bytes = fromText(text)
    assert.ok(Buffer.from(text).equals(bytes))
    assert.equal(toText(bytes), text)
  }
})

test('a lone surrogate is not encoded', () => {
  for (const text of ['\ud800', 'a\udfff', '\ud83dx', '\udc00\ud800', '\ud83d\ud83d\ude00']) {
    assert.throws(() => fromText(text), FormatError)
  }
})

test('overlong forms, surrogates, too large and cut sequences are refused', () => {
  const bad = ['80', 'bf', 'c080', 'c1bf', 'c2', 'e08080', 'e09fbf', 'e0a0', 'eda080', 'edbfbf', 'f0808080', 'f08fbfbf']
  for (const hex of [...bad, 'f4908080', 'f5808080', 'f8888080', 'ff', 'fe', 'c27f', 'e28228', 'f09f98', 'f09f9828']) {
    assert.throws(() => toText(fromHex(hex)), FormatError, hex)
  }
})

test('random bytes are decoded as the platform does or refused as it does', () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => new Uint8Array(Buffer.from(text))),
    fc.constantFrom(...['c0', 'e0', 'ed', 'f0', 'f4', '80', '8f', '90', '9f', 'a0', 'bf'].map(fromHex))
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
      const bytes = new Uint8Array(Buffer.concat(parts))
      let expected: string | undefined
      try {
        expected = platform.decode(bytes)
      } catch {
        // Stays undefined: refused.
      }
      if (expected === undefined) assert.throws(() => toText(bytes), FormatError)
      else assert.equal(toText(bytes), expected)
    }),
    { numRuns: 2000 }
  )
})

test('a byte order mark and a zero are characters like others', () => {
  assert.equal(toText(fromText('\ufeffa\0b')), '\ufeffa\0b')
})
