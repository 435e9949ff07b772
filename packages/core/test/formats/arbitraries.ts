/*
 * For every format: how to make any valid value, how to encode it and how to decode it. Round trips and fuzzing run over this
 * table. Values are made with the crypto given, because hashes are part of some formats: fuzzing uses a hash so weak that
 * damaged bytes get past it.
 */
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'

import { compareBytes, fromText, toHex } from '../../src/bytes/compare.ts'
import type { Crypto } from '../../src/crypto.ts'
import { type Beat, decodeBeat, encodeBeat } from '../../src/formats/beat.ts'
import { type Charter, decodeCharter, encodeCharter } from '../../src/formats/charter.ts'
import { type Claim, decodeClaim, encodeClaim } from '../../src/formats/claim.ts'
import { type Commit, decodeCommit, encodeCommit } from '../../src/formats/commit.ts'
import { type Entry, decodeEntry, encodeEntry, makeEntry } from '../../src/formats/entry.ts'
import { type Fork, contradicts, decodeFork, encodeFork, makeFork } from '../../src/formats/fork.ts'
import { type Admission, decodeAdmission, encodeAdmission } from '../../src/formats/admission.ts'
import {
  type Grant,
  type Invite,
  decodeGrant,
  decodeInvite,
  encodeGrant,
  encodeInvite
} from '../../src/formats/invite.ts'
import { type KeyChange, type KeyOp, decodeKeyOp, encodeKeyOp } from '../../src/formats/key-op.ts'
import { merkleRoot } from '../../src/formats/merkle.ts'
import { peerOfKey } from '../../src/formats/peer-id.ts'
import { type MemberRecord, decodeRecord, encodeRecord } from '../../src/formats/record.ts'
import {
  type PinRegister,
  type Register,
  decodeRegister,
  encodeRegister,
  sortPeers
} from '../../src/formats/register.ts'
import { type Seal, decodeSeal, encodeSeal } from '../../src/formats/seal.ts'
import { type StoredEntry, decodeStored, encodeStored, proofOf } from '../../src/formats/stored.ts'

export interface Format<T> {
  name: string
  value: fc.Arbitrary<T>
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** Plain objects, as decoders make them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const u8 = fc.nat({ max: 255 })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u48 = fc.integer({ min: 0, max: 0xffffffffffff })
const number = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
const hash = bytesOf(32)
const signature = bytesOf(64)
export const peer: fc.Arbitrary<string> = hash.map(peerOfKey)

/** Text of min to max bytes of UTF-8. */
function textOf(min: number, max: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', minLength: min, maxLength: Math.min(max, 40) }).filter((text) => {
    const length = Buffer.byteLength(text)
    return length >= min && length <= max
  })
}

const digest = fc.oneof(
  hash.map((bytes) => digestOf(0x12, bytes)),
  fc.tuple(u32, fc.uint8Array({ minLength: 20, maxLength: 128 })).map(([code, bytes]) => digestOf(code, bytes)),
  fc.uint8Array({ maxLength: 128 }).map((bytes) => digestOf(0, bytes))
)
export const cid: fc.Arbitrary<CID> = fc
  .tuple(fc.oneof(fc.constantFrom(0x55, 0x70, 0x71), u32), digest)
  .map(([codec, multihash]) => CID.createV1(codec, multihash))

const copies = fc
  .tuple(fc.nat({ max: 65535 }), fc.nat({ max: 65535 }), fc.nat({ max: 65535 }))
  .map(([a, b, trustedMin]) => ({ min: b === 0 ? a : Math.min(a, b), max: b, trustedMin }))

const meta = fc
  .uniqueArray(fc.tuple(textOf(1, 30), textOf(0, 30)), { minLength: 1, maxLength: 8, selector: ([key]) => key })
  .map((pairs) => pairs.toSorted((a, b) => compareBytes(fromText(a[0]), fromText(b[0]))))

const pinRegister = fc
  .tuple(
    fc.record(
      {
        lamport: u48,
        mode: fc.constantFrom('recursive' as const, 'direct' as const),
        priority: u8,
        cid,
        bytes: number,
        expiry: u48,
        name: textOf(1, 120),
        meta,
        chosen: fc.uniqueArray(peer, { minLength: 1, maxLength: 4 }).map(sortPeers),
        origins: fc.uniqueArray(textOf(1, 40), { minLength: 1, maxLength: 3 })
      },
      { requiredKeys: ['lamport', 'mode', 'priority', 'cid'], noNullPrototype: true }
    ),
    copies
  )
  .map(([rest, numbers]): PinRegister => ({ op: 'pin', ...rest, ...numbers }))
const register: fc.Arbitrary<Register> = fc.oneof(
  { weight: 9, arbitrary: pinRegister },
  { weight: 1, arbitrary: u48.map((lamport) => ({ op: 'unpin' as const, lamport })) }
)

