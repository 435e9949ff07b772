/**
 * Tests of core, door/trust-changes and door/key-heads: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Effect, Reply, TrustChange } from '../../src/index.ts'
import { decodeFrame, encodeFrame } from '../../src/sync/frames.ts'
import { Charter, type Driver, MemoryDisk, Mesh, nodeCryptoWithRoot, openPolicy } from '../kit.ts'

const outsider = new Charter(9).cryptos[8]?.peer as string

function change(peer: Driver, wanted: TrustChange, anyway = false): Reply {
  return peer.ask({ do: 'change-trust', change: wanted, anyway })
}

function codeOf(reply: Reply): string {
  return reply.of === 'failure' ? reply.failure.code : reply.of
}

/** Three peers; the second has the root key too, and nothing is told of by itself. */
function twoOwners(): { mesh: Mesh; a: Driver; b: Driver; c: Driver } {
  const charter = new Charter(3, { writing: 1 })
  const drivers = charter.cryptos.map((crypto, n) =>
    charter.driver(n, { seed: n + 1, crypto: n === 1 ? nodeCryptoWithRoot(crypto, charter) : crypto })
  )
  const mesh = new Mesh(drivers).start()
  mesh.run(3000)
  mesh.passes = (_from, _to, effect) => effect.kind !== 'publish'
  return { mesh, a: drivers[0] as Driver, b: drivers[1] as Driver, c: drivers[2] as Driver }
}

test('before it signs, the root key takes what it has signed elsewhere', () => {
  const { mesh, a, b } = twoOwners()
  assert.deepEqual(change(a, { kind: 'vouch', peer: outsider }), { of: 'change-trust', seq: 6 })
  assert.ok(!b.core.trusts(outsider))
  assert.deepEqual(change(b, { kind: 'withdraw', peer: outsider }), { of: 'change-trust', seq: 7 })
  mesh.passes = () => true
  mesh.until(() => mesh.level)
  assert.ok(!a.core.trusts(outsider))
})

test('where no member answers nothing is signed, unless it is said to do no harm; a peer alone signs', () => {
  const { mesh, a } = twoOwners()
  mesh.passes = () => false
  assert.equal(codeOf(change(a, { kind: 'vouch', peer: outsider })), 'MESH_NO_MEMBER')
  assert.ok(!a.core.trusts(outsider))
  assert.equal(codeOf(change(a, { kind: 'vouch', peer: outsider }, true)), 'change-trust')
  assert.ok(a.core.trusts(outsider))
  const alone = new Charter(1).driver(0)
  alone.start()
  assert.equal(codeOf(change(alone, { kind: 'vouch', peer: outsider })), 'change-trust')
})

test('a peer that has the root key and has lost the key log signs nothing until it has heard it again, whatever it is told', () => {
  const { mesh, a } = twoOwners()
  const disk = new MemoryDisk()
  const lost = new Charter(3, { writing: 1 }).driver(0, { disk, seed: 9 })
  lost.start()
  lost.run(1000)
  assert.equal(codeOf(change(lost, { kind: 'vouch', peer: outsider }, true)), 'MESH_NO_MEMBER')
  mesh.stop(a)
  lost.mono = mesh.peers[0]?.mono as number
  mesh.passes = () => true
  mesh.add(lost)
  mesh.run(5000)
  assert.deepEqual(change(lost, { kind: 'vouch', peer: outsider }), { of: 'change-trust', seq: 6 })
})

test('two histories that the root key has signed are met before a third operation, and told', () => {
  const { mesh, a, b, c } = twoOwners()
  mesh.passes = () => false
  change(a, { kind: 'vouch', peer: outsider }, true)
  change(b, { kind: 'policy', policy: { replicas: 5 } }, true)
  change(b, { kind: 'policy', policy: { replicas: 6 } }, true)
  mesh.stop(c)
  mesh.passes = (_from, _to, effect) => effect.kind !== 'publish'
  assert.equal(codeOf(change(a, { kind: 'withdraw', peer: outsider })), 'MESH_KEY_LOG_FORKED')
  assert.equal(codeOf(change(b, { kind: 'vouch', peer: outsider })), 'MESH_KEY_LOG_FORKED')
  mesh.run(10_000)
  assert.equal(a.notes('key-log-fork').length, 1)
  assert.ok(a.core.keyLogForked)
})

test('a member that only says that its key log is another is passed over', () => {
  const { a, b, c } = twoOwners()
  const lies = new Set([b.peer, c.peer])
  const honest = a.out
  a.out = (effect: Effect) => {
    if (effect.kind !== 'ask' || !lies.has(effect.peer)) return honest(effect)
    const asked = decodeFrame(effect.frame)
    if (asked.kind !== 'key-head') return honest(effect)
    lies.delete(effect.peer)
    const frame = encodeFrame({ kind: 'key-head', seq: asked.seq, head: new Uint8Array(32).fill(1) })
    a.step({ kind: 'answered', id: effect.id, frame })
  }
  assert.equal(codeOf(change(a, { kind: 'vouch', peer: outsider })), 'MESH_NO_MEMBER')
  assert.equal(codeOf(change(a, { kind: 'vouch', peer: outsider })), 'change-trust')
})

