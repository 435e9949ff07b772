// A closed mesh that grows by invitations: one word, handed over, is all that it takes. Who has none, or one that is used up,
// over, ended, forged or to another mesh, is told which, and his home stays as it was.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inviteText, parseInvite } from '@pinmesh/core'
import { inlineCid } from '../kit/cids.ts'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('invitations', { open: false })
const crypto = { hash: (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest()) }
let a: PeerProcess
let b: PeerProcess

before(async () => {
  a = await lab.found('a')
})
after(async () => lab.close())

async function invite(...flags: string[]): Promise<{ word: string; id: string }> {
  const [made] = await a.run(['invite', ...flags])
  return { word: String(made?.invite), id: String(made?.id) }
}

async function refused(name: string, word: string, code: string, more: readonly string[] = []): Promise<void> {
  await assert.rejects(lab.join(name, word, { flags: more }), new RegExp(`${code}\\b`))
  assert.equal(existsSync(join(lab.homeOf(name), 'mesh.json')), false, 'a refused home is not set up')
}

test('one word brings a peer in: it holds, reads and is trusted; the same word brings in no other', async () => {
  const { word } = await invite()
  b = await lab.join('b', word)
  assert.equal(b.role, 'trusted')
  await lab.meet([a, b])
  const file = writeBytes(join(lab.folder, 'file.bin'), 'invited', 300_000)
  const [added] = await a.run(['add', file, '-r', '2', '--wait', '--timeout', '60s'])
  await b.run(['get', String(added?.cid), '-o', join(lab.folder, 'got'), '--timeout', '20s'])
  sameFile(file, join(lab.folder, 'got'))
  await refused('second', word, 'MESH_INVITE_USED')
  const [listed] = await a.run(['invite', 'ls'])
  assert.deepEqual([listed?.state, listed?.usedBy], ['used', [b.peer]])
})

test('a member that comes by another invitation uses none of it, and after a restart it is still a member', async () => {
  await b.stop()
  const { word, id } = await invite()
  b = await lab.join('b', word)
  const listed = (await a.client.trust.invitations()).find((one) => one.id === id)
  assert.deepEqual([listed?.state, listed?.usedBy], ['open', []])
  await b.stop()
  b = await lab.start('b')
  assert.equal(b.role, 'trusted')
  await lab.meet([a, b])
})

test('an invitation that is over, ended, forged, mistyped or to another mesh is refused, each with its code', async () => {
  const over = await invite('--until', '1ms')
  await until('it is over', 10_000, async () =>
    (await a.client.trust.invitations()).some(({ id, state }) => id === over.id && state === 'expired')
  )
  await refused('over', over.word, 'MESH_INVITE_EXPIRED')

  const ended = await invite('--uses', '5')
  await a.run(['invite', 'end', ended.id])
  await refused('ended', ended.word, 'MESH_INVITE_ENDED')

  const open = parseInvite((await invite()).word, crypto)
  const forged = inviteText({ ...open, grant: { ...open.grant, uses: 60_000 } }, crypto)
  await refused('forged', forged, 'MESH_INVITE_FORGED')

  const { word, id } = await invite()
  await refused('mistyped', `${word.slice(0, 40)}${word[40] === '2' ? '3' : '2'}${word.slice(41)}`, 'MESH_INVITE_BAD')

  const elsewhere = new Lab('elsewhere', { open: false })
  try {
    const other = await elsewhere.found('other')
    await refused('foreign', other.addresses[0] as string, 'MESH_INVITE_FOREIGN', ['--invite', word])
    await refused('wrong', word, 'MESH_WRONG_MESH', ['--mesh', other.mesh])
    await other.stop()
    assert.match((await other.try(['join', word])).err, /MESH_HOME_USED\b/)
  } finally {
    await elsewhere.close()
  }
  const unused = (await a.client.trust.invitations()).find((one) => one.id === id)
  assert.deepEqual([unused?.state, unused?.usedBy], ['open', []], 'what was refused has used it up')
})

test('an invitation to write works while its maker is away, and is kept as soon as that is back', async () => {
  const { word } = await invite('--writer')
  await a.stop()
  const c = await lab.join('c', word)
  assert.equal(c.role, 'trusted')
  await lab.meet([b, c])
  const early = await c.try(['pin', inlineCid('early'), '--anyway'])
  assert.match(early.err, /MESH_NOT_A_WRITER/)
  a = await lab.start('a')
  await until('c may write', 40_000, async () => (await c.client.info()).role === 'writer')
  await c.run(['pin', inlineCid('now'), '-r', '1'])
  await until('a sees the pin of c', 20_000, async () => (await a.status(inlineCid('now'))).want === 1)
})

test('a peer that is put out is no member for anybody, says so itself, and comes back by no invitation', async () => {
  await a.run(['peers', 'rm', b.peer, '--yes'])
  await until('b knows', 30_000, async () => (await b.client.info()).role === 'removed')
  assert.equal(await a.knows(b.peer), undefined)
  const { word } = await invite()
  await b.stop()
  await assert.rejects(lab.join('b', word), /MESH_REMOVED\b/)
})
