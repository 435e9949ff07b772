/**
 * Tests of core, trust/key-log: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormatError } from '../../src/bytes/format-error.ts'
import { type KeyChange, decodeKeyOp, encodeKeyOp } from '../../src/formats/key-op.ts'
import { KeyLog } from '../../src/trust/key-log.ts'
import { openPolicy } from '../kit.ts'
import { nodeCrypto } from '../node-crypto.ts'

const crypto = nodeCrypto(1, 2)
const other = nodeCrypto(3, 4)
const root = crypto.rootKey as Uint8Array
const asRoot = crypto.signAsRoot as (bytes: Uint8Array) => Uint8Array
const asOther = other.signAsRoot as (bytes: Uint8Array) => Uint8Array
const meshId = new Uint8Array(32).fill(9)
const peers = [10, 11, 12].map((seed) => nodeCrypto(seed).peer) as [string, string, string]

const empty = (): KeyLog => new KeyLog({ meshId, root, crypto })

/** Signs and appends; returns the operations. */
function grow(log: KeyLog, ...changes: KeyChange[]): Uint8Array[] {
  return changes.map((change) => {
    const op = log.next(change, 1, asRoot)
    assert.equal(log.append(op), 'next')
    return op
  })
}

const vouch = (peer: string): KeyChange => ({ kind: 'vouch', peer })

test('operations are taken in their order only: what comes early is a gap, what comes again is old', () => {
  const ops = grow(empty(), vouch(peers[0]), vouch(peers[1]), vouch(peers[2]))
  const log = empty()
  assert.equal(log.append(ops[1] as Uint8Array), 'gap')
  assert.equal(log.append(ops[0] as Uint8Array), 'next')
  assert.equal(log.append(ops[0] as Uint8Array), 'old')
  assert.equal(log.append(ops[2] as Uint8Array), 'gap')
  assert.equal(log.append(ops[1] as Uint8Array), 'next')
  assert.equal(log.append(ops[2] as Uint8Array), 'next')
  assert.equal(log.seq, 3)
})

test('a second operation of one number, or one that denies its predecessor, is a fork and changes nothing', () => {
  const log = empty()
  grow(log, vouch(peers[0]))
  const rival = empty()
  const rivals = grow(rival, vouch(peers[1]), vouch(peers[2]))
  const head = log.head
  assert.equal(log.append(rivals[0] as Uint8Array), 'fork')
  assert.equal(log.append(rivals[1] as Uint8Array), 'fork')
  assert.deepEqual([log.seq, log.head], [1, head])
  assert.ok(log.vouched(peers[0]))
  assert.ok(!log.vouched(peers[1]) && !log.vouched(peers[2]))
})

test('an operation that the root key has not signed is forged, also when it is signed for another mesh', () => {
  const log = empty()
  assert.throws(() => log.append(log.next(vouch(peers[0]), 1, asOther)), FormatError)
  const elsewhere = new KeyLog({ meshId: new Uint8Array(32).fill(8), root, crypto })
  assert.throws(() => log.append(elsewhere.next(vouch(peers[0]), 1, asRoot)), FormatError)
  assert.equal(log.seq, 0)
})

