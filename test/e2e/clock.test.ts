// One peer's clock is a year off, from its start or all at once while it runs. It knows and says so; nothing falls due there,
// though by its clock all of it would; the others go on as if nothing were; and it recovers when the clock is right again.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, suite, test } from 'node:test'
import { addFiles, isWhole, noted } from '../kit/copies.ts'
import { Lab, type PeerInit } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const year = 365 * 24 * 60 * 60 * 1000
const preload = fileURLToPath(new URL('../kit/shifted-clock.ts', import.meta.url))

for (const [when, offMs] of [
  ['ahead', year],
  ['behind', -year]
] as const) {
  suite(`a clock a year ${when}`, () => clockOff(offMs))
}

function clockOff(offMs: number): void {
  const lab = new Lab('clock')
  const file = join(lab.folder, 'shift')
  const setClock = (ms: number): void => writeFileSync(file, String(ms))
  const odd: PeerInit = { nodeFlags: ['--import', preload], env: { SHIFTED_CLOCK: file } }
  const cids: string[] = []
  let gone: string[] = []
  let peers: PeerProcess[] = []
  let others: PeerProcess[] = []

  before(async () => {
    setClock(0)
    peers = await lab.mesh(['a', 'b', 'c', 'd'], async (name) => (name === 'd' ? odd : {}))
    others = peers.slice(0, 3)
    await lab.trust(peers)
    await (peers[0] as PeerProcess).run(['writers', 'add', (peers[3] as PeerProcess).peer])
    cids.push(...(await addFiles(lab, peers[0] as PeerProcess, { word: 'kept', count: 4, replicas: 3 })))
    gone = await addFiles(lab, peers[0] as PeerProcess, { word: 'gone', count: 4, replicas: 4 })
    await until('each copy is where it belongs', 60_000, async () => isWhole([...cids, ...gone], peers))
  })
  after(async () => lab.close())

  const inDoubt = async (peer: PeerProcess): Promise<boolean> => (await peer.client.info()).clock.inDoubt
  const used = async (peer: PeerProcess): Promise<number> => (await peer.client.info()).usedBytes

  test('set while it runs: it says so, and what would fall due there stays, as it does nowhere else', async () => {
    const [a, b, c, d] = peers as [PeerProcess, PeerProcess, PeerProcess, PeerProcess]
    const full = new Map(await Promise.all(peers.map(async (peer) => [peer, await used(peer)] as const)))
    const fullOf = (peer: PeerProcess): number => full.get(peer) as number
    setClock(offMs)
    await until('d is in doubt', 20_000, async () => inDoubt(d))
    const { clock } = await d.client.info()
    assert.ok(Math.abs(clock.offsetMs + offMs) < 60_000, `${clock.offsetMs} ms`)
    assert.match((await d.try(['id'])).out, /"inDoubt":true/)
    await until('d says so', 20_000, () => noted([d], 'MESH_CLOCK_SKEW') === 1)
    const seen = await until('a sees it', 20_000, async () => (await a.knows(d.peer))?.clockAheadMs)
    assert.ok(Math.abs(seen - offMs) < 60_000)

    await a.run(['unpin', ...gone])
    for (const peer of others) {
      await until(
        'the trash is emptied',
        90_000,
        async () => (await used(peer)) <= fullOf(peer) - gone.length * 100_000
      )
    }
    assert.equal(await used(d), fullOf(d), 'nothing is deleted where the clock is off')
    assert.equal(noted([d], 'released'), 0)
    for (const peer of [a, b, c]) assert.equal(await inDoubt(peer), false)
  })

  test('after a restart with it the peer is a member by the date of the others, and takes its part', async () => {
    const [a] = peers as [PeerProcess]
    await (peers[3] as PeerProcess).stop()
    peers[3] = await lab.start('d', odd)
    const d = peers[3]
    await until('d is in doubt again', 30_000, async () => inDoubt(d))
    await lab.meet(peers)
    const lapsing = { cid: cids[0] as string, replicas: 3, expireInMs: 2 * year }
    const [refused] = await d.client.pins.add([lapsing])
    assert.ok(refused !== undefined && 'error' in refused)
    assert.equal(refused.error.code, 'MESH_CLOCK_SKEW', 'nobody could tell when it lapses')
    const [taken] = await a.client.pins.add([lapsing])
    assert.ok(taken !== undefined && !('error' in taken))
    const more = await addFiles(lab, a, { word: 'more', count: 4, replicas: 4 })
    cids.push(...more)
    await until('what is new is everywhere', 60_000, async () => {
      const held = await Promise.all(more.map(async (cid) => (await a.status(cid)).have))
      return held.every((have) => have === 4)
    })
    await lab.agree(peers, cids.length)
  })

  test('it recovers once the clock is right', async () => {
    const d = peers[3] as PeerProcess
    setClock(0)
    await until('d is right', 20_000, async () => !(await inDoubt(d)))
    await until('what was unpinned is gone there too, and all is in its place', 120_000, async () => {
      const { holding, usedBytes } = await d.client.info()
      return usedBytes < (holding + 1) * 100_500 && isWhole(cids, peers)
    })
    await lab.meet(peers)
  })
}
