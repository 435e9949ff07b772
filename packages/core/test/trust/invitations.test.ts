/**
 * Tests of core, trust/invitations and door/admitter: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../../src/index.ts'
import type { Grant } from '../../src/formats/invite.ts'
import { issuedMax } from '../../src/trust/invitations.ts'
import { Charter, type Driver, epoch, Mesh, nodeCryptoWithRoot } from '../kit.ts'
import { type NodeCrypto, nodeCrypto } from '../node-crypto.ts'
import { day, grantOf, newcomer, oneTime, proofOf, show, told } from './invite-kit.ts'

const guests = [60, 61, 62, 63].map((seed) => nodeCrypto(seed)) as [NodeCrypto, NodeCrypto, NodeCrypto, NodeCrypto]
const until = epoch / 1000 + day

/** `count` peers of which the first founded; the others are vouched for, and none but the first writes. */
function meshOf(count: number, roots: readonly number[] = [0]): { charter: Charter; mesh: Mesh; peers: Driver[] } {
  const charter = new Charter(count, { writing: 1 })
  const peers = charter.cryptos.map((crypto, n) =>
    charter.driver(n, {
      seed: n + 1,
      crypto: n > 0 && roots.includes(n) ? nodeCryptoWithRoot(crypto, charter) : crypto
    })
  )
  const mesh = new Mesh(peers).start()
  mesh.run(3000)
  return { charter, mesh, peers }
}

function invite(peer: Driver, terms: { role?: Grant['role']; uses?: number; until?: number } = {}): Reply {
  return peer.ask({ do: 'invite', terms: { role: 'trusted', uses: 1, until, key: oneTime.key, ...terms } })
}

function granted(reply: Reply): Grant {
  assert.equal(reply.of, 'invite')
  return (reply as Reply & { of: 'invite' }).grant
}

test('an invitation of the founder lets one peer in, whichever member it calls; a second one is told that it is used up', () => {
  const { charter, mesh, peers } = meshOf(3)
  const [a, b, c] = peers as [Driver, Driver, Driver]
  const grant = granted(invite(a))
  const answer = show(charter, b, grant, guests[0].peer)
  assert.equal(told(answer), 'admitted')
  assert.equal(told(show(charter, c, grant, guests[1].peer)), 'MESH_INVITE_USED')
  assert.deepEqual(show(charter, b, grant, guests[0].peer), answer, 'the same again')
  const guest = newcomer(charter, guests[0], answer)
  mesh.add(guest)
  mesh.until(() => mesh.level && a.core.members().some(({ peer, trusted }) => peer === guest.peer && trusted))
  mesh.until(() =>
    [...c.core.invitations()].some(({ state, usedBy }) => state === 'used' && usedBy.includes(guest.peer))
  )
})

test('what is wrong with an invitation is told apart', () => {
  const { charter, peers } = meshOf(2)
  const [a, b] = peers as [Driver, Driver]
  const by = guests[0].peer
  const code = (grant: Grant, proof?: Uint8Array): string =>
    told(show(charter, b, grant, by, proof ?? proofOf(charter, by)))
  assert.equal(code(grantOf(charter, { until: epoch / 1000 })), 'MESH_INVITE_EXPIRED')
  assert.equal(code(grantOf(charter, {}, nodeCrypto(5).sign)), 'MESH_INVITE_FORGED')
  assert.equal(code(grantOf(charter), proofOf(charter, guests[1].peer)), 'MESH_INVITE_FORGED')
  assert.equal(code(grantOf(charter, { by: 77 })), 'MESH_NO_SPONSOR')
  const grant = granted(invite(a))
  a.ask({ do: 'change-trust', change: { kind: 'revoke-invite', key: grant.key } })
  assert.equal(code(grant), 'MESH_INVITE_ENDED')
  assert.deepEqual(
    [...a.core.invitations()].map(({ state }) => state),
    ['ended']
  )
})

test('who was put out is told so, and a member that itself came by invitation alone admits nobody', () => {
  const { charter, mesh, peers } = meshOf(3)
  const [a, b] = peers as [Driver, Driver]
  const grant = granted(invite(b.core.isWriter ? b : a, { uses: 5 }))
  mesh.stop(a)
  const guest = newcomer(charter, guests[0], show(charter, b, grant, guests[0].peer))
  mesh.add(guest)
  assert.equal(told(show(charter, guest, grant, guests[1].peer)), 'MESH_NO_SPONSOR')
  a.ask({ do: 'change-trust', anyway: true, change: { kind: 'remove-peer', peer: guests[2].peer } })
  assert.equal(told(show(charter, a, grant, guests[2].peer)), 'MESH_REMOVED')
})

