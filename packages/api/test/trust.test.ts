// The room of trust over HTTP: every call arrives as it was made, and what does not belong is refused at the door.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peer } from '@pinmesh/node/fake'
import { started } from './started.ts'

test('what the client asks of trust arrives as it was asked', async (t) => {
  const { client, node } = await started(t)
  assert.deepEqual(
    (await client.trust.writers()).map(({ removed }) => removed),
    [false, true]
  )
  assert.deepEqual(await client.trust.addWriter(peer, { mayInvite: true }), { writer: 7 })
  assert.equal((await client.trust.removeWriter(peer, { anyway: true, adopt: true })).adopted, 12)
  const limbo: string[] = []
  for await (const pins of client.trust.limbo()) limbo.push(...pins.map(({ cid }) => cid))
  assert.deepEqual(limbo, ['bafkqaaa', 'bafkqaalb'])
  assert.deepEqual(await client.trust.adoptLimbo(Array.from({ length: 1001 }, (_, n) => `c${n}`)), { adopted: 1001 })
  assert.deepEqual(await client.trust.adoptLimbo(), { adopted: 2 })
  assert.deepEqual(await client.trust.dropLimbo(peer), { writers: [9] })
  await client.trust.vouch(peer)
  await client.trust.withdraw(peer)
  await client.trust.removePeer(peer)
  assert.equal((await client.trust.policy()).replicas, 3)
  await client.trust.reloadRoot()
  await client.trust.rotateRoot({ anyway: true })
  assert.equal((await client.trust.setPolicy({ replicas: 0, admission: 'invite' })).admission, 'invite')
  assert.equal((await client.trust.invite({ writer: true, uses: 2, validMs: 5 })).uses, 2)
  assert.equal((await client.trust.invite()).invite, 'zInvitation')
  assert.deepEqual((await client.trust.invitations())[0]?.usedBy, [peer])
  await client.trust.endInvitation('abcdef012345', { anyway: true })
  const plain = { anyway: false }
  const asked = node.asked.filter((one) => !('adoptLimbo' in (one as object)))
  assert.deepEqual(asked, [
    { addWriter: peer, anyway: false, mayInvite: true },
    { removeWriter: peer, anyway: true, adopt: true },
    { dropLimbo: peer, anyway: false },
    { vouch: peer, ...plain },
    { withdraw: peer, ...plain },
    { removePeer: peer, ...plain },
    { reloadRoot: true },
    { rotateRoot: true, anyway: true },
    { setPolicy: { replicas: 0, admission: 'invite' }, ...plain },
    { invite: { writer: true, uses: 2, validMs: 5 } },
    { invite: {} },
    { endInvitation: 'abcdef012345', anyway: true }
  ])
})

test('what no peer or policy is, is refused', async (t) => {
  const { client, node } = await started(t)
  const refused = { code: 'MESH_API_BODY' }
  for (const name of ['', 'x'.repeat(129), 1 as never]) {
    await assert.rejects(client.trust.addWriter(name), refused)
    await assert.rejects(client.trust.removeWriter(name), refused)
    await assert.rejects(client.trust.vouch(name), refused)
    await assert.rejects(client.trust.withdraw(name), refused)
    await assert.rejects(client.trust.removePeer(name), refused)
  }
  await assert.rejects(client.trust.vouch(peer, { anyway: 1 as never }), refused)
  await assert.rejects(client.trust.vouch(peer, { more: 1 } as never), refused)
  await assert.rejects(client.trust.removeWriter(peer, { adopt: 1 as never }), refused)
  await assert.rejects(client.trust.adoptLimbo([1 as never]), refused)
  await assert.rejects(client.trust.dropLimbo(''), refused)
  for (const request of [{ writer: 1 }, { uses: 0 }, { uses: 65_536 }, { validMs: 0 }, { validMs: 1e15 }, { more: 1 }])
    await assert.rejects(client.trust.invite(request as never), refused, JSON.stringify(request))
  for (const word of ['', 'z'.repeat(2049), 1 as never]) await assert.rejects(client.trust.endInvitation(word), refused)
  const policies = [{ admission: 'closed' }, { replicas: -1 }, { trustedMin: '1' }, { profile: 'simulated' }]
  for (const policy of [...policies, { workBits: 41 }, { protocolMin: 0 }, { speed: 1 }])
    await assert.rejects(client.trust.setPolicy(policy as never), refused, JSON.stringify(policy))
  assert.deepEqual(node.asked, [])
})
