/*
 * One fixed value of every format, with real keys and signatures, from which the golden vectors are made. Nothing in it may
 * depend on time, chance or the platform.
 */
import { fromHex, fromText } from '../../src/bytes/compare.ts'
import { signedBytes } from '../../src/crypto.ts'
import { type Beat, beatBytes } from '../../src/formats/beat.ts'
import { type Charter, encodeCharter, meshIdOf } from '../../src/formats/charter.ts'
import { type Claim, claimBytes } from '../../src/formats/claim.ts'
import type { Commit } from '../../src/formats/commit.ts'
import { type Entry, makeEntry } from '../../src/formats/entry.ts'
import { type Fork, makeFork } from '../../src/formats/fork.ts'
import { type Admission, admissionBytes } from '../../src/formats/admission.ts'
import { type Grant, type Invite, grantBytes } from '../../src/formats/invite.ts'
import { type KeyChange, type KeyOp, keyOpBytes } from '../../src/formats/key-op.ts'
import { canonicalCid } from '../../src/formats/key.ts'
import { merkleRoot } from '../../src/formats/merkle.ts'
import { type MemberRecord, recordBytes } from '../../src/formats/record.ts'
import { type PinRegister, sortPeers } from '../../src/formats/register.ts'
import { type Seal, sealedBytes } from '../../src/formats/seal.ts'
import { type Proof, type SealedHeader, proofOf } from '../../src/formats/stored.ts'
import { type NodeCrypto, nodeCrypto } from '../node-crypto.ts'

export const crypto: NodeCrypto = nodeCrypto(1, 2)
export const peers: string[] = sortPeers([crypto.peer, nodeCrypto(3).peer])
const rootKey = crypto.rootKey as Uint8Array
const signAsRoot = crypto.signAsRoot as (bytes: Uint8Array) => Uint8Array
const zero = new Uint8Array(32)
const wall = 1_790_000_000_123
const address = '/ip4/192.0.2.1/tcp/4001'

export const charter: Charter = {
  version: 1,
  name: 'möhre',
  root: rootKey,
  salt: fromHex('00112233445566778899aabbccddeeff')
}
export const meshId: Uint8Array = meshIdOf(encodeCharter(charter), crypto)

export const cids = {
  v0: 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR',
  v1: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  identity: 'bafkqaaa'
} as const

export const pin: PinRegister = {
  op: 'pin',
  lamport: wall,
  mode: 'recursive',
  min: 2,
  max: 3,
  trustedMin: 1,
  priority: 128,
  cid: canonicalCid(cids.v1),
  bytes: 1 << 20,
  expiry: 1_800_000_000,
  name: 'a näme 🐟',
  meta: [
    ['app', 'pinmesh'],
    ['run', '']
  ],
  chosen: peers,
  origins: [`${address}/p2p/${crypto.peer}`]
}
export const plainPin: PinRegister = {
  op: 'pin',
  lamport: 1,
  mode: 'direct',
  min: 0,
  max: 0,
  trustedMin: 0,
  priority: 0,
  cid: canonicalCid(cids.v0)
}
export const unpin = { op: 'unpin', lamport: 0xffffffffffff } as const

const place = { writer: 0xdeadbeef, prefixLen: 12, prefix: 0x1230, generation: 0, keySeq: 4 } as const
export const firstEntry: Entry = makeEntry(
  { ...place, kind: 'set', seq: 1, prev: zero, clock: 0, count: 3, body: fromText('the first body') },
  crypto
)
export const secondEntry: Entry = makeEntry(
  { ...place, kind: 'set', seq: 2, prev: firstEntry.hash, clock: 3, count: 300, body: fromText('the second body') },
  crypto
)
export const resetEntry: Entry = makeEntry(
  {
    ...place,
    prefixLen: 16,
    prefix: 0xfedc,
    generation: 1,
    kind: 'reset',
    seq: 1,
    prev: zero,
    clock: 0,
    count: 0,
    body: new Uint8Array(200)
  },
  crypto
)

function sealed(entries: readonly Entry[], commit: number): Seal {
  const root = merkleRoot(
    entries.map((entry) => entry.hash),
    crypto
  )
  const unsigned = { writer: place.writer, commit, prevCommit: zero, n: entries.length, root }
  return { ...unsigned, sig: crypto.sign(signedBytes('pinmesh/seal/1', meshId, sealedBytes(unsigned))) }
}

const entries = [firstEntry, secondEntry, resetEntry]
export const commit: Commit = { seal: sealed(entries, 300), entries }
export const proof: Proof = proofOf(commit.seal, entries, 1, crypto)

const otherEntry = makeEntry(
  { ...place, kind: 'set', seq: 2, prev: firstEntry.hash, clock: 3, count: 1, body: fromText('another') },
  crypto
)