interface Place {
  writer?: number
  prefixLen?: 12 | 16
  prefix?: number
  generation?: number
}

export function entryOf(crypto: Crypto, place: Place = {}): fc.Arbitrary<Entry> {
  const fields = record({
    kind: fc.constantFrom('set' as const, 'reset' as const),
    writer: u32,
    prefixLen: fc.constantFrom(12 as const, 16 as const),
    prefix: fc.nat({ max: 65535 }),
    generation: number,
    seq: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    prev: hash.filter((bytes) => bytes.some((byte) => byte !== 0)),
    keySeq: number,
    clock: fc.nat({ max: 1 << 30 }),
    count: fc.nat({ max: 1 << 30 }),
    body: fc.uint8Array({ maxLength: 300 })
  })
  return fields.map((any) => {
    const all = { ...any, ...place }
    const prefix = all.prefixLen === 12 ? all.prefix & 0xfff0 : all.prefix
    const prev = all.seq === 1 ? new Uint8Array(32) : all.prev
    const clock = all.seq === 1 || all.kind === 'reset' ? 0 : all.clock
    return makeEntry({ ...all, prefix, prev, clock }, crypto)
  })
}

const seal: fc.Arbitrary<Seal> = record({
  writer: u32,
  commit: number,
  prevCommit: hash,
  n: fc.integer({ min: 1, max: 64 }),
  root: hash,
  sig: signature
})

/** A seal over the entries, with a signature that is none. */
export function sealOf(entries: readonly Entry[], any: Seal, crypto: Crypto): Seal {
  const hashes = entries.map((entry) => entry.hash)
  return { ...any, writer: (entries[0] as Entry).writer, n: entries.length, root: merkleRoot(hashes, crypto) }
}

function commitOf(crypto: Crypto, first: fc.Arbitrary<Entry>): fc.Arbitrary<Commit> {
  const others = first.chain((entry) =>
    fc
      .uniqueArray(entryOf(crypto, { writer: entry.writer }), { maxLength: 9, selector: (other) => toHex(other.hash) })
      .map((rest) => [entry, ...rest.filter((other) => toHex(other.hash) !== toHex(entry.hash))])
  )
  return fc.tuple(others, seal).map(([entries, any]) => ({ seal: sealOf(entries, any, crypto), entries }))
}

function storedOf(crypto: Crypto): fc.Arbitrary<StoredEntry> {
  return fc.tuple(commitOf(crypto, entryOf(crypto)), u8, fc.boolean()).map(([commit, any, sealed]) => {
    const index = any % commit.entries.length
    const entry = commit.entries[index] as Entry
    return sealed ? { entry, proof: proofOf(commit.seal, commit.entries, index, crypto) } : { entry }
  })
}

function forkOf(crypto: Crypto): fc.Arbitrary<Fork> {
  const place = { writer: 7, prefixLen: 12 as const, prefix: 0x1230, generation: 1 }
  const near = entryOf(crypto, place).filter((entry) => entry.seq <= 3)
  const sealed = commitOf(crypto, near).map(({ entries, seal }) => {
    const { header, hash, ...fields } = entries[0] as Entry
    const { body: _, ...plain } = fields
    return { header: plain, bytes: header, hash, ...proofOf(seal, entries, 0, crypto) }
  })
  const pairs = fc.tuple(sealed, sealed).filter(([a, b]) => contradicts(a, b) && compareBytes(a.hash, b.hash) !== 0)
  return pairs.map(([a, b]) => makeFork(a, b))
}

const keyChange: fc.Arbitrary<KeyChange> = fc.oneof(
  record({ kind: fc.constant('add-writer' as const), peer, writer: u32, caps: fc.nat({ max: 3 }) }),
  record({ kind: fc.constantFrom('remove-writer' as const, 'drop-limbo' as const), writer: u32 }),
  record({ kind: fc.constantFrom('vouch' as const, 'withdraw' as const, 'remove-peer' as const), peer }),
  record({ kind: fc.constantFrom('rotate-root' as const, 'revoke-invite' as const), key: hash }),
  record({
    kind: fc.constant('policy' as const),
    policy: record({
      admission: fc.constantFrom('open' as const, 'invite' as const),
      replicas: fc.nat({ max: 65535 }),
      trustedMin: fc.nat({ max: 65535 }),
      profile: fc.constantFrom('test' as const, 'lan' as const, 'wan' as const, 'simulated' as const),
      workBits: fc.nat({ max: 40 }),
      protocolMin: number
    })
  })
)

const keyOp: fc.Arbitrary<KeyOp> = record({
  seq: number.map((n) => Math.max(1, n)),
  prev: hash,
  op: keyChange,
  wall: u48,
  sig: signature
}).map((op) => (op.seq === 1 ? { ...op, prev: new Uint8Array(32) } : { ...op, prev: op.prev.with(0, op.prev[0] || 1) }))

