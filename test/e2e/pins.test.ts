// Pins as operators use them, on real processes: who should hold them, how much of them, in which slot, and what becomes of
// them. One mesh for the whole file.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { absentCid, inlineCid } from '../kit/cids.ts'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { spawnMesh } from '../kit/processes.ts'
import { until, within } from '../kit/until.ts'

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

test('one CID takes the place of another: it is held before the other goes, where the other is, and what both share is not fetched again', async () => {
  const folder = join(lab.folder, 'site')
  writeBytes(join(folder, 'large'), 'large', 3_000_000)
  writeBytes(join(folder, 'page'), 'page one', 1000)
  const [first] = await a.run([
    'add',
    folder,
    '-r',
    '2',
    '--name',
    'site',
    '--meta',
    'team=web',
    '--slot',
    'web',
    '--wait'
  ])
  const old = String(first?.cid)
  writeBytes(join(folder, 'page'), 'page two', 1000)
  const [second] = await a.run(['add', folder, '-r', '1', '--on', a.peer, '--slot', 'draft'])
  const cid = String(second?.cid)
  const held = await holders(old)
  const before = await Promise.all([a, b, c].map(async ({ client }) => (await client.info()).usedBytes))
  const steps = await a.run(['pin', 'update', old, cid, '--slot', 'web', '--timeout', '60s'])
  assert.ok(steps.every((step) => step.cid === cid && Number(step.have) <= 3))
  assert.deepEqual([steps.at(-1)?.done, steps.at(-1)?.needed], [true, 2])
  const listed = (await a.run(['ls', '--slot', 'web'])).map((pin) => [pin.cid, pin.name, pin.want, pin.meta])
  assert.deepEqual(listed, [[cid, 'site', 2, { team: 'web' }]])
  await until('it is where the other was', settleMs, async () => {
    const now = await holders(cid)
    return held.every((peer) => now.includes(peer))
  })
  const after = await Promise.all([a, b, c].map(async ({ client }) => (await client.info()).usedBytes))
  const grown = after.map((bytes, n) => bytes - (before[n] ?? 0))
  assert.ok(
    grown.every((bytes) => bytes < 100_000),
    `grown by ${grown.join(', ')} bytes`
  )
  // Gone on with after its end there is nothing left to do.
  assert.equal((await a.run(['pin', 'update', old, cid, '--slot', 'web'])).at(-1)?.done, true)
  assert.match((await a.try(['pin', 'update', old, inlineCid('other'), '--slot', 'web'])).err, /MESH_NOT_PINNED/)
  assert.match((await a.try(['pin', 'update', cid, cid])).err, /MESH_SAME_CID/)
})

test('an update that cannot end leaves both pinned, and goes on where it was', async () => {
  const [old, next] = [inlineCid('update old'), absentCid('update new')]
  await a.run(['pin', old, '-r', '2', '--name', 'kept', '--wait', '--timeout', '60s'])
  const { code, err } = await a.try(['pin', 'update', old, next, '--timeout', '2s'])
  assert.equal(code, 62)
  assert.match(err, /Both stay pinned/)
  const named = (await a.run(['ls', '--name', 'kept'])).map(({ cid }) => cid)
  assert.deepEqual(named.sort(), [old, next].sort())
  await a.run(['unpin', next])
})

test('what lies at a path is pinned by its own CID, also when only others have what leads to it', async () => {
  const folder = join(lab.folder, 'paths')
  const file = writeBytes(join(folder, 'deep', 'file'), 'paths', 5000)
  const [added] = await a.run(['add', folder, '-r', '1', '--on', b.peer, '--slot', 'paths'])
  const [alone] = await c.run(['add', file, '--no-pin'])
  const path = `/ipfs/${String(added?.cid)}/deep/file`
  const [pinned] = await a.run(['pin', path, '-r', '2', '--wait', '--timeout', '60s'])
  assert.deepEqual([pinned?.cid, pinned?.path], [alone?.cid, path])
  assert.match((await a.try(['pin', `/ipfs/${String(added?.cid)}/nothing`])).err, /MESH_PATH_MISSING/)
})

test('filters, and trying again', async () => {
  const absent = absentCid('retry me')
  await a.run(['pin', absent, '-r', '3', '--name', 'lost one', '--expire-in', '1h', '--meta', 'k=v'])
  await until('it has failed everywhere', settleMs, async () => {
    const [one] = (await a.run(['status', '--filter', 'failed'])).filter(({ cid }) => cid === absent)
    return (one?.peers as { state: string }[] | undefined)?.every(({ state }) => state === 'failed')
  })
  const shown = async (words: string[]): Promise<unknown[]> => (await a.run(words)).map(({ cid }) => cid)
  assert.deepEqual(await shown(['ls', '--name', 'lost*', '--meta', 'k=v', '--expiring', '2h']), [absent])
  assert.deepEqual(await shown(['ls', '--name', 'lost*', '--expiring', '10m']), [])
  const local = await b.run(['status', '--filter', 'failed', '--local'])
  assert.deepEqual(
    local.map(({ cid, peers }) => [cid, (peers as { peer: string }[]).map(({ peer }) => peer)]),
    [[absent, [b.peer]]]
  )
  assert.deepEqual(await shown(['ls', '--peer', c.peer, '--name', 'lost*']), [])
  assert.ok((await shown(['ls', '--peer', c.peer])).length > 0)
  const answers = await a.run(['retry'])
  assert.deepEqual(answers, [{ cid: absent, here: true, failed: 2, asked: true }])
})

test('Ctrl-C ends a long list at once, also where nobody reads it, and the peer goes on', async () => {
  const meta = { why: 'so that the list is longer than what a pipe takes'.padEnd(500, '.') }
  const many = Array.from({ length: 1000 }, (_none, n) => ({ cid: inlineCid(`long ${n}`), replicas: 1, meta }))
  for (const answer of await a.client.pins.add(many)) assert.ok(!('error' in answer), JSON.stringify(answer))
  const child = spawnMesh(['ls', '--json', '--home', a.home])
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const { stdout } = child.once('spawn', () => stdout.read(0))
  await until('nothing more is taken', 20_000, () => stdout.readableLength >= stdout.readableHighWaterMark)
  child.kill('SIGINT')
  assert.equal(await within('the end of mesh ls', 20_000, ended), 130)
  assert.equal((await a.client.peers()).length, 3)
})