function sealedHeader(entry: Entry): SealedHeader {
  const { header: bytes, hash, body: _, ...header } = entry
  return { header, bytes, hash, ...proofOf(sealed([entry], 301), [entry], 0, crypto) }
}

export const fork: Fork = makeFork(sealedHeader(secondEntry), sealedHeader(otherEntry))

function keyOp(op: KeyChange, seq = 2): KeyOp {
  const unsigned = { seq, prev: seq === 1 ? zero : meshId, op, wall }
  return { ...unsigned, sig: signAsRoot(signedBytes('pinmesh/key/1', meshId, keyOpBytes(unsigned))) }
}

const policy = { admission: 'open', replicas: 3, trustedMin: 1, profile: 'wan', workBits: 18, protocolMin: 1 } as const
export const keyOps: KeyOp[] = [
  keyOp({ kind: 'add-writer', peer: crypto.peer, writer: place.writer, caps: 2 }, 1),
  keyOp({ kind: 'remove-writer', writer: place.writer }),
  keyOp({ kind: 'vouch', peer: crypto.peer }),
  keyOp({ kind: 'withdraw', peer: crypto.peer }),
  keyOp({ kind: 'policy', policy }),
  keyOp({ kind: 'rotate-root', key: crypto.key }),
  keyOp({ kind: 'drop-limbo', writer: place.writer }),
  keyOp({ kind: 'remove-peer', peer: crypto.peer }),
  keyOp({ kind: 'revoke-invite', key: crypto.key })
]

const unsignedRecord = {
  peer: crypto.peer,
  incarnation: 7,
  class: 'volunteer',
  weight: 5,
  zone: 'fra-1',
  flags: { declining: false, leaving: true, maintenance: false, syncing: true, left: false },
  ipfsPeer: peers.find((peer) => peer !== crypto.peer) as string,
  addresses: [address, '/dns4/example.org/tcp/443/wss'],
  until: 1_790_600_000,
  stamp: fromHex('0102030405060708'),
  version: '0.1.0'
} as const
export const record: MemberRecord = {
  ...unsignedRecord,
  addresses: [...unsignedRecord.addresses],
  sig: crypto.sign(
    signedBytes(
      'pinmesh/record/1',
      meshId,
      recordBytes({ ...unsignedRecord, addresses: [...unsignedRecord.addresses] })
    )
  )
}

const unsignedBeat = {
  peer: crypto.peer,
  incarnation: 7,
  n: 1000,
  everyMs: 5000,
  recordHash: fromHex('a1a2a3a4a5a6a7a8'),
  root: fromHex('000102030405060708090a0b0c0d0e0f'),
  store: 'full',
  free: 25,
  wall
} as const
export const beat: Beat = {
  ...unsignedBeat,
  sig: crypto.sign(signedBytes('pinmesh/beat/1', meshId, beatBytes(unsignedBeat)))
}

const view = fromHex('b1b2b3b4b5b6b7b8')
const unsignedClaim = {
  peer: crypto.peer,
  shard: 0x12,
  seq: 129,
  wall,
  holdUntil: wall + 600_000,
  sizeClass: 33,
  buckets: [
    { low: 0, view, states: new Uint8Array(200).fill(4) },
    { low: 3, view, states: Uint8Array.of(3) },
    { low: 255, view, states: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9) }
  ]
}
export const claim: Claim = {
  ...unsignedClaim,
  sig: crypto.sign(signedBytes('pinmesh/claim/1', meshId, claimBytes(unsignedClaim)))
}

const oneTime = nodeCrypto(crypto.hash(fromText('one time')))
const unsignedGrant = {
  rootFingerprint: crypto.hash(rootKey).slice(0, 8),
  role: 'trusted' as const,
  uses: 1,
  until: 1_790_600_000,
  key: oneTime.key,
  by: 0,
  maker: crypto.peer
}
export const grant: Grant = {
  ...unsignedGrant,
  sig: signAsRoot(signedBytes('pinmesh/invite/1', meshId, grantBytes(unsignedGrant)))
}
export const invite: Invite = { meshId, secret: crypto.hash(fromText('one time')), addresses: [address], grant }

const newcomer = nodeCrypto(3)
const unsignedAdmission = {
  grant,
  peer: newcomer.peer,
  proof: oneTime.sign(signedBytes('pinmesh/admit/1', meshId, newcomer.key)),
  sponsor: crypto.peer,
  wall
}
export const admission: Admission = {
  ...unsignedAdmission,
  sig: crypto.sign(signedBytes('pinmesh/admission/1', meshId, admissionBytes(unsignedAdmission)))
}
