// A start that fails or is interrupted leaves nothing open: the home can be started at once, by the same process.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createNode, initHome, joinHome, type MeshNode, type NodeInit } from '@pinmesh/node'

const folder = mkdtempSync(join(tmpdir(), 'pinmesh-start-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const home = join(folder, 'home')
const init: NodeInit = { home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' }
await initHome({ home, open: true, profile: 'test', spaceBytes: 1e6 })

async function startsAndStops(): Promise<void> {
  const node: MeshNode = await createNode(init)
  assert.equal(node.info().role, 'writer')
  await node.stop()
}

/** A signal that aborts when it is looked at for that time: so each place that looks at it is tried. */
function abortedAtLook(look: number): AbortSignal {
  const controller = new AbortController()
  const { signal } = controller
  let looks = 0
  signal.throwIfAborted = () => {
    if (++looks === look) controller.abort(new Error(`look ${look}`))
    AbortSignal.prototype.throwIfAborted.call(signal)
  }
  return signal
}

test('an interrupted start rejects with the reason, wherever it was, and leaves nothing open', async () => {
  let looks = 1
  for (; ; looks++) {
    const signal = abortedAtLook(looks)
    const node = await createNode({ ...init, signal }).catch((error: unknown) => {
      assert.equal(error, signal.reason)
    })
    if (node === undefined) continue
    await node.stop()
    break
  }
  assert.ok(looks > 5)
  await startsAndStops()
})

test('once it serves, the signal of its start means nothing any more', async () => {
  const start = new AbortController()
  const node = await createNode({ ...init, signal: start.signal })
  start.abort()
  assert.equal((await node.pins.add([{ cid: 'bafkqaaa', replicas: 1 }])).length, 1)
  await node.stop()
})

test('a start on a port that is taken leaves nothing open', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await assert.rejects(createNode({ ...init, listen: [`/ip4/127.0.0.1/tcp/${port}`] }), { code: 'MESH_PORT_TAKEN' })
  server.close()
  await startsAndStops()
})

test('a home that another peer of this process uses is refused, and goes on', async () => {
  const node = await createNode(init)
  await assert.rejects(createNode(init), { code: 'MESH_HOME_BUSY' })
  assert.equal(node.info().role, 'writer')
  await node.stop()
})

test('setting up a home ends with the signal too, whoever is asked', async () => {
  const other = join(folder, 'other')
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  await assert.rejects(initHome({ home: other, open: true, signal }), reason)
  const silent = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const enough = new AbortController()
  silent.once('connection', () => enough.abort(reason))
  const bootstrap = `/ip4/127.0.0.1/tcp/${port}`
  await assert.rejects(joinHome({ home: other, bootstrap, signal: enough.signal }), reason)
  silent.close()
  await assert.rejects(createNode({ home: other }), { code: 'MESH_HOME_MISSING' })
})
