/*
 * For every decoder: bytes nobody vouches for either throw FormatError, and nothing else, or are the one encoding of what
 * they decode to. Random bytes rarely get far, so most runs damage valid encodings; and they are made with a hash of one byte,
 * so that damage gets past the hashes too.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { FormatError } from '../../src/bytes/format-error.ts'
import type { Crypto } from '../../src/crypto.ts'
import { nodeCrypto } from '../node-crypto.ts'
import { formats } from './arbitraries.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 400)
const weak: Crypto = { ...nodeCrypto(), hash: weakHash }

function weakHash(bytes: Uint8Array): Uint8Array {
  let sum = 0
  for (const byte of bytes) sum = (sum * 31 + byte) & 255
  return new Uint8Array(32).fill(sum | 1)
}

interface Damage {
  kind: 'set' | 'flip' | 'cut' | 'insert' | 'remove' | 'repeat' | 'append'
  at: number
  byte: number
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('set', 'set', 'flip', 'flip', 'cut', 'insert', 'remove', 'repeat', 'append'),
  at: fc.oneof(fc.nat({ max: 160 }), fc.nat({ max: 4000 })),
  byte: fc.oneof(fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff), fc.nat({ max: 255 }))
})

function damaged(bytes: Uint8Array, { kind, at, byte }: Damage): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length
  const copy = [...bytes]
  if (kind === 'set') copy[place] = byte
  if (kind === 'flip') copy[place] = (copy[place] ?? 0) ^ (1 << (byte & 7))
  if (kind === 'cut') copy.length = place
  if (kind === 'insert') copy.splice(place, 0, byte)
  if (kind === 'remove') copy.splice(place, 1)
  if (kind === 'repeat') copy.splice(place, 0, ...copy.slice(place, place + (byte & 63)))
  if (kind === 'append') copy.push(byte)
  return Uint8Array.from(copy)
}

function holds<T>(decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array, bytes: Uint8Array): void {
  let value: T
  try {
    value = decode(bytes)
  } catch (error) {
    assert.ok(error instanceof FormatError, `threw ${String(error)}`)
    assert.ok(error.message.length > 0)
    return
  }
  assert.deepEqual(encode(value), bytes)
}

formats(weak, (format) => {
  test(`damaged bytes of a ${format.name} are refused or canonical`, () => {
    const hurt = fc.tuple(format.value, fc.array(damage, { minLength: 1, maxLength: 3 }))
    fc.assert(
      fc.property(hurt, ([value, damages]) => {
        holds(format.decode, format.encode, damages.reduce(damaged, format.encode(value)))
      }),
      { numRuns }
    )
  })

  test(`random bytes for a ${format.name} are refused or canonical`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => holds(format.decode, format.encode, bytes)),
      { numRuns }
    )
  })
})

formats(nodeCrypto(), (format) => {
  test(`a ${format.name} cut short or followed by a byte is refused`, () => {
    const [value] = fc.sample(format.value, { numRuns: 1, seed: 1 })
    const bytes = format.encode(value as Parameters<typeof format.encode>[0])
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => format.decode(bytes.subarray(0, length)), FormatError)
    }
    assert.throws(() => format.decode(Uint8Array.of(...bytes, 0)), FormatError)
  })
})
