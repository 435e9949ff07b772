/*
 * What a decoder must refuse although every hash and length in it is right: bytes that no encoder of ours writes, put together
 * by hand. Chance finds these too seldom to rely on fuzzing for them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CID } from 'multiformats/cid'

import { compareBytes } from '../../src/bytes/compare.ts'
import { FormatError } from '../../src/bytes/format-error.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { type Charter, encodeCharter } from '../../src/formats/charter.ts'
import { claimBytesMax, decodeClaim } from '../../src/formats/claim.ts'
import { decodeCommit } from '../../src/formats/commit.ts'
import { bodyBytesMax, decodeEntry, decodeHeader, encodeEntry, makeEntry, writeEntry } from '../../src/formats/entry.ts'
import { decodeFork, encodeFork } from '../../src/formats/fork.ts'
import { encodeKeyOp } from '../../src/formats/key-op.ts'
import { bucketOf, canonicalCid } from '../../src/formats/key.ts'
import { merkleRoot } from '../../src/formats/merkle.ts'
import { keyOfPeer } from '../../src/formats/peer-id.ts'
import { decodeRecord, encodeRecord, recordHash8, stampBits } from '../../src/formats/record.ts'
import { decodeRegister, encodeRegister } from '../../src/formats/register.ts'
import { writeSeal } from '../../src/formats/seal.ts'
import {
  beat,
  charter,
  cids,
  claim,
  commit,
  crypto,
  firstEntry,
  fork,
  keyOps,
  meshId,
  peers,
  pin,
  plainPin,
  record,
  resetEntry
} from './samples.ts'

const hash = crypto.hash(meshId)
const zero = new Uint8Array(32)

interface RawHeader {
  version?: number
  kind?: number
  prefixLen?: number
  prefix?: number
  seq?: number
  prev?: Uint8Array
  clock?: number
  count?: number
}

function rawHeader(raw: RawHeader, bodyHash: Uint8Array): Writer {
  const writer = new Writer()
    .u8(raw.version ?? 1)
    .u8(raw.kind ?? 1)
    .u32(7)
    .u8(raw.prefixLen ?? 12)
    .u16(raw.prefix ?? 0)
  writer
    .v(0)
    .v(raw.seq ?? 2)
    .raw(raw.prev ?? hash)
    .v(0)
    .v(raw.clock ?? 0)
    .v(raw.count ?? 0)
  return writer.raw(bodyHash)
}

test('a header of an unknown version, kind or prefix, or against the chain rules, is refused', () => {
  const body = Uint8Array.of(1)
  const bodyHash = crypto.hash(body)
  const entry = (raw: RawHeader): Uint8Array => rawHeader(raw, bodyHash).blob(body).finish()
  assert.equal(decodeEntry(entry({}), crypto).seq, 2)
  const bad: RawHeader[] = [
    { version: 0 },
    { version: 2 },
    { kind: 0 },
    { kind: 3 },
    { prefixLen: 13 },
    { prefix: 1 },
    { seq: 0 },
    { seq: 1 },
    { prev: zero },
    { seq: 1, prev: zero, clock: 1 },
    { kind: 2, clock: 1 },
    { clock: Number.MAX_SAFE_INTEGER, count: 1 }
  ]
  for (const raw of bad) {
    assert.throws(() => decodeEntry(entry(raw), crypto), FormatError, JSON.stringify(raw))
    assert.throws(() => decodeHeader(rawHeader(raw, bodyHash).finish()), FormatError, JSON.stringify(raw))
  }
  assert.throws(() => decodeHeader(rawHeader({}, bodyHash).u8(0).finish()), FormatError)
})

test('a body above its bound is neither encoded nor decoded', () => {
  const body = new Uint8Array(bodyBytesMax + 1)
  assert.throws(() => encodeEntry({ ...resetEntry, body }), FormatError)
  assert.throws(() => decodeEntry(rawHeader({}, crypto.hash(body)).blob(body).finish(), crypto), FormatError)
})

test('a commit above its bound is refused though it is whole', () => {
  const entry = makeEntry({ ...resetEntry, body: new Uint8Array(70_000) }, crypto)
  const writer = new Writer()
  writeSeal(writer, { ...commit.seal, n: 1, root: merkleRoot([entry.hash], crypto) })
  writeEntry(writer, entry)
  assert.throws(() => decodeCommit(writer.finish(), crypto), { message: /the length of a commit/ })
})

test('a claim above its bound or with buckets out of order is refused', () => {
  const raw = (...lows: number[]): Uint8Array => {
    const writer = new Writer().raw(crypto.key).u8(1).v(1).u48(1).u48(1).u8(1).v(lows.length)
    for (const low of lows) writer.u8(low).raw(new Uint8Array(8)).u8(1).v(5)
    return writer.raw(claim.sig).finish()
  }
  assert.equal(decodeClaim(raw(1, 2)).buckets.length, 2)
  assert.throws(() => decodeClaim(raw(2, 1)), FormatError)
  assert.throws(() => decodeClaim(raw(1, 1)), FormatError)
  const large = new Writer().raw(crypto.key).u8(1).v(1).u48(1).u48(1).u8(1).v(1).u8(0).raw(new Uint8Array(8))
  const packed = new Uint8Array(claimBytesMax).fill(0x12)
  const bytes = large
    .u8(3)
    .v(2 * packed.length)
    .raw(packed)
    .raw(claim.sig)
    .finish()
  assert.throws(() => decodeClaim(bytes), { message: /the length of a claim/ })
})

/** A register that has only what the flag says, after the fixed part of a plain pin. */
function rawRegister(
  flag: number,
  rest: Writer,
  head: Uint8Array = encodeRegister(plainPin).with(7, flag)
): Uint8Array {
  return Uint8Array.of(...head, ...rest.finish())
}

