/**
 * Tests of core, pinset/seals: a path under a seal counts exactly where walking all of it says so, whatever was walked before.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { merklePath, merkleRoot, merkleVerify } from '../../src/formats/merkle.ts'
import type { Seal } from '../../src/formats/seal.ts'
import type { Proof } from '../../src/formats/stored.ts'
import { Seals } from '../../src/pinset/seals.ts'
import { hash } from '../node-crypto.ts'
import { crypto } from './log-kit.ts'

const hashes = Array.from({ length: 64 }, (_, n) => hash(Uint8Array.of(n)))
const sealOver = (n: number): Seal => ({
  writer: 7,
  commit: n,
  prevCommit: hash(Uint8Array.of(200)),
  n,
  root: merkleRoot(hashes.slice(0, n), crypto),
  sig: new Uint8Array(64).fill(n)
})

/** Which entry is shown, as which, and which hash of its path is another. */
const show = fc.record({ entry: fc.nat(63), as: fc.nat(63), honest: fc.boolean(), broken: fc.option(fc.nat(7)) })

test('a path counts as if all of it were walked, in any order and after any others, forged ones too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(show, { maxLength: 40 }), (n, shows) => {
      const seal = sealOver(n)
      const seals = new Seals(crypto)
      seals.add(seal)
      for (const { entry, as, honest, broken } of shows) {
        const index = (honest ? entry : as) % n
        const path = merklePath(hashes.slice(0, n), index, crypto)
        if (broken !== null && broken < path.length) path[broken] = hash(path[broken] as Uint8Array)
        const proof: Proof = { seal, index, path }
        const shown = hashes[entry % n] as Uint8Array
        const whole = merkleVerify(shown, index, n, path, seal.root, crypto)
        assert.equal(seals.covers(shown, proof), whole)
        assert.equal(seals.covers(shown, { ...proof, path: [...path, seal.root] }), false)
        assert.equal(seals.covers(shown, { ...proof, path: path.slice(1) }), path.length === 0 && whole)
      }
    })
  )
})

test('every entry of a full commit costs two hashes or three, not seven', () => {
  let hashed = 0
  const counting = { ...crypto, hash: (bytes: Uint8Array) => (hashed++, hash(bytes)) }
  const seal = sealOver(64)
  const seals = new Seals(counting)
  seals.add(seal)
  for (let index = 0; index < 64; index++)
    assert.ok(seals.covers(hashes[index] as Uint8Array, { seal, index, path: merklePath(hashes, index, crypto) }))
  assert.ok(hashed <= 64 + 63, `${hashed} hashes`)
})

test('a seal that differs anywhere is another', () => {
  const seal = sealOver(5)
  const seals = new Seals(crypto)
  assert.equal(seals.good(seal), undefined)
  const kept = seals.add(seal)
  assert.deepEqual(kept, seal)
  assert.equal(seals.good({ ...seal }), kept)
  const others: Partial<Seal>[] = [
    { writer: 8 },
    { commit: 6 },
    { n: 6 },
    { root: hash(seal.root) },
    { prevCommit: hash(seal.prevCommit) },
    { sig: new Uint8Array(64) }
  ]
  for (const other of others) assert.equal(seals.good({ ...seal, ...other }), undefined)
})
