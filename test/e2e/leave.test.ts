// A peer that goes in order: others take its duties before it is gone, also when it is killed on the way, and what nobody can
// take over is named and kept.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sameFile, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { runMesh } from '../kit/mesh.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('leave')
const files = Array.from({ length: 6 }, (_, n) => writeBytes(join(lab.folder, `${n}.bin`), `leave ${n}`, 200_000))
const cids: string[] = []
let peers: PeerProcess[] = []

after(async () => lab.close())

const founder = (): PeerProcess => peers[0] as PeerProcess

test('where nobody can take over the pins are named, and kept until the peer stays after all', async () => {
  peers = await lab.mesh(['a', 'b', 'c'])
  await lab.trust(peers)
  for (const file of files) {
    const [added] = await founder().run(['add', file, '-r', '3', '--wait', '--timeout', '80s'])
    cids.push(String(added?.cid))
  }
  const leaver = peers[2] as PeerProcess
  const { code, lines } = await leaver.try(['leave', '--timeout', '80s'])
  assert.equal(code, 3)
  const named = lines.filter(({ event }) => event === 'at-risk').map(({ cid }) => String(cid))
  assert.deepEqual(named.sort(), [...cids].sort())
  assert.equal((await founder().knows(leaver.peer))?.leaving, true)
  await leaver.run(['leave', '--stay'])
  await until('it is counted again', 30_000, async () => (await founder().status(cids[0]!)).have === 3)
})

test('with peers enough it goes, though it was killed on the way, and leaves every pin with three others', async () => {
  peers.push(await lab.join('d', founder()))
  await lab.meet(peers)
  await lab.trust(peers)
  const leaver = peers[2] as PeerProcess
  const { code } = await leaver.try(['leave', '--timeout', '1s'])
  assert.equal(code, 62)
  await leaver.kill()
  const again = await lab.start('c')
  assert.equal((await again.client.info()).leaving, true)
  // By itself: nobody watches.
  assert.equal(await again.exited, 0)
  peers.splice(2, 1)
  await until('it is no member any more', 30_000, async () => (await founder().knows(leaver.peer)) === undefined)
  for (const [n, cid] of cids.entries()) {
    await until(`three others hold ${n}`, 30_000, async () => (await founder().holders(cid)).length === 3)
    const copy = join(lab.folder, `copy-${n}.bin`)
    await (peers[2] as PeerProcess).run(['get', cid, '-o', copy, '--timeout', '20s'])
    sameFile(files[n]!, copy)
  }
  assert.ok(peers.every(({ notes }) => notes.every(({ code: noted }) => noted !== 'braking')))
})

test('who has left says so, and may join again', async () => {
  const refused = await runMesh(['start', '--home', lab.homeOf('c')])
  assert.equal(refused.code, 1)
  assert.match(refused.err, /MESH_LEFT/)
  const back = await lab.join('c', founder())
  await lab.meet([...peers, back])
  assert.equal((await founder().knows(back.peer))?.leaving, false)
})

test('--force goes at once, and the command hears of it', async () => {
  const leaver = peers[2] as PeerProcess
  const lines = await leaver.run(['leave', '--force'])
  assert.deepEqual(lines, [{ event: 'left' }])
  assert.equal(await leaver.exited, 0)
  await until('it is no member any more', 30_000, async () => (await founder().knows(leaver.peer)) === undefined)
})