test('the lists of a register are refused when unsorted, repeated or empty', () => {
  const [low, high] = peers.map(keyOfPeer) as [Uint8Array, Uint8Array]
  assert.ok(compareBytes(low, high) < 0)
  assert.deepEqual(decodeRegister(rawRegister(16, new Writer().v(2).raw(low).raw(high))), {
    ...plainPin,
    chosen: peers
  })
  const bad: Array<[number, Writer]> = [
    [4, new Writer().text('')],
    [8, new Writer().v(0)],
    [8, new Writer().v(1).text('').text('a')],
    [8, new Writer().v(2).text('b').text('').text('a').text('')],
    [8, new Writer().v(2).text('a').text('').text('a').text('b')],
    [8, new Writer().v(2).text('a').text('x'.repeat(300)).text('b').text('x'.repeat(300))],
    [16, new Writer().v(0)],
    [16, new Writer().v(2).raw(high).raw(low)],
    [16, new Writer().v(2).raw(low).raw(low)],
    [16, new Writer().v(17).raw(new Uint8Array(17 * 32))],
    [32, new Writer().v(0)],
    [32, new Writer().v(1).text('')],
    [32, new Writer().v(2).text('a').text('a')],
    [32, new Writer().v(9)]
  ]
  for (const [flag, rest] of bad) assert.throws(() => decodeRegister(rawRegister(flag, rest)), FormatError)
})

test('a register above its bound, with fewer copies than its least or too many, is refused', () => {
  const origins = new Writer().v(5)
  for (let i = 0; i < 5; i++) origins.text(`${i}`.repeat(250))
  assert.throws(() => decodeRegister(rawRegister(32, origins)), { message: /the length of a register/ })
  const numbers = (min: number, max: number, trusted: number): Uint8Array =>
    new Writer().u48(1).u8(1).u8(0).u8(1).v(min).v(max).v(trusted).u8(0).raw(pin.cid.bytes.subarray(1)).finish()
  assert.equal(decodeRegister(numbers(1, 1, 1)).op, 'pin')
  for (const [min, max, trusted] of [
    [2, 1, 0],
    [0, 65536, 0],
    [65536, 0, 0],
    [0, 0, 65536]
  ] as const) {
    assert.throws(() => decodeRegister(numbers(min, max, trusted)), FormatError)
  }
  assert.throws(() => encodeRegister({ ...plainPin, trustedMin: 65536 }), FormatError)
})

