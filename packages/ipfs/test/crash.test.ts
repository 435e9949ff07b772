// A process killed while it acquires, on a real disk: what was pinned stays, what came is used again.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { blocksOf, cbor, from, noise, raw, serve } from './dags.ts'
import { connect, Lab, options, used } from './nodes.ts'
import type { Peer } from './nodes.ts'

const lab = new Lab()
after(() => lab.end())

const leaves = Array.from({ length: 120 }, (_, n) => raw(noise(n % 2 === 0 ? 100_000 : 1000, n)))
const root = cbor(leaves.map(({ cid }) => cid))
const cid = root.cid.toString()
const total = [root, ...leaves].reduce((sum, { bytes }) => sum + bytes.length, 0)

async function filesIn(peer: Peer): Promise<string[]> {
  const names = await readdir(join(peer.path, 'blocks'), { recursive: true })
  return names.filter((name) => name.length > 30).map((name) => join(peer.path, 'blocks', name))
}

test('kill -9 during an acquire costs nothing that was pinned and little of what came', async () => {
  const path = await lab.folder()
  const source = await lab.node()
  let give = (): void => {}
  const asked = new Set<string>()
  await serve(source, (one, stream) => {
    give()
    asked.add(one.toString())
    return from(blocksOf(root, ...leaves))(one, stream)
  })
  const addresses = JSON.stringify(source.getMultiaddrs().map(String))
  const child = fork(
    join(import.meta.dirname, 'acquiring-child.ts'),
    [path, addresses, source.peerId.toString(), cid],
    {
      execArgv: ['--conditions=@pinmesh/source']
    }
  )
  const exited = once(child, 'exit')
  const [pins] = (await once(child, 'message')) as [{ small: string; large: string }]
  // The window is 32: when 90 are asked for, more than 50 have been stored.
  give = () => {
    if (asked.size === 90) child.kill('SIGKILL')
  }
  await exited
  assert.equal(child.signalCode, 'SIGKILL')

  const peer = await lab.peer({ path })
  assert.deepEqual(await peer.content.pinned(pins.small), { mode: 'recursive', bytes: 3 })
  assert.equal((await peer.content.pinned(pins.large))?.mode, 'recursive')
  assert.equal(await peer.content.pinned(cid), undefined)
  const kept = await used(peer.content)
  const pinnedBytes = 3 + ((await peer.content.pinned(pins.large))?.bytes ?? 0)
  assert.ok(kept > pinnedBytes + 1_000_000, `${kept - pinnedBytes} bytes were kept`)

  asked.clear()
  give = () => {}
  await connect(peer.libp2p, source)
  assert.deepEqual(await peer.content.acquire(cid, options([source.peerId.toString()])), { bytes: total })
  assert.ok(asked.size < 90, `${asked.size} asked again`)
  assert.equal(await used(peer.content), total + pinnedBytes)
  for (const one of [cid, pins.small, pins.large]) await peer.content.release(one)
  assert.equal(await used(peer.content), 0)
  assert.deepEqual(await filesIn(peer), [])
})

test('a file cut short is noticed, and fetched again', async () => {
  const there = await lab.peer()
  const here = await lab.peer()
  await connect(here.libp2p, there.libp2p)
  const bytes = noise(3 << 20, 1)
  const added = await there.content.add([bytes])
  await here.content.acquire(added.cid, options([there.id]))
  const [file = ''] = await filesIn(here)
  await truncate(file, 1000)
  const parts: Uint8Array[] = []
  for await (const entry of here.content.get(added.cid, options([there.id]))) {
    for await (const part of entry.content ?? []) parts.push(part)
  }
  assert.deepEqual(Buffer.concat(parts), Buffer.from(bytes))
  assert.equal(await here.content.pinned(added.cid), undefined)
  assert.deepEqual(await here.content.acquire(added.cid, options([there.id])), { bytes: added.bytes })
  assert.equal(await used(here.content), added.bytes)
})
