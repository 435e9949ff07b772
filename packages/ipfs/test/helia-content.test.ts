// The embedded content against the contract, on real nodes and a real disk.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contract } from '../src/contract.ts'
import type { FolderEntry } from '../src/index.ts'
import { raw } from './dags.ts'
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
