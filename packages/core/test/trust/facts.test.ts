/**
 * Tests of core, trust/facts: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../../src/bytes/format-error.ts'
import type { Row } from '../../src/effects.ts'
import { decodeFork, encodeFork, makeFork } from '../../src/formats/fork.ts'
import { decodeRecord, encodeRecord, stampBits } from '../../src/formats/record.ts'
import type { StoredEntry } from '../../src/formats/stored.ts'
import { Facts } from '../../src/trust/facts.ts'
import { Charter, cidText, epoch, openPolicy } from '../kit.ts'

const charter = new Charter(4, { vouched: 3 })
const [a, b, c, stranger] = charter.cryptos.map(({ peer }) => peer) as [string, string, string, string]
const seconds = epoch / 1000

function facts(from: Charter = charter): Facts {
  const made = new Facts({ meshId: from.meshId, root: from.founder.rootKey as Uint8Array, crypto: from.founder })
  made.load(from.rows.map(({ key, value }) => ({ key, value: value as Uint8Array })))
  return made
}

/** A proof that writer n has forked, of two histories of one leaf. */
function forkOf(n: number, from: Charter = charter, cid = 1): Uint8Array {
  const scribe = from.scribe(n)
  const key = from.mapKey(cidText(cid))
  const one = scribe.fork({ [key]: scribe.pin(cidText(cid)) })
  const two = scribe.write({ [key]: scribe.pin(cidText(cid), { lamport: epoch + 5 }) })
  const header = ({ entry, proof }: StoredEntry): Parameters<typeof makeFork>[0] => ({
    header: entry,
    bytes: entry.header,
    hash: entry.hash,
    ...(proof as NonNullable<StoredEntry['proof']>)
  })
  return encodeFork(makeFork(header(one.stored[0] as StoredEntry), header(two.stored[0] as StoredEntry)))
}

test('of two records of a peer the later incarnation counts, and within one the later date', () => {
  const known = facts()
  const give = (incarnation: number, until: number): string =>
    known.takeRecord(charter.record(0, { incarnation, until: seconds + until }), epoch).outcome
  assert.equal(give(2, 100), 'new')
  assert.equal(give(2, 100), 'old')
  assert.equal(give(2, 99), 'old')
  assert.equal(give(1, 900), 'old')
  assert.equal(give(2, 101), 'new')
  assert.equal(give(3, 50), 'new')
  assert.equal(known.record(a)?.until, seconds + 50)
})

test('of two records that say different things of one instant all peers keep the same', () => {
  const records = ['x', 'y', 'z'].map((version) => charter.record(1, { version }))
  const roots = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0]
  ].map((order) => {
    const known = facts()
    for (const n of order) known.takeRecord(records[n] as Uint8Array, epoch)
    return known.root
  })
  assert.deepEqual(roots[1], roots[0])
  assert.deepEqual(roots[2], roots[0])
})

test('a record is taken only of whom the key log vouches for, while it is valid', () => {
  const known = facts()
  assert.equal(known.takeRecord(charter.record(3), epoch).outcome, 'unfit')
  assert.equal(known.takeRecord(charter.record(1, { until: seconds }), epoch).outcome, 'unfit')
  assert.equal(known.takeRecord(charter.record(1, { until: seconds + 1 }), epoch).outcome, 'new')
  assert.equal(known.record(stranger), undefined)
  known.takeOp(charter.sign({ kind: 'vouch', peer: stranger }))
  assert.equal(known.takeRecord(charter.record(3), epoch).outcome, 'new')
})

test('a forged record is refused before it is judged, and one that was signed for another mesh is forged', () => {
  const record = charter.record(1)
  const { sig } = decodeRecord(record)
  const forged = encodeRecord({ ...decodeRecord(record), weight: 9 })
  assert.throws(() => facts().takeRecord(forged, epoch), FormatError)
  assert.throws(() => facts().takeRecord(encodeRecord({ ...decodeRecord(record), peer: c, sig }), epoch), FormatError)
  const elsewhere = new Charter(4, { name: 'another' })
  assert.throws(() => facts().takeRecord(elsewhere.record(1), epoch), FormatError)
})

test('in an open mesh the stamp makes a member of whom nobody vouched for, and removal takes it away', () => {
  const open = new Charter(3, { policy: { ...openPolicy, workBits: 6 }, vouched: 1, writing: 1 })
  const { peer } = open.cryptos[1] as { peer: string }
  const stampOf = (enough: boolean): Uint8Array => {
    for (let n = 0; ; n++) {
      const stamp = Uint8Array.of(0, 0, 0, 0, 0, 0, n >> 8, n)
      if (stampBits(peer, open.meshId, stamp, open.founder) >= 6 === enough) return stamp
    }
  }
  const known = facts(open)
  assert.equal(known.takeRecord(open.record(1, { stamp: stampOf(false) }), epoch).outcome, 'unfit')
  assert.equal(known.takeRecord(open.record(1, { stamp: stampOf(true) }), epoch).outcome, 'new')
  known.takeOp(open.op({ kind: 'remove-peer', peer }))
  assert.equal(known.expire(epoch).length, 1)
  assert.equal(known.record(peer), undefined)
})

