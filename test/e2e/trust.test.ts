// The owner changes who belongs to a mesh that runs: a writer goes, its pins taken over or left in limbo; the policy is changed and
// followed; a peer is put out and its copies are made anew; the root key moves to another machine, and the first one goes.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { LimboPin } from '@pinmesh/node'
import { inlineCid } from '../kit/cids.ts'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('trust', { open: false })
const peers: PeerProcess[] = []
let a: PeerProcess
let b: PeerProcess
let c: PeerProcess

before(async () => {
  a = await lab.found('a')
  const [made] = await a.run(['invite', '--uses', '2'])
  b = await lab.join('b', String(made?.invite))
  c = await lab.join('c', String(made?.invite))
  peers.push(a, b, c)
  await lab.meet(peers)
})
after(async () => lab.close())

async function letWrite(peer: PeerProcess): Promise<void> {
  await a.run(['writers', 'add', peer.peer])
  await until('it may write', 20_000, async () => (await peer.client.info()).role === 'writer')
}

/** A new file that this peer has added for two copies. */
async function added(by: PeerProcess, name: string): Promise<{ file: string; cid: string }> {
  const file = writeBytes(join(lab.folder, name), name, 200_000)
  const [answer] = await by.run(['add', file, '-r', '2', '--name', name, '--wait', '--timeout', '60s'])
  return { file, cid: String(answer?.cid) }
}

async function wantedBy(peer: PeerProcess, cid: string): Promise<boolean> {
  return peer.status(cid).then(
    ({ want, limbo }) => want > 0 && limbo !== true,
    () => false
  )
}

async function limboOf(peer: PeerProcess): Promise<LimboPin[]> {
  const found: LimboPin[] = []
  for await (const pins of peer.client.trust.limbo()) found.push(...pins)
  return found
}

test('a writer goes and its pins are taken over: they stay wanted and held on every peer, and it writes no more', async () => {
  await letWrite(b)
  const { file, cid } = await added(b, 'adopted')
  await until('all know it', 20_000, async () =>
    (await Promise.all(peers.map((peer) => wantedBy(peer, cid)))).every(Boolean)
  )
  const [gone] = await a.run(['writers', 'rm', b.peer, '--adopt', '--yes'])
  assert.equal(gone?.adopted, 1)
  await until('b writes no more', 20_000, async () => (await b.client.info()).role === 'trusted')
  await lab.agree(peers, 1)
  for (const peer of peers) {
    assert.ok(await wantedBy(peer, cid))
    assert.deepEqual(await limboOf(peer), [])
  }
  await until('its copies are told of under the new writer', 20_000, async () => (await a.holders(cid)).length >= 2)
  assert.match((await b.try(['pin', inlineCid('no more'), '--anyway'])).err, /MESH_NOT_A_WRITER/)
  await c.run(['get', cid, '-o', join(lab.folder, 'adopted-back'), '--timeout', '20s'])
  sameFile(file, join(lab.folder, 'adopted-back'))
})

test('what is not taken over is in limbo, kept: one pin is adopted from there, the other dropped', async () => {
  await letWrite(c)
  const kept = await added(c, 'kept')
  const dropped = await added(c, 'dropped')
  await lab.agree(peers, 3)
  await a.run(['writers', 'rm', c.peer, '--yes'])
  await lab.agree(peers, 1)
  const listed = await limboOf(a)
  assert.deepEqual(listed.map(({ name }) => name).sort(), ['dropped', 'kept'])
  assert.ok(listed.every(({ writer, want }) => writer === c.peer && want === 2))
  const [adopted] = await a.run(['limbo', 'adopt', kept.cid])
  assert.equal(adopted?.adopted, 1)
  await lab.agree(peers, 2)
  await until('both copies count again', 60_000, async () => (await a.status(kept.cid)).have >= 2)
  await b.run(['get', kept.cid, '-o', join(lab.folder, 'kept-back'), '--timeout', '20s'])
  sameFile(kept.file, join(lab.folder, 'kept-back'))

  await a.run(['limbo', 'drop', c.peer, '--yes'])
  await until('nobody lists it', 20_000, async () =>
    (await Promise.all(peers.map(limboOf))).every((pins) => pins.length === 0)
  )
  assert.equal((await a.try(['status', dropped.cid])).code === 0, false)
})

test('a policy that is set is followed by all that run', async () => {
  await a.run(['policy', 'set', '--replicas', '2', '--trusted-min', '2'])
  for (const peer of peers) {
    await until('it follows', 20_000, async () => {
      const [policy] = await peer.run(['policy', 'show'])
      return policy?.replicas === 2 && policy.trustedMin === 2
    })
  }
  const [pin] = await a.run(['pin', inlineCid('by policy')])
  assert.equal(pin?.want, 2)
  const bad = await a.try(['policy', 'set', '--trusted-min', '3'])
  assert.match(bad.err, /MESH_BAD_POLICY/)
})

test('a holder that is put out counts for nothing any more, and its copies are made anew', async () => {
  const { cid } = await added(a, 'shared')
  const victim = await until('a holder besides the owner', 30_000, async () => {
    const holders = await a.holders(cid)
    return [b, c].find(({ peer }) => holders.includes(peer))
  })
  const heir = victim === b ? c : b
  await letWrite(victim)
  await a.run(['peers', 'rm', victim.peer, '--yes'])
  await until('the other holds it', 60_000, async () => (await a.holders(cid)).includes(heir.peer))
  assert.ok(!(await a.holders(cid)).includes(victim.peer))
  await until('it says so itself', 30_000, async () => (await victim.client.info()).role === 'removed')
  await a.run(['peers', 'vouch', victim.peer])
  await until('it is back', 30_000, async () => (await a.knows(victim.peer)) !== undefined)
})

test('the root key moves to another peer, which signs when the first is gone, but never unasked where nobody answers', async () => {
  const file = join(lab.folder, 'root-key.json')
  writeFileSync(join(lab.folder, 'secret'), 'correct horse battery\n')
  const passphrase = ['--passphrase-file', join(lab.folder, 'secret')]
  await a.run(['root', 'export', file, ...passphrase])
  assert.match((await b.try(['writers', 'add', c.peer])).err, /MESH_NO_ROOT_KEY/)
  const [imported] = await b.run(['root', 'import', file, ...passphrase])
  assert.equal(imported?.running, true)
  await a.kill()
  await b.run(['writers', 'add', c.peer])
  await until('c may write', 20_000, async () => (await c.client.info()).role === 'writer')
  await c.run(['pin', inlineCid('after the first'), '-r', '1'])

  await c.kill()
  await until('b is alone', 30_000, async () =>
    (await b.client.peers()).every(({ self, state }) => self || state === 'down')
  )
  assert.match((await b.try(['peers', 'withdraw', c.peer])).err, /MESH_NO_MEMBER/)
  const [withdrawn] = await b.run(['peers', 'withdraw', c.peer, '--anyway'])
  assert.equal(withdrawn?.withdrawn, true)
})
