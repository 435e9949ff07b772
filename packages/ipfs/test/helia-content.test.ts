// The embedded content against the contract, on real nodes and a real disk.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contract } from '../src/contract.ts'
import type { FolderEntry } from '../src/index.ts'
import { noise, raw } from './dags.ts'
import { connect, Lab, used } from './nodes.ts'

contract('embedded', async () => {
  const lab = new Lab()
  const here = await lab.peer()
  const there = await lab.peer()
  await connect(here.libp2p, there.libp2p)
  return { here: here.content, there: there.content, therePeer: there.id, clean: () => lab.end() }
})

test('a DAG of many small blocks is recorded whole, and released whole', async () => {
  const lab = new Lab()
  const { content } = await lab.peer()
  const files = (from: number, count: number): FolderEntry[] =>
    Array.from({ length: count }, (_, n) => ({ path: `file ${from + n}`, content: raw(`content ${from + n}`).bytes }))
  const one = await content.add({ folder: files(0, 2500) })
  const other = await content.add({ folder: files(2000, 1000) })
  await content.release(one.cid)
  assert.equal(await used(content), other.bytes)
  await content.release(other.cid)
  assert.equal(await used(content), 0)
  await lab.end()
})

test('adds at once never take more than the budget together, and the one that fits is kept', async () => {
  const lab = new Lab()
  const budgetBytes = 3_500_000
  let most = 0
  const { content } = await lab.peer({ budgetBytes: () => budgetBytes })
  const onProgress = (): void => void used(content).then((bytes) => (most = Math.max(most, bytes)))
  const adds = [1, 2, 3].map((seed) => content.add([noise(2_000_000, seed)], { bytesMax: budgetBytes, onProgress }))
  const ended = await Promise.allSettled(adds)
  for (const one of ended)
    if (one.status === 'rejected') assert.equal((one.reason as { code: string }).code, 'no-space')
  assert.ok(most <= budgetBytes, `${most} bytes`)
  const kept = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value.bytes] : []))
  assert.equal(
    await used(content),
    kept.reduce((sum, bytes) => sum + bytes, 0)
  )
  assert.ok(kept.length <= 1)
  await content.add([noise(1_000_000, 4)])
  await lab.end()
})
