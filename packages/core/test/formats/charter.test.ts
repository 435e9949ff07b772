/*
 * The mesh id in the hands of people: one word, and no word but that one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { FormatError } from '../../src/bytes/format-error.ts'
import { decodeCharter, encodeCharter, meshIdText, meshIdTextMax, parseMeshId } from '../../src/formats/charter.ts'
import { bytesOf } from './arbitraries.ts'
import { charter, meshId } from './samples.ts'

test('a mesh id is one short word that leads back to it', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        bytesOf(32),
        fc.nat({ max: 32 }).map((n) => new Uint8Array(32).fill(255, n))
      ),
      (id) => {
        const text = meshIdText(id)
        assert.match(text, /^z[A-Za-z0-9]+$/)
        assert.ok(text.length <= meshIdTextMax)
        assert.deepEqual(parseMeshId(text), id)
      }
    )
  )
})

test('what is not a mesh id is refused', () => {
  const text = meshIdText(meshId)
  const bad = ['', 'z', text.slice(1), text.slice(0, -1), `${text}1`, ` ${text}`, `${text}\n`, text.replace(/.$/, '0')]
  for (const other of [...bad, `z${'z'.repeat(44)}`, `z${'1'.repeat(31)}`, `z1${text.slice(1)}`]) {
    assert.throws(() => parseMeshId(other), FormatError, other)
  }
})

test('a charter has a name of 1 to 64 bytes and a known version', () => {
  assert.throws(() => encodeCharter({ ...charter, name: '' }), FormatError)
  assert.throws(() => encodeCharter({ ...charter, name: 'ä'.repeat(33) }), FormatError)
  assert.throws(() => encodeCharter({ ...charter, root: new Uint8Array(31) }), FormatError)
  const bytes = encodeCharter(charter)
  assert.throws(() => decodeCharter(bytes.with(0, 2)), { message: 'a charter is of an unknown version' })
})