test('changes that are asked for at once are made one after the other', () => {
  const { a, b } = twoOwners()
  const ids = [1, 2, 3].map(
    (replicas) => a.command({ do: 'change-trust', change: { kind: 'policy', policy: { replicas } } }).id
  )
  const seqs = ids.map((id) => a.replyTo(id)).map((reply) => (reply?.of === 'change-trust' ? reply.seq : undefined))
  assert.deepEqual(seqs, [6, 7, 8])
  assert.equal(codeOf(change(b, { kind: 'policy', policy: { trustedMin: 2 } })), 'change-trust')
  assert.deepEqual([b.core.policy?.replicas, b.core.policy?.trustedMin], [3, 2])
})

test('a policy that contradicts itself, a writer that is none and the own peer are refused', () => {
  const { a, b, c } = twoOwners()
  assert.equal(codeOf(change(a, { kind: 'policy', policy: { replicas: 2, trustedMin: 3 } })), 'MESH_BAD_POLICY')
  assert.equal(codeOf(change(a, { kind: 'policy', policy: { protocolMin: 2 } })), 'MESH_BAD_POLICY')
  assert.equal(codeOf(change(a, { kind: 'policy', policy: { replicas: 0, trustedMin: 3 } })), 'change-trust')
  assert.equal(codeOf(change(a, { kind: 'remove-writer', peer: b.peer })), 'MESH_UNKNOWN_WRITER')
  assert.equal(codeOf(change(a, { kind: 'remove-peer', peer: a.peer })), 'MESH_OWN_PEER')
  assert.equal(codeOf(change(a, { kind: 'vouch', peer: 'nobody' })), 'MESH_BAD_VALUE')
  assert.equal(codeOf(change(c, { kind: 'vouch', peer: outsider })), 'MESH_NO_ROOT_KEY')
})

test('what the key log says already is not signed again', () => {
  const { a, c } = twoOwners()
  const wanted: TrustChange[] = [
    { kind: 'vouch', peer: outsider },
    { kind: 'withdraw', peer: outsider },
    { kind: 'remove-peer', peer: c.peer },
    { kind: 'revoke-invite', key: new Uint8Array(32).fill(7) },
    { kind: 'policy', policy: { replicas: 5, trustedMin: 2 } }
  ]
  for (const one of wanted) {
    const first = change(a, one)
    assert.equal(codeOf(first), 'change-trust', one.kind)
    assert.deepEqual(change(a, one), first, one.kind)
  }
})

test('a peer that nobody knows is neither withdrawn nor put out, unless it is to be shut out beforehand', () => {
  for (const kind of ['withdraw', 'remove-peer'] as const) {
    const { a } = twoOwners()
    assert.equal(codeOf(change(a, { kind, peer: outsider })), 'MESH_UNKNOWN_PEER')
    assert.equal(codeOf(change(a, { kind, peer: outsider }, true)), 'change-trust')
    change(a, { kind: 'vouch', peer: outsider })
    assert.equal(codeOf(change(a, { kind, peer: outsider })), 'change-trust', 'one that is vouched for is known')
  }
})

test('a peer that is put out is no member at once, hears of it and says so, and counts again when vouched for', () => {
  const { mesh, a, b, c } = twoOwners()
  mesh.passes = () => true
  change(a, { kind: 'remove-peer', peer: c.peer })
  mesh.until(() => c.core.isRemoved)
  assert.ok(!b.core.members().some(({ peer }) => peer === c.peer))
  assert.equal(c.notes('removed').length, 1)
  change(a, { kind: 'vouch', peer: c.peer })
  mesh.until(() => b.core.members().some(({ peer }) => peer === c.peer))
  assert.ok(!c.core.isRemoved)
})

test('a volunteer is told when the mesh that it is in opens to nobody any more', () => {
  const charter = new Charter(3, { policy: openPolicy, writing: 1, vouched: 2 })
  const drivers = charter.cryptos.map((_, n) => charter.driver(n, { seed: n + 1 }))
  const [a, b, c] = drivers as [Driver, Driver, Driver]
  const mesh = new Mesh(drivers).start()
  mesh.until(() => a.core.members().length === 3)
  change(a, { kind: 'policy', policy: { admission: 'invite' } })
  mesh.until(() => a.core.members().length === 2)
  mesh.until(() => c.notes('displaced').length === 1)
  assert.equal(b.notes('displaced').length, 0, 'one that was vouched for is a member as before')
})

test('adding a writer twice is one writer; letting it invite later keeps its id', () => {
  const { a, b } = twoOwners()
  const first = change(a, { kind: 'add-writer', peer: b.peer })
  assert.deepEqual(change(a, { kind: 'add-writer', peer: b.peer }), first)
  const inviting = change(a, { kind: 'add-writer', peer: b.peer, mayInvite: true })
  assert.ok(first.of === 'change-trust' && inviting.of === 'change-trust')
  assert.deepEqual([inviting.writer, inviting.seq], [first.writer, first.seq + 1])
  const writer = [...a.core.writers()].find(({ peer }) => peer === b.peer)
  assert.deepEqual([writer?.mayInvite, writer?.removed], [true, false])
})
