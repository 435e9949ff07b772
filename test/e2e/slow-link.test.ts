// Peers that reach each other only over long, thin lines: 200 ms each way and one megabit a second. Everything takes its
// time and gets there. A full line may hold beats up for longer than it takes to count as down in the test profile; nothing
// may come of that.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addFiles, isWhole, noted } from '../kit/copies.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { freePort } from '../kit/ports.ts'
import { until } from '../kit/until.ts'
import { Wire } from '../kit/wire.ts'

const line = { delayMs: 200, bytesPerSecond: 1_000_000 / 8 }
const lab = new Lab('slow')
const wires: Wire[] = []
let peers: PeerProcess[] = []

/** What a peer is started with so that all others come over a line of its own. */
async function behindLine(name: string): Promise<{ flags: string[] }> {
  const [door] = await lab.doorsOf(name)
  const port = await freePort()
  wires.push(await Wire.lay(port, door.port, line))
  return { flags: ['--announce', `/ip4/127.0.0.1/tcp/${port}`] }
}

before(async () => {
  peers = await lab.mesh(['a', 'b', 'c'], behindLine)
  await lab.trust(peers)
})
after(async () => {
  await lab.close()
  for (const wire of wires) wire.remove()
})

test('files get everywhere over slow lines, and nothing is let go', async () => {
  const [a] = peers as [PeerProcess]
  const cids = await addFiles(lab, a, { word: 'slow', count: 8, replicas: 3 })
  await lab.agree(peers, cids.length)
  await until('each file is everywhere', 90_000, async () => isWhole(cids, peers))
  await lab.meet(peers)
  assert.equal(noted(peers, 'released'), 0)
})
