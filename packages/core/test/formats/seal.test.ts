/*
 * A seal vouches for exactly the entries of its commit, together or one by one, in one mesh and by one writer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FormatError } from '../../src/bytes/format-error.ts'
import { signedBytes } from '../../src/crypto.ts'
import { makeEntry } from '../../src/formats/entry.ts'
import {
  decodeCommit,
  decodeStored,
  encodeCommit,
  encodeStored,
  merkleRoot,
  proofOf,
  sealHash,
  sealedBytes
} from '../../src/formats/seal.ts'
import { hash } from '../node-crypto.ts'
import { commit, crypto, firstEntry, meshId, proof, resetEntry, secondEntry } from './samples.ts'

const { seal, entries } = commit

test('the signature holds for its mesh, its tag and its bytes only', () => {
  const signed = sealedBytes(seal)
  assert.ok(crypto.verify(crypto.key, signedBytes('pinmesh/seal/1', meshId, signed), seal.sig))
  assert.ok(!crypto.verify(crypto.key, signedBytes('pinmesh/beat/1', meshId, signed), seal.sig))
  assert.ok(!crypto.verify(crypto.key, signedBytes('pinmesh/seal/1', hash(meshId), signed), seal.sig))
  assert.ok(!crypto.verify(crypto.key, signedBytes('pinmesh/seal/1', meshId, sealedBytes({ ...seal, n: 4 })), seal.sig))
  assert.throws(() => signedBytes('pinmesh/seal/1', new Uint8Array(31), signed), FormatError)
})

test('the hash of a commit is of its mesh', () => {
  assert.notDeepEqual(sealHash(seal, meshId, crypto), sealHash(seal, hash(meshId), crypto))
})

test('a commit with an entry less, twice, exchanged or of another writer is refused', () => {
  const other = makeEntry({ ...firstEntry, writer: 1 }, crypto)
  assert.throws(() => encodeCommit({ seal, entries: entries.slice(1) }), FormatError)
  assert.throws(() => encodeCommit({ seal, entries: [firstEntry, firstEntry, resetEntry] }), FormatError)
  assert.throws(() => encodeCommit({ seal, entries: [other, secondEntry, resetEntry] }), FormatError)
  const exchanged = encodeCommit({ seal, entries: [secondEntry, firstEntry, resetEntry] })
  assert.throws(() => decodeCommit(exchanged, crypto), { message: 'a commit has another root than its seal' })
})

test('a commit larger than a gossip message is not encoded', () => {
  const entry = makeEntry({ ...resetEntry, body: new Uint8Array(70_000) }, crypto)
  const large = { ...seal, n: 1, root: merkleRoot([entry.hash], crypto) }
  assert.throws(() => encodeCommit({ seal: large, entries: [entry] }), FormatError)
})

test('a full commit of 64 entries fits and each is proved alone', () => {
  const many = Array.from({ length: 64 }, (_, i) => makeEntry({ ...firstEntry, prefix: i << 4 }, crypto))
  const root = merkleRoot(
    many.map((entry) => entry.hash),
    crypto
  )
  const full = { ...seal, n: 64, root }
  assert.equal(decodeCommit(encodeCommit({ seal: full, entries: many }), crypto).entries.length, 64)
  many.forEach((entry, i) => {
    const stored = { entry, proof: proofOf(full, many, i, crypto) }
    assert.deepEqual(decodeStored(encodeStored(stored), crypto), stored)
  })
})

test('a proof of another entry, place, writer or length is refused', () => {
  const stored = (change: object): Uint8Array => encodeStored({ entry: secondEntry, proof: { ...proof, ...change } })
  assert.throws(() => decodeStored(encodeStored({ entry: firstEntry, proof }), crypto), FormatError)
  assert.throws(() => decodeStored(stored({ index: 0 }), crypto), FormatError)
  assert.throws(() => decodeStored(stored({ seal: { ...seal, writer: 1 } }), crypto), FormatError)
  assert.throws(() => stored({ path: proof.path.slice(1) }), FormatError)
  assert.throws(() => stored({ index: 3 }), FormatError)
})