test('a CID with bytes after it or in long varints is refused', () => {
  const { code, multihash, bytes } = canonicalCid(cids.v1)
  const longer = new CID(1, code, multihash, Uint8Array.of(...bytes, 0))
  assert.throws(() => encodeRegister({ ...plainPin, cid: longer }), FormatError)
  const wrong = new CID(1, code, multihash, Uint8Array.of(...bytes.subarray(0, -1)))
  assert.throws(() => encodeRegister({ ...plainPin, cid: wrong }), FormatError)
  const asText = (...all: number[]): string => CID.prototype.toString.call({ bytes: Uint8Array.from(all), version: 1 })
  assert.deepEqual(canonicalCid(asText(...bytes)).bytes, bytes)
  const rest = bytes.subarray(2)
  const longCodec = [1, 0xd5, 0x00, ...rest]
  for (const all of [[...bytes, 0], [2, ...bytes.subarray(1)], longCodec, [0x81, 0, ...bytes.subarray(1)]]) {
    assert.throws(() => canonicalCid(asText(...all)), FormatError)
  }
  const multihashOnly = `z${cids.v0}`
  assert.throws(() => canonicalCid(multihashOnly), FormatError)
  assert.throws(() => canonicalCid(`k${'0'.repeat(600)}`), { message: /more than/ })
})

test('a record with a repeated address, its own peer as IPFS peer or above its bound is refused', () => {
  const raw = (ipfsPeer: string, addresses: string[], class_ = 1, weight = 1, flags = 0): Uint8Array => {
    const writer = new Writer().raw(crypto.key).v(1).u8(class_).u8(weight).text('').u16(flags).text(ipfsPeer)
    writer.u8(addresses.length)
    for (const address of addresses) writer.text(address)
    return writer.u48(1).raw(new Uint8Array(8)).text('').raw(record.sig).finish()
  }
  assert.deepEqual(decodeRecord(raw('', ['/a', '/b'])).addresses, ['/a', '/b'])
  const large = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(128))
  const bad = [raw(crypto.peer, []), raw('', ['/a', '/a']), raw('', ['']), raw('', [], 3), raw('', [], 1, 11)]
  for (const bytes of [...bad, raw('', [], 1, 1, 32), raw('', large)]) {
    assert.throws(() => decodeRecord(bytes), FormatError)
  }
})

test('arguments of a wrong length are refused, not padded', () => {
  assert.throws(() => stampBits(crypto.peer, meshId, new Uint8Array(7), crypto), FormatError)
  assert.throws(() => stampBits(crypto.peer, new Uint8Array(31), new Uint8Array(8), crypto), FormatError)
  assert.throws(() => bucketOf(new Uint8Array(2)), FormatError)
  assert.throws(() => encodeCharter({ ...charter, version: 2 } as unknown as Charter), FormatError)
  assert.equal(recordHash8(encodeRecord(record), crypto).length, beat.recordHash.length)
})

test('a key operation at seq 0 is refused whatever its previous hash', () => {
  const [first] = keyOps as [(typeof keyOps)[0]]
  for (const prev of [zero, hash]) assert.throws(() => encodeKeyOp({ ...first, seq: 0, prev }), FormatError)
})

test('a fork whose header is not under its seal is refused', () => {
  const root = merkleRoot([firstEntry.hash], crypto)
  const elsewhere = { ...fork, a: { ...fork.a, seal: { ...fork.a.seal, root } } }
  assert.throws(() => decodeFork(encodeFork(elsewhere), crypto), { message: /does not lead to the root/ })
  const stranger = { ...fork, b: { ...fork.b, seal: { ...fork.b.seal, writer: 1 } } }
  assert.throws(() => decodeFork(encodeFork(stranger), crypto), { message: /another writer/ })
})
