/**
 * Tests of core, trust/found: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '../../src/bytes/format-error.ts'
import { decodeCharter, meshIdOf } from '../../src/formats/charter.ts'
import { found, learn, policyOf } from '../../src/trust/found.ts'
import { Charter, MemoryDisk, dice, epoch, openPolicy } from '../kit.ts'
import { nodeCrypto } from '../node-crypto.ts'

const crypto = nodeCrypto(1, 2)
const asRoot = crypto.signAsRoot as (bytes: Uint8Array) => Uint8Array
const founding = {
  name: 'm',
  rootKey: crypto.rootKey as Uint8Array,
  founder: crypto.peer,
  policy: openPolicy,
  wall: epoch
}

function make(seed: number): ReturnType<typeof found> {
  const below = dice(seed)
  const random = { below, bytes: (n: number) => Uint8Array.from({ length: n }, () => below(256)) }
  return found(founding, { ...crypto, signAsRoot: asRoot }, random)
}

test('a new mesh has its policy, and a founder who may write and is trusted', () => {
  const { charter, meshId, rows } = make(1)
  assert.deepEqual(meshId, meshIdOf(charter, crypto))
  assert.deepEqual(decodeCharter(charter).root, crypto.rootKey)
  const disk = new MemoryDisk()
  disk.write(rows)
  assert.deepEqual(policyOf(charter, disk.table('fact'), crypto), openPolicy)
  const driver = new Charter(1).driver(0)
  driver.start()
  assert.ok(driver.core.isWriter)
  assert.ok(driver.core.trusts(driver.peer))
})

test('two meshes of one founder and name are two meshes', () => {
  assert.notDeepEqual(make(1).meshId, make(2).meshId)
})

test('a newcomer keeps what the charter’s root key has signed, and refuses the rest', () => {
  const charter = new Charter(3)
  const ops = charter.facts.keyLog.after(0)
  const { rows, policy } = learn(charter.bytes, ops, nodeCrypto(50))
  assert.deepEqual(policy, charter.facts.keyLog.policy)
  const disk = new MemoryDisk()
  disk.write(rows)
  const own = new MemoryDisk()
  own.write(charter.rows)
  assert.deepEqual(disk.table('fact'), own.table('fact'))
  assert.throws(() => learn(make(9).charter, ops, crypto), FormatError)
})

test('a newcomer that heard only the beginning keeps that, and nothing after a gap', () => {
  const charter = new Charter(4)
  const ops = charter.facts.keyLog.after(0)
  const { rows } = learn(charter.bytes, [...ops.slice(0, 2), ...ops.slice(3)], crypto)
  assert.equal(rows.length, 3)
})