test('the root key vouches for who was admitted, and makes it a writer when it hears of it, be it later', () => {
  const { charter, mesh, peers } = meshOf(3)
  const [a, b] = peers as [Driver, Driver]
  const grant = granted(invite(a, { role: 'writer' }))
  mesh.stop(a)
  const guest = newcomer(charter, guests[0], show(charter, b, grant, guests[0].peer))
  mesh.add(guest)
  mesh.until(() => b.core.members().some(({ peer }) => peer === guest.peer))
  mesh.run(20_000)
  assert.ok(!guest.core.isWriter)
  mesh.add(a.restarted())
  mesh.until(() => guest.core.isWriter, 60_000, 'the newcomer may not write')
  assert.ok(b.core.trusts(guest.peer))
  assert.ok('cid' in guest.pin('bafkqaaa') && !('failure' in guest.pin('bafkqaaa')))
})

test('of two that have the root key the one that made the invitation completes it, or the other while that is down', () => {
  const { charter, mesh, peers } = meshOf(3, [0, 1])
  const [a, b] = peers as [Driver, Driver]
  const ops = (driver: Driver): number => driver.core.keySeq
  const before = ops(a)
  const grant = granted(invite(a, { role: 'writer', uses: 2 }))
  mesh.add(newcomer(charter, guests[0], show(charter, b, grant, guests[0].peer)))
  mesh.run(20_000)
  assert.equal(ops(a), before + 2, 'vouched for and made a writer once')
  mesh.stop(a)
  mesh.until(() => b.core.members().some(({ peer, state }) => peer === a.peer && state === 'down'))
  mesh.add(newcomer(charter, guests[1], show(charter, b, grant, guests[1].peer)))
  mesh.until(() => ops(b) === before + 4)
})

test('of more uses than an invitation is good for, made while apart, the earliest stand everywhere', () => {
  const { charter, mesh, peers } = meshOf(3)
  const [a, b, c] = peers as [Driver, Driver, Driver]
  const grant = granted(invite(a))
  mesh.stop(a)
  mesh.passes = () => false
  const first = newcomer(charter, guests[0], show(charter, b, grant, guests[0].peer))
  mesh.run(100)
  const second = newcomer(charter, guests[1], show(charter, c, grant, guests[1].peer))
  mesh.passes = () => true
  mesh.add(first)
  mesh.add(second)
  mesh.until(() => [b, c, first, second].every(({ core }) => core.trusts(first.peer) && !core.trusts(second.peer)))
  assert.equal(second.notes('displaced').length, 1)
})

test('only who may invites, and a writer invites no writers', () => {
  const { mesh, peers } = meshOf(2)
  const [a, b] = peers as [Driver, Driver]
  const code = (reply: Reply): string => (reply.of === 'failure' ? reply.failure.code : reply.of)
  assert.equal(code(invite(b)), 'MESH_MAY_NOT_INVITE')
  a.ask({ do: 'change-trust', change: { kind: 'add-writer', peer: b.peer } })
  mesh.until(() => b.core.isWriter)
  assert.equal(code(invite(b)), 'MESH_MAY_NOT_INVITE')
  a.ask({ do: 'change-trust', change: { kind: 'add-writer', peer: b.peer, mayInvite: true } })
  mesh.run(3000)
  assert.equal(code(invite(b, { role: 'writer' })), 'MESH_MAY_NOT_INVITE')
  const grant = granted(invite(b))
  assert.deepEqual([grant.by, grant.maker], [[...a.core.writers()].find(({ peer }) => peer === b.peer)?.id, b.peer])
})

test('invitations made here are known after a restart', () => {
  const { peers } = meshOf(2)
  const [a] = peers as [Driver]
  const grant = granted(invite(a, { uses: 3 }))
  const again = a.restarted()
  again.start()
  assert.deepEqual(
    [...again.core.invitations()].map(({ made, uses, state }) => [made, uses, state]),
    [[true, 3, 'open']]
  )
  again.mono += (grant.until + 1) * 1000 - epoch
  again.settle()
  assert.deepEqual(
    [...again.core.invitations()].map(({ state }) => state),
    ['expired']
  )
})

test('a peer has so many invitations open and no more, until some are over', () => {
  const { mesh, peers } = meshOf(1)
  const [a] = peers as [Driver]
  const made = (n: number, more: { until?: number } = {}): Reply =>
    a.ask({
      do: 'invite',
      terms: {
        role: 'trusted',
        uses: 1,
        until,
        key: new Uint8Array(32)
          .fill(1)
          .with(0, n & 255)
          .with(1, n >> 8),
        ...more
      }
    })
  for (let n = 0; n < issuedMax; n++) assert.equal(made(n).of, 'invite', `${n}`)
  const refused = made(issuedMax)
  assert.equal(refused.of === 'failure' && refused.failure.code, 'MESH_TOO_MANY_INVITES')
  mesh.run(1000)
})