test('records past their date and of those who lost their voucher are forgotten, on disk too', () => {
  const known = facts()
  const rows = [0, 1, 2].flatMap((n) => known.takeRecord(charter.record(n, { until: seconds + 10 + n }), epoch).rows)
  known.takeOp(charter.sign({ kind: 'withdraw', peer: c }))
  assert.deepEqual(
    known.expire(epoch + 10_000).map(({ key }) => key),
    [rows[0]?.key, rows[2]?.key]
  )
  assert.deepEqual([known.record(a), known.record(c)], [undefined, undefined])
  assert.ok(known.record(b))
  assert.deepEqual(known.expire(epoch + 10_000), [])
})

test('equal roots mean equal facts: it depends on what is held, not on the order in which it came', () => {
  const items = [
    (known: Facts): void => void known.takeRecord(charter.record(0), epoch),
    (known: Facts): void => void known.takeRecord(charter.record(1), epoch),
    (known: Facts): void => void known.takeRecord(charter.record(1, { incarnation: 2 }), epoch),
    (known: Facts): void => void known.takeFork(forkOf(1)),
    (known: Facts): void => void known.takeFork(forkOf(2, charter, 2))
  ]
  const order = fc.shuffledSubarray(items.map((_, n) => n))
  fc.assert(
    fc.property(order, order, (one, two) => {
      const roots = [one, two].map((take) => {
        const known = facts()
        for (const n of take) items[n]?.(known)
        return Buffer.from(known.root).toString('hex')
      })
      // The second record of a peer makes the first one nothing.
      const lasting = (take: number[]): string =>
        take
          .filter((n) => n !== 1 || !take.includes(2))
          .sort()
          .join()
      assert.equal(roots[0] === roots[1], lasting(one) === lasting(two))
    }),
    { numRuns: 40 }
  )
})

test('the root changes with every operation of the key log', () => {
  const known = facts()
  const before = known.root
  known.takeOp(charter.sign({ kind: 'withdraw', peer: c }))
  assert.notDeepEqual(known.root, before)
})

test('a fork proof voids one generation of one log; which of several proofs it was makes no difference', () => {
  const known = facts()
  const proof = forkOf(1)
  const log = decodeFork(proof, charter.founder).a.header
  assert.equal(known.takeFork(proof).outcome, 'new')
  assert.ok(known.voided(log, 0))
  assert.ok(!known.voided(log, 1))
  assert.ok(!known.voided({ ...log, prefix: log.prefix ^ 0x10 }, 0))
  assert.ok(!known.voided({ ...log, writer: 99 }, 0))
  const again = forkOf(1)
  assert.equal(known.takeFork(again).outcome, 'old')
})

test('a proof whose headers the named writer has not sealed is refused', () => {
  const { a: one, b: two } = decodeFork(forkOf(2), charter.founder)
  const resealed = { ...one, seal: { ...one.seal, commit: one.seal.commit + 1 } }
  assert.throws(() => facts().takeFork(encodeFork({ a: resealed, b: two })), FormatError)
  const elsewhere = new Charter(4, { name: 'another', vouched: 3 })
  assert.throws(() => facts().takeFork(forkOf(1, elsewhere)), FormatError)
})

test('a proof about a writer that the key log does not name yet is not judged', () => {
  const later = new Charter(4, { vouched: 3, writing: 2 })
  const known = facts(later)
  const full = new Charter(4, { vouched: 3 })
  const proof = forkOf(2, full)
  assert.equal(known.takeFork(proof).outcome, 'gap')
  assert.deepEqual([...known.forks()], [])
})

test('what was taken is the same after a restart', () => {
  const known = facts()
  const rows: Row[] = [
    ...known.takeRecord(charter.record(0), epoch).rows,
    ...known.takeRecord(charter.record(1), epoch).rows,
    ...known.takeOp(charter.sign({ kind: 'withdraw', peer: c })).rows,
    ...known.takeFork(forkOf(1)).rows
  ]
  const again = new Facts({
    meshId: charter.meshId,
    root: charter.founder.rootKey as Uint8Array,
    crypto: charter.founder
  })
  again.load([...charter.rows, ...rows].map(({ key, value }) => ({ key, value: value as Uint8Array })))
  assert.deepEqual(again.root, known.root)
  assert.deepEqual(again.recordBytes(b), known.recordBytes(b))
})
