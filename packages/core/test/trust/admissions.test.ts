/**
 * Tests of core, trust/admissions: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../../src/bytes/format-error.ts'
import { capInvite } from '../../src/formats/key-op.ts'
import type { Grant } from '../../src/formats/invite.ts'
import { Facts } from '../../src/trust/facts.ts'
import { Charter, epoch } from '../kit.ts'
import { type NodeCrypto, nodeCrypto } from '../node-crypto.ts'
import { admissionOf, grantOf, proofOf } from './invite-kit.ts'

const charter = new Charter(3)
const guests = [50, 51, 52, 53, 54].map((seed) => nodeCrypto(seed).peer)
const [one, two] = guests as [string, string]

function factsOf(of: Charter = charter): Facts {
  const facts = new Facts({ meshId: of.meshId, root: of.founder.rootKey as Uint8Array, crypto: of.founder })
  facts.load(of.rows.map(({ key, value }) => ({ key, value: value as Uint8Array })))
  return facts
}

const take = (facts: Facts, bytes: Uint8Array): string => facts.takeAdmission(bytes).outcome

test('who shows the one-time key to a member is trusted, and its record makes it a member', () => {
  const facts = factsOf()
  assert.equal(facts.trusted(one), false)
  assert.equal(take(facts, admissionOf(charter, grantOf(charter), one)), 'new')
  assert.equal(facts.trusted(one), true)
  const guest = { ...charter.founder, ...nodeCrypto(50) }
  const own = new Charter(3)
  own.cryptos.push(guest)
  assert.equal(facts.takeRecord(own.record(3), epoch).outcome, 'new')
})

test('in whatever order uses are heard, and however often, the earliest stand and the roots are equal', () => {
  const walls = fc.array(fc.nat({ max: 3 }), { minLength: guests.length, maxLength: guests.length })
  const orders = fc.array(fc.nat({ max: guests.length - 1 }), { maxLength: 20 })
  fc.assert(
    fc.property(walls, fc.integer({ min: 1, max: 4 }), orders, (at, uses, order) => {
      const grant = grantOf(charter, { uses })
      const all = guests.map((peer, n) => admissionOf(charter, grant, peer, { wall: epoch + (at[n] as number) }))
      const heard = new Set(order)
      const left = factsOf()
      for (const n of order) take(left, all[n] as Uint8Array)
      const right = factsOf()
      for (const n of [...heard].sort()) take(right, all[n] as Uint8Array)
      const first = [...heard]
        .sort(
          (a, b) => (at[a] as number) - (at[b] as number) || ((guests[a] as string) < (guests[b] as string) ? -1 : 1)
        )
        .slice(0, uses)
      assert.deepEqual(left.root, right.root)
      assert.deepEqual(
        guests.map((peer) => left.trusted(peer)),
        guests.map((_, n) => first.includes(n))
      )
    }),
    { numRuns: 60 }
  )
})

test('one peer that was admitted twice uses the invitation once', () => {
  const facts = factsOf()
  const grant = grantOf(charter, { uses: 2 })
  const sponsor = charter.cryptos[1] as NodeCrypto
  assert.equal(take(facts, admissionOf(charter, grant, one, { wall: epoch + 5 })), 'new')
  assert.equal(take(facts, admissionOf(charter, grant, one, { sponsor })), 'new')
  assert.equal(take(facts, admissionOf(charter, grant, one, { wall: epoch + 9 })), 'old')
  assert.equal(take(facts, admissionOf(charter, grant, two, { wall: epoch + 9 })), 'new')
  assert.deepEqual([facts.trusted(one), facts.trusted(two)], [true, true])
})

test('what nobody who may invite has signed, what the one-time key has not, and what no member has, is forged', () => {
  const facts = factsOf()
  const grant = grantOf(charter)
  const elsewhere = new Charter(3, { name: 'another' })
  const forged: Uint8Array[] = [
    admissionOf(charter, grantOf(charter, {}, nodeCrypto(8).sign), one),
    admissionOf(charter, { ...grant, uses: 9 }, one),
    admissionOf(charter, grantOf(elsewhere), one),
    admissionOf(charter, grant, one, { proof: proofOf(charter, two) }),
    admissionOf(charter, grant, one, { proof: proofOf(charter, one, nodeCrypto(9)) }),
    admissionOf(charter, grant, one, { proof: proofOf(elsewhere, one) }),
    admissionOf(elsewhere, grant, one, { proof: proofOf(charter, one) })
  ]
  for (const bytes of forged) assert.throws(() => take(facts, bytes), FormatError)
  assert.equal(facts.trusted(one), false)
  assert.equal(take(facts, admissionOf(charter, grant, one, { sponsor: nodeCrypto(77) })), 'gap')
})

test('any changed byte of an admission makes it refused', () => {
  const bytes = admissionOf(charter, grantOf(charter), one)
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const facts = factsOf()
      try {
        assert.notEqual(take(facts, bytes.with(at, (bytes[at] as number) ^ by)), 'new')
      } catch (error) {
        assert.ok(error instanceof FormatError)
      }
      assert.ok(!facts.trusted(one))
    })
  )
})

test('a writer invites where it may, to be trusted alone, and no longer when it is removed', () => {
  const own = new Charter(2)
  const writer = own.cryptos[1] as NodeCrypto
  const by = own.writers.get(writer.peer) as number
  const admission = admissionOf(own, grantOf(own, { by }, writer.sign), one)
  const before = factsOf(own)
  assert.equal(take(before, admission), 'gap')
  before.takeOp(own.op({ kind: 'add-writer', peer: writer.peer, writer: by, caps: capInvite }))
  assert.equal(take(before, admission), 'new')
  assert.ok(before.trusted(one))
  before.takeOp(own.op({ kind: 'remove-writer', writer: by }))
  assert.equal(before.expire(epoch).length, 1)
  assert.ok(!before.trusted(one))
  assert.equal(take(before, admission), 'unfit')
})

test('an invitation that the owner has ended admits nobody, early or late; who was vouched for stays', () => {
  const own = new Charter(2)
  const grant = grantOf(own, { uses: 3 })
  const facts = factsOf(own)
  for (const peer of [one, two]) take(facts, admissionOf(own, grant, peer))
  facts.takeOp(own.op({ kind: 'vouch', peer: one }))
  facts.takeOp(own.op({ kind: 'revoke-invite', key: grant.key }))
  facts.expire(epoch)
  assert.deepEqual([facts.trusted(one), facts.trusted(two)], [true, false])
  const late = factsOf(own)
  assert.equal(take(late, admissionOf(own, grant, two)), 'unfit')
  late.expire(epoch)
  assert.deepEqual(late.root, facts.root)
})

test('a new root key ends the invitations of the old one', () => {
  const own = new Charter(2)
  const facts = factsOf(own)
  const admission = admissionOf(own, grantOf(own), one)
  take(facts, admission)
  facts.takeOp(own.op({ kind: 'rotate-root', key: nodeCrypto(3).key }))
  facts.expire(epoch)
  assert.ok(!facts.trusted(one))
  assert.equal(take(facts, admission), 'unfit')
})

test('who was put out or is trusted no longer does not come back by its invitation, only by a vouch', () => {
  for (const kind of ['withdraw', 'remove-peer'] as const) {
    const own = new Charter(2)
    const facts = factsOf(own)
    take(facts, admissionOf(own, grantOf(own), one))
    facts.takeOp(own.op({ kind, peer: one }))
    assert.ok(!facts.trusted(one))
    facts.takeOp(own.op({ kind: 'vouch', peer: one }))
    assert.ok(facts.trusted(one))
  }
})

test('what was taken is the same after a restart', () => {
  const facts = factsOf()
  const grant: Grant = grantOf(charter, { uses: 2 })
  const rows = [one, two].flatMap((peer) => facts.takeAdmission(admissionOf(charter, grant, peer)).rows)
  const again = factsOf()
  again.load(rows.map(({ key, value }) => ({ key, value: value as Uint8Array })))
  assert.deepEqual(again.root, facts.root)
  assert.ok(again.trusted(two))
})
