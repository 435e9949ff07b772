/*
 * The bounds of what a peer says of itself and of what the root says of peers: records, beats, key operations, invitations.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FormatError } from '../../src/bytes/format-error.ts'
import { type Beat, decodeBeat, encodeBeat } from '../../src/formats/beat.ts'
import { encodeAdmission } from '../../src/formats/admission.ts'
import { decodeGrant, encodeGrant, inviteText, inviteTextMax, parseInvite } from '../../src/formats/invite.ts'
import { type KeyOp, encodeKeyOp } from '../../src/formats/key-op.ts'
import { type MemberRecord, encodeRecord, placesOf, stampBits } from '../../src/formats/record.ts'
import { admission, beat, crypto, grant, invite, keyOps, meshId, record } from './samples.ts'

test('a record out of its bounds is not encoded', () => {
  const bad: Array<Partial<Record<keyof MemberRecord, unknown>>> = [
    { peer: 'me' },
    { incarnation: -1 },
    { class: 'root' },
    { weight: 11 },
    { zone: 'z'.repeat(33) },
    { ipfsPeer: record.peer },
    { ipfsPeer: 'p'.repeat(129) },
    { addresses: Array.from({ length: 9 }, (_, i) => `/${i}`) },
    { addresses: ['/a', '/a'] },
    { addresses: [''] },
    { addresses: ['/'.repeat(129)] },
    { addresses: Array.from({ length: 8 }, (_, i) => `${i}`.repeat(128)) },
    { until: 2 ** 48 },
    { stamp: new Uint8Array(7) },
    { version: 'v'.repeat(33) },
    { sig: new Uint8Array(63) }
  ]
  for (const change of bad) {
    assert.throws(() => encodeRecord({ ...record, ...change } as MemberRecord), FormatError, JSON.stringify(change))
  }
})

test('the addresses of the IPFS back end are those that end in its peer id', () => {
  const addresses = [
    '/ip4/192.0.2.7/tcp/4101',
    '/ip4/192.0.2.7/tcp/4001/p2p/12D3Kubo',
    '/ip4/192.0.2.7/tcp/1/p2p/12D3Me'
  ]
  const [own, other, third] = addresses
  assert.deepEqual(placesOf({ ipfsPeer: '12D3Kubo', addresses }), { own: [own, third], backEnd: [other] })
  assert.deepEqual(placesOf({ ipfsPeer: '', addresses }), { own: addresses, backEnd: [] })
})

test('the work in a stamp is counted in leading zero bits', () => {
  const stamp = new Uint8Array(8)
  const bitsOf = (...head: number[]): number => {
    const hash = (): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => head[i] ?? 0)
    return stampBits(crypto.peer, meshId, stamp, { ...crypto, hash })
  }
  assert.deepEqual([bitsOf(0x80), bitsOf(1), bitsOf(0, 0x40), bitsOf(0, 0, 255), bitsOf()], [0, 7, 9, 16, 256])
})

test('a beat out of its bounds is neither encoded nor decoded', () => {
  const bad: Array<Partial<Record<keyof Beat, unknown>>> = [
    { everyMs: 9 },
    { everyMs: 3_600_001 },
    { store: 'lost' },
    { free: 256 },
    { root: new Uint8Array(15) },
    { recordHash: new Uint8Array(9) },
    { wall: -1 }
  ]
  for (const change of bad) {
    assert.throws(() => encodeBeat({ ...beat, ...change } as Beat), FormatError, JSON.stringify(change))
  }
  const bytes = encodeBeat(beat)
  const store = bytes.length - 64 - 6 - 1 - 1
  for (const code of [0, 5]) assert.throws(() => decodeBeat(bytes.with(store, code)), FormatError)
})

test('a key operation out of its bounds is not encoded', () => {
  const [add, , , , policy] = keyOps as [KeyOp, KeyOp, KeyOp, KeyOp, KeyOp]
  const bad: KeyOp[] = [
    { ...add, seq: 0 },
    { ...add, seq: 2 },
    { ...policy, seq: 1 },
    { ...add, op: { ...add.op, caps: 4 } as KeyOp['op'] },
    { ...add, op: { kind: 'other' } as unknown as KeyOp['op'] },
    { ...add, op: { kind: 'rotate-root', key: new Uint8Array(33) } },
    { ...add, op: { kind: 'remove-writer', writer: 2 ** 32 } }
  ]
  const limits = [{ replicas: 65536 }, { trustedMin: -1 }, { workBits: 41 }, { profile: 'moon' }, { admission: 'any' }]
  for (const limit of limits) {
    if (policy.op.kind !== 'policy') continue
    bad.push({ ...policy, op: { kind: 'policy', policy: { ...policy.op.policy, ...(limit as object) } } })
  }
  assert.equal(bad.length, 12)
  for (const op of bad) assert.throws(() => encodeKeyOp(op), FormatError, JSON.stringify(op))
})

test('an invitation is one word and comes back from it', () => {
  const text = inviteText(invite, crypto)
  assert.match(text, /^z[A-Za-z0-9]+$/)
  assert.deepEqual(parseInvite(text, crypto), invite)
  const addresses = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(128))
  assert.ok(inviteText({ ...invite, addresses }, crypto).length <= inviteTextMax)
})

test('a word that is not an invitation is refused, also one that was mistyped anywhere', () => {
  const text = inviteText(invite, crypto)
  const others = ['', 'z', text.slice(1), text.slice(0, -1), `${text}1`, ` ${text}`, `${text}\n`, 'z'.repeat(3000)]
  for (const other of others) assert.throws(() => parseInvite(other, crypto), FormatError)
  for (let at = 1; at < text.length; at++) {
    const mistyped = text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1)
    assert.throws(() => parseInvite(mistyped, crypto), FormatError, mistyped)
  }
  assert.throws(() => encodeGrant({ ...grant, uses: 0 }), FormatError)
  assert.throws(() => encodeGrant({ ...grant, role: 'writer', by: 1 }), FormatError)
  assert.throws(() => decodeGrant(encodeGrant(grant).with(0, 2)), FormatError)
})

test('an admission after the day of its invitation is none', () => {
  assert.ok(encodeAdmission({ ...admission, wall: grant.until * 1000 }))
  assert.throws(() => encodeAdmission({ ...admission, wall: grant.until * 1000 + 1 }), FormatError)
})
