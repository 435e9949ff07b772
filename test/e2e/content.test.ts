// Content that cannot be had and disks that are too small stay one pin's and one peer's trouble: they are shown with
// their reason, and everything else goes on.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { absentCid } from '../kit/cids.ts'
import { sameFile, sizeOf, writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const spaceBytes = 2_000_000
const lab = new Lab('content')
let a: PeerProcess
let small: PeerProcess
let peers: PeerProcess[] = []

before(async () => {
  a = await lab.found('a')
  const b = await lab.join('b', a)
  small = await lab.join('small', a, { flags: ['--space', String(spaceBytes)] })
  peers = [a, b, small]
  await lab.meet(peers)
})
after(async () => lab.close())

test('content that nobody has stays visible with its reason and delays nothing else', async () => {
  const absent = Array.from({ length: 40 }, (_none, n) => absentCid(`nowhere ${n}`))
  for (const cid of absent) await a.client.pins.add([{ cid, replicas: 2 }])
  const file = writeBytes(join(lab.folder, 'real'), 'real', 300_000)
  await a.run(['add', file, '-r', '2', '--wait', '--timeout', '80s'])
  for (const cid of [absent[0] as string, absent.at(-1) as string]) {
    await until('a reason', 60_000, async () => {
      const [shown] = await a.run(['status', cid])
      const said = shown?.peers as { state: string; reason?: string }[]
      return said.some(({ state, reason }) => state === 'failed' && /no peer gave/.test(reason ?? ''))
    })
  }
  const unpinned = await a.client.pins.rm(absent)
  assert.ok(unpinned.every((answer) => !('error' in answer)))
})

test('a peer never holds more than its budget, says so, and the others go on', async () => {
  const file = writeBytes(join(lab.folder, 'large'), 'large', 3 * spaceBytes)
  const blocks = join(small.home, 'blocks', 'blocks')
  let most = 0
  const measured = (): void => void (most = Math.max(most, sizeOf(blocks)))
  const [added] = await a.run(['add', file, '-r', '3'])
  const cid = String(added?.cid)
  await until('two copies, and one that has no room', 60_000, async () => {
    measured()
    const { peers: said, have } = await a.status(cid)
    return (
      have === 2 &&
      said.some(({ peer, state, reason }) => peer === small.peer && state === 'failed' && /room/.test(reason ?? ''))
    )
  })
  for (let n = 0; n < 6; n++) {
    await a.run(['add', writeBytes(join(lab.folder, `part ${n}`), `part ${n}`, spaceBytes / 4), '-r', '3'])
  }
  await until('two copies of each', 60_000, async () => {
    measured()
    for await (const { have } of a.client.pins.statuses()) if (have < 2) return false
    return true
  })
  await until('it says that it is full', 30_000, async () => {
    measured()
    return ((await a.knows(small.peer))?.spaceFree ?? 1) < 0.3
  })
  measured()
  assert.ok(most <= spaceBytes, `${most} bytes of blocks in a budget of ${spaceBytes}`)
  await small.run(['get', cid, '-o', join(lab.folder, 'through small'), '--timeout', '20s'])
  sameFile(file, join(lab.folder, 'through small'))
  assert.ok(sizeOf(blocks) <= spaceBytes, 'reading through it fills it neither')
})