test('any changed byte of an operation makes it refused', () => {
  const [op] = grow(empty(), { kind: 'add-writer', peer: peers[0], writer: 7, caps: 0 }) as [Uint8Array]
  fc.assert(
    fc.property(fc.nat({ max: op.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const log = empty()
      const changed = op.with(at, (op[at] as number) ^ by)
      try {
        assert.notEqual(log.append(changed), 'next')
      } catch (error) {
        assert.ok(error instanceof FormatError)
      }
      assert.equal(log.seq, 0)
    })
  )
})

test('after a rotation only the new root key is believed', () => {
  const log = empty()
  grow(log, { kind: 'rotate-root', key: other.rootKey as Uint8Array })
  assert.throws(() => log.append(log.next(vouch(peers[0]), 1, asRoot)), FormatError)
  assert.equal(log.append(log.next(vouch(peers[0]), 1, asOther)), 'next')
  assert.deepEqual(log.rootKey, other.rootKey)
})

test('a client id belongs to the key that had it first, for ever, and a removed writer stays removed', () => {
  const log = empty()
  grow(log, { kind: 'add-writer', peer: peers[0], writer: 7, caps: 0 })
  grow(log, { kind: 'add-writer', peer: peers[1], writer: 7, caps: 0 })
  assert.equal(log.writer(7)?.peer, peers[0])
  grow(log, { kind: 'remove-writer', writer: 7 }, { kind: 'add-writer', peer: peers[0], writer: 7, caps: 0 })
  assert.equal(log.writer(7)?.removed, true)
  assert.equal(log.writerOf(peers[0]), undefined)
  grow(log, { kind: 'add-writer', peer: peers[0], writer: 8, caps: 0 })
  assert.equal(log.writerOf(peers[0]), 8)
})

test('operations without effect stay in the chain, so that chains stay equal', () => {
  const log = empty()
  grow(log, { kind: 'remove-writer', writer: 99 }, { kind: 'withdraw', peer: peers[0] })
  assert.equal(log.seq, 2)
  assert.deepEqual([...log.writers()], [])
})

test('who was removed is a member again only by a new vouch', () => {
  const log = empty()
  grow(log, vouch(peers[0]), { kind: 'remove-peer', peer: peers[0] })
  assert.deepEqual([log.vouched(peers[0]), log.removedPeer(peers[0])], [false, true])
  grow(log, vouch(peers[0]))
  assert.deepEqual([log.vouched(peers[0]), log.removedPeer(peers[0])], [true, false])
  grow(log, { kind: 'withdraw', peer: peers[0] })
  assert.deepEqual([log.vouched(peers[0]), log.removedPeer(peers[0])], [false, false])
})

const change: fc.Arbitrary<KeyChange> = fc.oneof(
  fc.constantFrom(...peers).map(vouch),
  fc.constantFrom(...peers).map((peer): KeyChange => ({ kind: 'withdraw', peer })),
  fc.constantFrom(...peers).map((peer): KeyChange => ({ kind: 'remove-peer', peer })),
  fc
    .tuple(fc.constantFrom(...peers), fc.integer({ min: 1, max: 4 }))
    .map(([peer, writer]): KeyChange => ({ kind: 'add-writer', peer, writer, caps: 0 })),
  fc.integer({ min: 1, max: 4 }).map((writer): KeyChange => ({ kind: 'remove-writer', writer })),
  fc.nat({ max: 5 }).map((replicas): KeyChange => ({ kind: 'policy', policy: { ...openPolicy, replicas } }))
)

test('whoever holds the same log trusts the same keys, whatever order and repetition it came in', () => {
  const reading = (log: KeyLog): unknown => [
    log.seq,
    log.head,
    log.policy,
    [...log.writers()],
    peers.map((peer) => [log.vouched(peer), log.removedPeer(peer), log.writerOf(peer)])
  ]
  const given = fc.tuple(
    fc.array(change, { minLength: 1, maxLength: 8 }),
    fc.array(fc.nat({ max: 7 }), { maxLength: 40 })
  )
  fc.assert(
    fc.property(given, ([changes, order]) => {
      const first = empty()
      const ops = grow(first, ...changes)
      const second = empty()
      for (const n of order) {
        const op = ops[n % ops.length] as Uint8Array
        const { seq } = decodeKeyOp(op)
        const expected = seq <= second.seq ? 'old' : seq === second.seq + 1 ? 'next' : 'gap'
        assert.equal(second.append(op), expected)
      }
      for (const op of first.after(second.seq)) second.append(op)
      assert.deepEqual(reading(second), reading(first))
    }),
    { numRuns: 40 }
  )
})

test('operations after a number are those that a peer of that number lacks', () => {
  const log = empty()
  const ops = grow(log, vouch(peers[0]), vouch(peers[1]))
  assert.deepEqual(log.after(0), ops)
  assert.deepEqual(log.after(1), ops.slice(1))
  assert.deepEqual(log.after(2), [])
  assert.deepEqual(log.after(99), [])
  assert.deepEqual(
    ops.map((op) => encodeKeyOp(decodeKeyOp(op))),
    ops
  )
})
