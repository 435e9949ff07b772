// The memory sibling against the contract, and its faults.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contract } from '../src/contract.ts'
import { createMemoryContent, createMemoryWorld } from '../src/index.ts'
import type { MemoryContent } from '../src/index.ts'

contract('in memory', async () => {
  const world = createMemoryWorld()
  const here = createMemoryContent({ world, peer: 'here' })
  const there = createMemoryContent({ world, peer: 'there' })
  await here.start()
  await there.start()
  return {
    here,
    there,
    therePeer: 'there',
    clean: async () => {
      await here.stop()
      await there.stop()
    }
  }
})

async function pair(): Promise<{ here: MemoryContent; there: MemoryContent; cut(): void; heal(): void }> {
  const world = createMemoryWorld()
  const here = createMemoryContent({ world, peer: 'here' })
  const there = createMemoryContent({ world, peer: 'there' })
  await here.start()
  await there.start()
  return { here, there, cut: () => world.cut('here', 'there'), heal: () => world.heal() }
}

const bytes = new Uint8Array(2 << 20).map((_, at) => at % 251)
const options = () => ({
  mode: 'recursive' as const,
  sources: ['there'],
  bytesMax: Infinity,
  signal: AbortSignal.timeout(10_000)
})

test('a cut keeps blocks apart until it heals', async () => {
  const { here, there, cut, heal } = await pair()
  const { cid } = await there.add([bytes])
  cut()
  await assert.rejects(here.acquire(cid, options()), { code: 'unreachable' })
  heal()
  await here.acquire(cid, options())
})

test('a failing content fails every call and gives nothing', async () => {
  const { here, there } = await pair()
  const { cid } = await there.add([bytes])
  there.faults.failing = true
  await assert.rejects(there.probe(), { code: 'back-end' })
  await assert.rejects(here.acquire(cid, options()), { code: 'unreachable' })
  there.faults.failing = false
  await here.acquire(cid, options())
})

test('a full content takes no block and keeps none', async () => {
  const { here, there } = await pair()
  const { cid } = await there.add([bytes])
  here.faults.full = true
  await assert.rejects(here.acquire(cid, options()), { code: 'no-space' })
  await assert.rejects(here.add([bytes]), { code: 'no-space' })
  assert.deepEqual(await here.space(), { usedBytes: 0 })
})

test('a slow content makes others wait, and the wait can be aborted', async () => {
  const { here, there } = await pair()
  const { cid } = await there.add([bytes])
  const { promise, resolve } = Promise.withResolvers<void>()
  there.faults.slow = promise
  const impatient = new AbortController()
  const given = here.acquire(cid, { ...options(), signal: impatient.signal })
  impatient.abort()
  await assert.rejects(given, { code: 'aborted' })
  const waiting = here.acquire(cid, options())
  resolve()
  await waiting
})

test('an add counts against its bound only what is not here yet', async () => {
  const { here } = await pair()
  const first = await here.add([bytes])
  assert.deepEqual(await here.add([bytes], { bytesMax: 0 }), first)
  await assert.rejects(here.add([new Uint8Array(10)], { bytesMax: 9 }), { code: 'no-space' })
  assert.deepEqual(await here.space(), { usedBytes: first.bytes })
})
