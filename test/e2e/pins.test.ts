// Pins as operators use them, on real processes: who should hold them, how much of them, in which slot, and what becomes of
// them. One mesh for the whole file.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { absentCid, inlineCid } from '../kit/cids.ts'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('pins')
const settleMs = 60_000

let a: PeerProcess
let b: PeerProcess
let c: PeerProcess

before(async () => {
  ;[a, b, c] = (await lab.mesh(['a', 'b', 'c'])) as [PeerProcess, PeerProcess, PeerProcess]
})

after(async () => lab.close())

/** Peers that hold a pin, as one peer sees it. */
async function holders(cid: string, seenBy: PeerProcess = a): Promise<string[]> {
  const { peers } = await seenBy.status(cid)
  return peers.filter(({ state }) => state === 'held').map(({ peer }) => peer)
}

test('a pin for every peer is held by every peer', async () => {
  const file = writeBytes(join(lab.folder, 'everywhere.bin'), 'everywhere', 300_000)
  const [added] = await a.run(['add', file, '-r', 'all', '--wait', '--timeout', '60s'])
  assert.deepEqual([added?.everywhere, added?.want, added?.have], [true, 3, 3])
})

test('a pin goes to the peers that were chosen for it', async () => {
  const file = writeBytes(join(lab.folder, 'chosen.bin'), 'chosen', 300_000)
  const [added] = await a.run(['add', file, '-r', '1', '--on', `${b.peer},${c.peer}`])
  const cid = String(added?.cid)
  await until('both chosen hold it', settleMs, async () => {
    const found = await holders(cid)
    return found.includes(b.peer) && found.includes(c.peer)
  })
  const stranger = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
  assert.match((await a.try(['pin', cid, '--on', stranger])).err, /MESH_UNKNOWN_PEER/)
})

test('of a folder that is pinned directly, one block is fetched, and the whole once it is asked for', async () => {
  const folder = join(lab.folder, 'direct')
  for (const name of ['one', 'two']) writeBytes(join(folder, name), `direct ${name}`, 200_000)
  const [added] = await a.run(['add', folder, '-r', '1', '--on', a.peer])
  const cid = String(added?.cid)
  await a.run(['unpin', cid])
  const used = async (): Promise<number> => (await b.client.info()).usedBytes
  const before = await used()
  await a.run(['pin', cid, '-r', '3', '--mode', 'direct', '--wait', '--timeout', '60s'])
  assert.ok((await holders(cid)).includes(b.peer))
  assert.ok((await used()) < before + 1000, `${(await used()) - before} bytes for one block`)
  await a.run(['pin', cid, '-r', '3', '--slot', 'whole'])
  await until('the whole is there', settleMs, async () => (await used()) > before + 400_000)
  await until('and told', settleMs, async () => (await holders(cid)).length === 3)
})

test('slots stand side by side, and the last one to want it keeps it', async () => {
  const cid = inlineCid('slots')
  await a.run(['pin', cid, '-r', '1', '--slot', 'web'])
  await a.run(['pin', cid, '-r', '3', '--slot', 'backup', '--wait', '--timeout', '60s'])
  assert.deepEqual((await a.run(['status', cid]))[0]?.slots, ['backup', 'web'])
  const listed = (await a.run(['ls'])).filter((pin) => pin.cid === cid)
  assert.deepEqual(listed.map(({ slot, want }) => [slot, want]).sort(), [
    ['backup', 3],
    ['web', 1]
  ])
  assert.match((await a.try(['unpin', cid])).err, /MESH_NOT_PINNED/)
  assert.deepEqual(await a.run(['unpin', cid, '--slot', 'backup']), [{ cid, slots: ['web'], unpinned: true }])
  assert.equal((await a.run(['status', cid]))[0]?.want, 1)
  await a.run(['unpin', cid, '--all-slots'])
  assert.match((await a.try(['status', cid])).err, /MESH_NOT_PINNED/)
})

test('what is to come first is fetched first, and what nobody has holds up nothing', async () => {
  const absent = Array.from({ length: 20 }, (_, n) => absentCid(`pins ${n}`))
  await a.run(['pin', '-', '-r', '3', '--priority', 'high'], { input: absent.join('\n') })
  await a.run(['pin', inlineCid('behind them'), '-r', '3', '--priority', 'low', '--wait', '--timeout', '60s'])
  await a.run(['unpin', '-'], { input: absent.join('\n') })
})
