/*
 * Keys of pins, their text in a writer's map, CIDs and peer ids: one meaning has one form, everything else is refused.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'
import { base16 } from 'multiformats/bases/base16'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'

import { FormatError } from '../../src/bytes/format-error.ts'
import { cidText } from '../../src/formats/cid.ts'
import {
  bucketOf,
  bucketOfMapKey,
  canonicalCid,
  keyOfPin,
  leafOf,
  mapKeyOf,
  parseMapKey,
  shardOf
} from '../../src/formats/key.ts'
import { keyOfPeer, peerOfKey } from '../../src/formats/peer-id.ts'
import { hash, nodeCrypto } from '../node-crypto.ts'
import { bytesOf, cid as anyCid } from './arbitraries.ts'
import { cids, meshId } from './samples.ts'

const crypto = nodeCrypto()

test('the bucket of a map key is that of its key, and the text of a CID the one that everybody writes', () => {
  fc.assert(
    fc.property(anyCid, fc.constantFrom('', 'slot'), (cid, slot) => {
      const key = keyOfPin(meshId, cid, crypto)
      assert.equal(bucketOfMapKey(mapKeyOf(key, slot)), bucketOf(key))
      assert.equal(cidText(cid), cid.toString())
    })
  )
})

test('a CIDv0 and its CIDv1 have one key, other codecs and meshes another', () => {
  const v0 = CID.parse(cids.v0)
  const key = keyOfPin(meshId, canonicalCid(cids.v0), crypto)
  assert.deepEqual(keyOfPin(meshId, canonicalCid(v0.toV1().toString()), crypto), key)
  for (const base of [base58btc, base36, base16])
    assert.deepEqual(keyOfPin(meshId, canonicalCid(v0.toV1().toString(base)), crypto), key)
  assert.notDeepEqual(keyOfPin(meshId, CID.createV1(0x55, v0.multihash), crypto), key)
  assert.notDeepEqual(keyOfPin(hash(meshId), canonicalCid(cids.v0), crypto), key)
  assert.throws(() => keyOfPin(meshId, v0 as unknown as CID, crypto), FormatError)
})

test('any CID text is read to the same CID that multiformats reads', () => {
  fc.assert(fc.property(anyCid, (cid) => assert.deepEqual(canonicalCid(cid.toString()), cid)))
  assert.deepEqual(canonicalCid(cids.v0), CID.parse(cids.v0).toV1())
})

test('what is not the text of a CID is refused', () => {
  const zCid = `z${cids.v0}`
  const short = CID.createV1(0x55, {
    code: 0x12,
    size: 2,
    digest: Uint8Array.of(1, 2),
    bytes: Uint8Array.of(0x12, 2, 1, 2)
  })
  const bad = [
    '',
    'x',
    'Q',
    'b',
    'k',
    'Qm',
    `${cids.v0}1`,
    cids.v0.slice(0, -1),
    zCid,
    `${cids.v1}a`,
    ` ${cids.v1}`,
    `${cids.v0} `
  ]
  for (const text of [
    ...bad,
    short.toString(),
    `f${'01551220'}${'00'.repeat(31)}`,
    `F${'01551220'}${'00'.repeat(32)}`,
    'b'.repeat(600),
    'Q0OIl',
    'bafkqaaa\n'
  ]) {
    assert.throws(() => canonicalCid(text), FormatError, text)
  }
})

test('bucket, leaf and shard are the first 16, 12 and 8 bits', () => {
  const key = new Uint8Array(32)
  key.set([0xab, 0xcd])
  assert.deepEqual([bucketOf(key), leafOf(key), shardOf(key)], [0xabcd, 0xabc, 0xab])
})

test('a map key comes back with its slot', () => {
  const slot = fc.oneof(fc.constant(''), fc.stringMatching(/^[A-Za-z0-9_-]{1,16}$/))
  fc.assert(
    fc.property(bytesOf(32), slot, (key, slot) => {
      const text = mapKeyOf(key, slot)
      assert.deepEqual(parseMapKey(text), { key, slot })
    })
  )
})

test('a malformed map key is refused', () => {
  const text = mapKeyOf(new Uint8Array(32))
  const bad = ['', text.slice(1), `${text}a`, `${text}.`, `${text}.a b`, `${text}.${'a'.repeat(17)}`, `${text}-a`]
  for (const other of [...bad, `${text.slice(0, -1)}B`, `${text}.é`, `${text}.a\n`]) {
    assert.throws(() => parseMapKey(other), FormatError, other)
  }
  assert.throws(() => mapKeyOf(new Uint8Array(32), 'a.b'), FormatError)
  assert.throws(() => mapKeyOf(new Uint8Array(31)), FormatError)
})

test('a peer id and its key name each other', () => {
  fc.assert(fc.property(bytesOf(32), (key) => assert.deepEqual(keyOfPeer(peerOfKey(key)), key)))
  for (const byte of [0, 255]) assert.match(peerOfKey(new Uint8Array(32).fill(byte)), /^12D3KooW\w{44}$/)
  const known = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'
  assert.equal(peerOfKey(keyOfPeer(known)), known)
})

test('another kind of peer id is refused', () => {
  const peer = crypto.peer
  const rsa = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'
  const high = `12D3KooW${'z'.repeat(44)}`
  for (const text of ['', rsa, peer.slice(0, -1), `${peer}1`, `${peer}\n`, ` ${peer}`, `z${peer}`, high]) {
    assert.throws(() => keyOfPeer(text), FormatError, text)
  }
  assert.throws(() => peerOfKey(new Uint8Array(33)), FormatError)
})