const addresses = fc.uniqueArray(textOf(1, 60), { maxLength: 8 })
const memberRecord: fc.Arbitrary<MemberRecord> = record({
  peer,
  incarnation: number,
  class: fc.constantFrom('trusted' as const, 'volunteer' as const),
  weight: fc.nat({ max: 10 }),
  zone: textOf(0, 32),
  flags: record({
    declining: fc.boolean(),
    leaving: fc.boolean(),
    maintenance: fc.boolean(),
    syncing: fc.boolean(),
    left: fc.boolean()
  }),
  ipfsPeer: textOf(0, 60),
  addresses: addresses.filter((list) => Buffer.byteLength(list.join('')) < 500),
  until: u48,
  stamp: bytesOf(8),
  version: textOf(0, 32),
  sig: signature
})

const beat: fc.Arbitrary<Beat> = record({
  peer,
  incarnation: number,
  n: number,
  everyMs: fc.integer({ min: 10, max: 3_600_000 }),
  recordHash: bytesOf(8),
  root: bytesOf(16),
  store: fc.constantFrom('ok' as const, 'read-only' as const, 'full' as const, 'failing' as const),
  free: u8,
  wall: u48,
  sig: signature
})

const states = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40, max: 9 }),
  fc.tuple(fc.constantFrom(3, 4), fc.integer({ min: 1, max: 400 })).map(([s, n]) => new Uint8Array(n).fill(s))
)
const claim: fc.Arbitrary<Claim> = record({
  peer,
  shard: u8,
  seq: number,
  wall: u48,
  holdUntil: u48,
  sizeClass: u8,
  buckets: fc
    .uniqueArray(record({ low: u8, view: bytesOf(8), states }), { maxLength: 12, selector: (bucket) => bucket.low })
    .map((buckets) => buckets.toSorted((a, b) => a.low - b.low)),
  sig: signature
})

const charter: fc.Arbitrary<Charter> = record({
  version: fc.constant(1 as const),
  name: textOf(1, 64),
  root: hash,
  salt: bytesOf(16)
})

const grant: fc.Arbitrary<Grant> = record({
  rootFingerprint: bytesOf(8),
  role: fc.constantFrom('writer' as const, 'trusted' as const),
  uses: fc.integer({ min: 1, max: 65535 }),
  until: u48,
  key: hash,
  by: u32,
  maker: peer,
  sig: signature
}).map((one) => ({ ...one, by: one.role === 'writer' ? 0 : one.by }))

const invite: fc.Arbitrary<Invite> = record({ meshId: hash, secret: hash, addresses, grant })

const admission: fc.Arbitrary<Admission> = record({
  grant,
  peer,
  proof: signature,
  sponsor: peer,
  wall: u48,
  sig: signature
}).map((one) => ({ ...one, wall: Math.min(one.wall, one.grant.until * 1000) }))

/** Lets tests over all formats be written once; each row is one format with its own value type. */
export function formats(crypto: Crypto, each: <T>(format: Format<T>) => void): void {
  each({ name: 'charter', value: charter, encode: encodeCharter, decode: decodeCharter })
  each({ name: 'register', value: register, encode: encodeRegister, decode: decodeRegister })
  each({ name: 'entry', value: entryOf(crypto), encode: encodeEntry, decode: (bytes) => decodeEntry(bytes, crypto) })
  each({ name: 'seal', value: seal, encode: encodeSeal, decode: decodeSeal })
  each({ name: 'stored entry', value: storedOf(crypto), encode: encodeStored, decode: (b) => decodeStored(b, crypto) })
  const commit = commitOf(crypto, entryOf(crypto))
  each({ name: 'commit', value: commit, encode: encodeCommit, decode: (bytes) => decodeCommit(bytes, crypto) })
  each({ name: 'key operation', value: keyOp, encode: encodeKeyOp, decode: decodeKeyOp })
  each({ name: 'record', value: memberRecord, encode: encodeRecord, decode: decodeRecord })
  each({ name: 'beat', value: beat, encode: encodeBeat, decode: decodeBeat })
  each({ name: 'claim', value: claim, encode: encodeClaim, decode: decodeClaim })
  each({ name: 'fork', value: forkOf(crypto), encode: encodeFork, decode: (bytes) => decodeFork(bytes, crypto) })
  each({ name: 'grant', value: grant, encode: encodeGrant, decode: decodeGrant })
  each({ name: 'admission', value: admission, encode: encodeAdmission, decode: decodeAdmission })
  each({
    name: 'invite',
    value: invite,
    encode: (one) => encodeInvite(one, crypto),
    decode: (bytes) => decodeInvite(bytes, crypto)
  })
}
