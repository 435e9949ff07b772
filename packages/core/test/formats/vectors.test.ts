/*
 * Golden vectors: the bytes of every format, and the values derived from them, held still in one file that the browser's tests
 * read too. A vector that changes is a new format version, not a new vector. `UPDATE_VECTORS=1` writes the file anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'

import { fromHex, toHex } from '../../src/bytes/compare.ts'
import { signedBytes } from '../../src/crypto.ts'
import { decodeBeat, encodeBeat } from '../../src/formats/beat.ts'
import { decodeCharter, encodeCharter, meshIdText } from '../../src/formats/charter.ts'
import { decodeClaim, encodeClaim } from '../../src/formats/claim.ts'
import { decodeEntry, encodeEntry } from '../../src/formats/entry.ts'
import { decodeFork, encodeFork } from '../../src/formats/fork.ts'
import { decodeAdmission, encodeAdmission } from '../../src/formats/admission.ts'
import { decodeGrant, decodeInvite, encodeGrant, encodeInvite, inviteText } from '../../src/formats/invite.ts'
import { decodeKeyOp, encodeKeyOp, keyOpHash } from '../../src/formats/key-op.ts'
import { canonicalCid, keyOfPin, mapKeyOf } from '../../src/formats/key.ts'
import { decodeRecord, encodeRecord, recordHash8, stampBits } from '../../src/formats/record.ts'
import { decodeRegister, encodeRegister } from '../../src/formats/register.ts'
import {
  decodeCommit,
  decodeSeal,
  decodeStored,
  encodeCommit,
  encodeSeal,
  encodeStored,
  sealHash
} from '../../src/formats/seal.ts'
import * as sample from './samples.ts'

const { crypto, meshId } = sample
const file = new URL('../vectors.json', import.meta.url)
const made: Record<string, string> = {}
const checks: Array<[string, (hex: string) => void]> = []

/** A value with its codec: the vector is its hex, and decodes to the value. */
function coded<T>(name: string, value: T, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T): void {
  made[name] = toHex(encode(value))
  checks.push([name, (hex) => assert.deepEqual(decode(fromHex(hex)), value)])
}

/** A value derived from the samples: the vector is the text itself. */
function derived(name: string, text: string): void {
  made[name] = text
}

const stored = { entry: sample.secondEntry, proof: sample.proof }
coded('charter', sample.charter, encodeCharter, decodeCharter)
coded('register/pin', sample.pin, encodeRegister, decodeRegister)
coded('register/pin-plain', sample.plainPin, encodeRegister, decodeRegister)
coded('register/unpin', sample.unpin, encodeRegister, decodeRegister)
coded('entry/first', sample.firstEntry, encodeEntry, (bytes) => decodeEntry(bytes, crypto))
coded('entry/second', sample.secondEntry, encodeEntry, (bytes) => decodeEntry(bytes, crypto))
coded('entry/reset', sample.resetEntry, encodeEntry, (bytes) => decodeEntry(bytes, crypto))
coded('seal', sample.commit.seal, encodeSeal, decodeSeal)
coded('stored/sealed', stored, encodeStored, (bytes) => decodeStored(bytes, crypto))
coded('stored/unsealed', { entry: sample.firstEntry }, encodeStored, (bytes) => decodeStored(bytes, crypto))
coded('commit', sample.commit, encodeCommit, (bytes) => decodeCommit(bytes, crypto))
for (const op of sample.keyOps) coded(`key-op/${op.op.kind}`, op, encodeKeyOp, decodeKeyOp)
coded('record', sample.record, encodeRecord, decodeRecord)
coded('beat', sample.beat, encodeBeat, decodeBeat)
coded('claim', sample.claim, encodeClaim, decodeClaim)
coded('fork', sample.fork, encodeFork, (bytes) => decodeFork(bytes, crypto))
coded('grant', sample.grant, encodeGrant, decodeGrant)
coded(
  'invite',
  sample.invite,
  (invite) => encodeInvite(invite, crypto),
  (bytes) => decodeInvite(bytes, crypto)
)
coded('admission', sample.admission, encodeAdmission, decodeAdmission)

derived('mesh-id', toHex(meshId))
derived('mesh-id/text', meshIdText(meshId))
derived('invite/text', inviteText(sample.invite, crypto))
derived('peer', crypto.peer)
derived('peer/key', toHex(crypto.key))
for (const [name, cid] of Object.entries(sample.cids)) {
  derived(`pin-key/${name}`, toHex(keyOfPin(meshId, canonicalCid(cid), crypto)))
}
derived('map-key', mapKeyOf(keyOfPin(meshId, canonicalCid(sample.cids.v0), crypto), 'a-slot'))
derived('entry/first/hash', toHex(sample.firstEntry.hash))
derived('seal/signed', toHex(signedBytes('pinmesh/seal/1', meshId, Uint8Array.of(1, 2, 3))))
derived('seal/hash', toHex(sealHash(sample.commit.seal, meshId, crypto)))
derived('key-op/hash', toHex(keyOpHash(sample.keyOps[0] as (typeof sample.keyOps)[0], meshId, crypto)))
derived('record/hash8', toHex(recordHash8(encodeRecord(sample.record), crypto)))
derived('record/stamp-bits', String(stampBits(crypto.peer, meshId, sample.record.stamp, crypto)))

if (process.env['UPDATE_VECTORS'] === '1') writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`)
const held = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>

test('every value still has the bytes of its golden vector, and no vector is left over', () => {
  assert.deepEqual(made, held)
})

test('every golden vector is still decoded to its value', () => {
  for (const [name, check] of checks) check(held[name] ?? assert.fail(`no vector ${name}`))
})
