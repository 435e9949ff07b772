// Of five peers one's clock is a year ahead and one's a year behind, all at once while they run, and after a restart. They know
// and say so; nothing falls due there, though by the one clock all of it would; the others go on as if nothing were; and
// they recover when their clocks are right again.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import { addFiles, isWhole, noted } from '../kit/copies.ts'
import { Lab, type PeerInit } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const year = 365 * 24 * 60 * 60 * 1000
const preload = fileURLToPath(new URL('../kit/shifted-clock.ts', import.meta.url))

const lab = new Lab('clock')
const cids: string[] = []
let gone: string[] = []
let peers: PeerProcess[] = []
let a: PeerProcess

/** Those whose clock is off, and by how much. */
const odd = { d: year, e: -year }
type Odd = keyof typeof odd

const fileOf = (name: string): string => join(lab.folder, `clock-${name}`)
const setClock = (name: Odd, ms: number): void => writeFileSync(fileOf(name), String(ms))
const initOf = (name: string): PeerInit =>
  name in odd ? { nodeFlags: ['--import', preload], env: { SHIFTED_CLOCK: fileOf(name) } } : {}
const oddPeers = (): [Odd, PeerProcess][] => [
  ['d', peers[3] as PeerProcess],
  ['e', peers[4] as PeerProcess]
]
const inDoubt = async (peer: PeerProcess): Promise<boolean> => (await peer.client.info()).clock.inDoubt
const used = async (peer: PeerProcess): Promise<number> => (await peer.client.info()).usedBytes

before(async () => {
  for (const name of ['d', 'e'] as const) setClock(name, 0)
  peers = await lab.mesh(['a', 'b', 'c', 'd', 'e'], async (name) => initOf(name))
  a = peers[0] as PeerProcess
  await lab.trust(peers)
  for (const [, { peer }] of oddPeers()) await a.run(['writers', 'add', peer])
  cids.push(...(await addFiles(lab, a, { word: 'kept', count: 4, replicas: 3 })))
  gone = await addFiles(lab, a, { word: 'gone', count: 4, replicas: 5 })
  await until('each copy is where it belongs', 60_000, async () => isWhole([...cids, ...gone], peers))
})
after(async () => lab.close())

test('set while it runs: it says so, and what would fall due there stays, as it does nowhere else', async () => {
  const full = new Map(await Promise.all(peers.map(async (peer) => [peer, await used(peer)] as const)))
  const fullOf = (peer: PeerProcess): number => full.get(peer) as number
  for (const [name] of oddPeers()) setClock(name, odd[name])
  for (const [name, peer] of oddPeers()) {
    await until(`${name} is in doubt`, 20_000, async () => inDoubt(peer))
    const { clock } = await peer.client.info()
    assert.ok(Math.abs(clock.offsetMs + odd[name]) < 60_000, `${clock.offsetMs} ms`)
    await until(`${name} says so`, 20_000, () => noted([peer], 'MESH_CLOCK_SKEW') === 1)
    const seen = await until('a sees it', 20_000, async () => (await a.knows(peer.peer))?.clockAheadMs)
    assert.ok(Math.abs(seen - odd[name]) < 60_000)
  }

  await a.run(['unpin', ...gone])
  for (const peer of peers.slice(0, 3)) {
    await until('the trash is emptied', 90_000, async () => (await used(peer)) <= fullOf(peer) - gone.length * 100_000)
    assert.equal(await inDoubt(peer), false)
  }
  for (const [, peer] of oddPeers()) {
    assert.equal(await used(peer), fullOf(peer), 'nothing is deleted where the clock is off')
    assert.equal(noted([peer], 'released'), 0)
  }
})

test('after a restart with it the peer is a member by the date of the others, and takes its part', async () => {
  for (const [name, peer] of oddPeers()) {
    await peer.stop()
    peers[peers.indexOf(peer)] = await lab.start(name, initOf(name))
  }
  const lapsing = { cid: cids[0] as string, replicas: 3, expireInMs: 2 * year }
  for (const [name, peer] of oddPeers()) {
    await until(`${name} is in doubt again`, 30_000, async () => inDoubt(peer))
    const [refused] = await peer.client.pins.add([lapsing])
    assert.ok(refused !== undefined && 'error' in refused)
    assert.equal(refused.error.code, 'MESH_CLOCK_SKEW', 'nobody could tell when it lapses')
  }
  await lab.meet(peers)
  const [taken] = await a.client.pins.add([lapsing])
  assert.ok(taken !== undefined && !('error' in taken))
  const more = await addFiles(lab, a, { word: 'more', count: 4, replicas: 5 })
  cids.push(...more)
  await until('what is new is everywhere', 60_000, async () => {
    const held = await Promise.all(more.map(async (cid) => (await a.status(cid)).have))
    return held.every((have) => have === 5)
  })
  await lab.agree(peers, cids.length)
})

test('it recovers once the clock is right', async () => {
  for (const [name] of oddPeers()) setClock(name, 0)
  for (const [name, peer] of oddPeers()) {
    await until(`${name} is right`, 20_000, async () => !(await inDoubt(peer)))
    await until('what was unpinned is gone there too, and all is in its place', 120_000, async () => {
      const { holding, usedBytes } = await peer.client.info()
      return usedBytes < (holding + 1) * 100_000 && isWhole(cids, peers)
    })
  }
  await lab.meet(peers)
})
