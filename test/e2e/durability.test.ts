// What was acknowledged is never lost: the peer is killed without warning right after an answer, and in the middle of
// thousands of them; after its restart every acknowledged pin is there, and reaches the others.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { absentCid, inlineCid } from '../kit/cids.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

const pinsAtOnce = 3000
/** Acknowledged when the kill comes. */
const killAfter = 1000

const lab = new Lab('durability')
let a: PeerProcess
let others: PeerProcess[] = []

before(async () => {
  const [first, ...rest] = await lab.mesh(['a', 'b', 'c'])
  a = first as PeerProcess
  others = rest
})
after(async () => lab.close())

async function pinned(peer: PeerProcess): Promise<Set<string>> {
  const cids = new Set<string>()
  for await (const pins of peer.client.pins.ls()) for (const { cid } of pins) cids.add(cid)
  return cids
}

async function arrives(cids: readonly string[]): Promise<void> {
  for (const peer of [a, ...others]) {
    await until(`${cids.length} acknowledged pins at ${peer.peer}`, 30_000, async () => {
      const there = await pinned(peer)
      return cids.every((cid) => there.has(cid))
    })
  }
}

test('a pin that was just acknowledged survives kill -9 and reaches the others', async () => {
  const cid = absentCid('right after')
  await a.run(['pin', cid, '-r', '2'])
  await a.kill()
  a = await lab.start('a')
  assert.ok((await pinned(a)).has(cid))
  await arrives([cid])
})

test('kill -9 amid 3,000 concurrent pins loses none that was acknowledged', async () => {
  const acknowledged: string[] = []
  let ended: Promise<void> | undefined
  const asked = Array.from({ length: pinsAtOnce }, async (_none, n) => {
    const [answer] = await a.client.pins.add([{ cid: inlineCid(`pin ${n}`), replicas: 1 }])
    if (answer === undefined || 'error' in answer) throw new Error(`refused: ${JSON.stringify(answer)}`)
    acknowledged.push(answer.cid)
    if (acknowledged.length === killAfter) ended = a.kill()
  })
  const results = await Promise.allSettled(asked)
  await ended
  const lost = results.filter(({ status }) => status === 'rejected').length
  assert.ok(acknowledged.length >= killAfter && lost > 0, `${acknowledged.length} acknowledged, ${lost} not`)
  a = await lab.start('a')
  const there = await pinned(a)
  assert.deepEqual(
    acknowledged.filter((cid) => !there.has(cid)),
    [],
    'acknowledged and lost'
  )
  await lab.meet([a, ...others])
  await arrives(acknowledged)
  await lab.agree([a, ...others], there.size)
})

test('after that it accepts pins as before', async () => {
  const cid = absentCid('afterwards')
  await a.run(['pin', cid, '-r', '2'])
  await arrives([cid])
})
