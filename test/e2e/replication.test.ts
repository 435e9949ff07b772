// The main job on real processes: copies are made, a lost one is made again, what is too many goes, and a restart of
// everybody loses nothing. One mesh for the whole file, since each test begins where the one before has ended.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sameFile, sameTree, writeBytes, writeTree } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('replication')
const file = writeBytes(join(lab.folder, 'one.bin'), 'one', 3_000_000)
const tree = join(lab.folder, 'tree')
writeTree(tree, 2_000_000)

let a: PeerProcess
let peers: PeerProcess[] = []
let cid = ''
let treeCid = ''

after(async () => lab.close())

test('three processes keep a file twice, and each of them can read it', async () => {
  peers = await lab.mesh(['a', 'b', 'c'])
  a = peers[0] as PeerProcess
  const [added] = await a.run(['add', file, '-r', '2', '--wait', '--timeout', '80s'])
  cid = String(added?.cid)
  assert.equal(added?.want, 2)
  for (const [n, peer] of peers.entries()) {
    await until(`peer ${n} sees two copies`, 20_000, async () => (await peer.status(cid)).have >= 2)
    const copy = join(lab.folder, `one-${n}.bin`)
    await peer.run(['get', cid, '-o', copy, '--timeout', '20s'])
    sameFile(file, copy)
  }
})

test('a folder comes back as it was', async () => {
  const [added] = await a.run(['add', tree, '-r', '3', '--wait', '--timeout', '80s'])
  treeCid = String(added?.cid)
  const copy = join(lab.folder, 'tree-copy')
  await (peers[2] as PeerProcess).run(['get', treeCid, '-o', copy, '--timeout', '20s'])
  sameTree(tree, copy)
})

test('a killed holder is replaced; when it comes back the extra goes, and never are there too few', async () => {
  peers.push(await lab.join('d', a))
  await lab.meet(peers)
  for (const { peer } of peers.slice(1)) await a.run(['peers', 'vouch', peer])
  await until('all are trusted', 20_000, async () => (await a.client.peers()).every((one) => one.class === 'trusted'))

  const settled = async (): Promise<string[] | false> => {
    const { peers: said, have, want } = await a.status(cid)
    const holders = said.filter(({ state }) => state === 'held').map(({ peer }) => peer)
    const duties = said.filter(({ target }) => target).map(({ peer }) => peer)
    return have === want && duties.length === want && duties.every((peer) => holders.includes(peer)) && duties
  }
  const duties = await until('two copies, both where they belong', 60_000, settled)
  const victim = peers.find(({ peer }) => peer !== a.peer && duties.includes(peer)) as PeerProcess
  const name = 'abcd'[peers.indexOf(victim)] as string

  await victim.kill()
  const newcomer = await until('another peer holds it', 40_000, async () => {
    const holders = (await a.holders(cid)).filter((peer) => peer !== victim.peer)
    return holders.length >= 2 && holders.find((peer) => !duties.includes(peer))
  })
  const copy = join(lab.folder, 'repaired.bin')
  const helper = peers.find(({ peer }) => peer === newcomer) as PeerProcess
  await helper.run(['get', cid, '-o', copy, '--timeout', '20s'])
  sameFile(file, copy)

  const back = await lab.start(name)
  peers[peers.indexOf(victim)] = back
  await lab.meet(peers)
  let fewest = Infinity
  await until('two copies where they were at first', 90_000, async () => {
    const { have } = await a.status(cid)
    fewest = Math.min(fewest, have)
    const now = await settled()
    return now && [...now].sort().join() === [...duties].sort().join()
  })
  assert.ok(fewest >= 2, `at one moment only ${fewest} copies were left`)
  await back.run(['get', cid, '-o', join(lab.folder, 'back.bin'), '--timeout', '20s'])
  sameFile(file, join(lab.folder, 'back.bin'))
})

test('SIGTERM stops a peer cleanly, and after a restart of all everything is there', async () => {
  assert.deepEqual(await Promise.all(peers.map(async (peer) => peer.stop())), [0, 0, 0, 0])
  peers = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => lab.start(name)))
  a = peers[0] as PeerProcess
  await lab.meet(peers)
  await lab.agree(peers, 2)
  for (const [n, peer] of peers.entries()) {
    const pins = await peer.run(['ls'])
    assert.deepEqual(pins.map((pin) => pin.cid).sort(), [cid, treeCid].sort())
    const copy = join(lab.folder, `again-${n}`)
    await peer.run(['get', treeCid, '-o', copy, '--timeout', '20s'])
    sameTree(tree, copy)
  }
  await until('the copies count again', 30_000, async () => (await a.status(treeCid)).have >= 3)
})
