// What is refused at the doors of a peer: homes that cannot be read, places that are no mesh, a Kubo that is too old, an
// invitation that nobody made.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { createNode, initHome, inspectBackEnd, joinHome } from '@pinmesh/node'
import { createLibp2pTransport } from '@pinmesh/transport'
import { Home } from '../src/home.ts'
import type { MeshFile } from '../src/mesh-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'pinmesh-doors-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const loopback = '/ip4/127.0.0.1/tcp/0'

test('a home whose files cannot be read says which, and is left as it is', async () => {
  const home = join(folder, 'denied')
  mkdirSync(join(home, 'identity.key'), { recursive: true })
  await assert.rejects(initHome({ home, open: true, spaceBytes: 1e6 }), {
    code: 'MESH_HOME_DENIED',
    message: /identity\.key/
  })
})

test('a home that cannot be made says so', async () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  for (const home of [file, join(file, 'below')]) {
    await assert.rejects(initHome({ home, open: true, spaceBytes: 1e6 }), {
      code: 'MESH_HOME_DENIED',
      message: /a-file.* cannot be (?:read|written) \(E/
    })
  }
})

test('a peer that is in no mesh cannot be joined by', async () => {
  const transport = await createLibp2pTransport({
    privateKeySeed: new Uint8Array(32).fill(7),
    listen: [loopback],
    gossip: false,
    isMember: () => true
  })
  const nothing = (): void => {}
  await transport.start({
    gossiped: () => 'ignore',
    asked: async () => Promise.reject(new Error('no mesh here')),
    connected: nothing,
    disconnected: nothing
  })
  try {
    const bootstrap = transport.addresses()[0] as string
    await assert.rejects(joinHome({ home: join(folder, 'lost'), bootstrap }), { code: 'MESH_NOT_A_MESH', exit: 1 })
  } finally {
    await transport.stop()
  }
})

test('a Kubo that is too old is refused before anything is begun', async (t) => {
  const home = join(folder, 'old-kubo')
  await initHome({ home, open: true, spaceBytes: 1e6 })
  const { api } = await saysItIs(t, { ID: other, Addresses: [], AgentVersion: 'kubo/0.39.0/' })
  await assert.rejects(createNode({ home, listen: [loopback], kubo: api }), {
    code: 'MESH_KUBO_OLD',
    message: /0\.39\.0/
  })
})

test('the Kubo of a home is looked at while no peer runs: there, another, gone', async (t) => {
  const home = join(folder, 'kubo')
  const signal = AbortSignal.timeout(20_000)
  const kubo = await saysItIs(t, { ID: other, Addresses: [], AgentVersion: 'kubo/0.43.0/' })
  await initHome({ home, open: true, spaceBytes: 1e6 })
  assert.equal(await inspectBackEnd(home, signal), undefined)
  const mesh = (await new Home(home).mesh()) as MeshFile
  await new Home(home).saveMesh({ ...mesh, kubo: { api: kubo.api, peer: other } })
  assert.deepEqual(await inspectBackEnd(home, signal), { api: kubo.api, peer: other })
  kubo.says.ID = '12D3KooWNvSZnPi3RrhrTwEY4LuuBeB6K6facKUCJcyWG1aoDd2p'
  await assert.rejects(inspectBackEnd(home, signal), { code: 'MESH_BACKEND_CHANGED' })
  kubo.close()
  await assert.rejects(inspectBackEnd(home, signal), { code: 'MESH_KUBO_UNREACHABLE' })
})

test('an invitation that was not made here cannot be ended by its id', async () => {
  const home = join(folder, 'inviting')
  await initHome({ home, open: false, spaceBytes: 1e6 })
  const node = await createNode({ home, listen: [loopback], profile: 'test' })
  try {
    await assert.rejects(node.trust.endInvitation('0'.repeat(12)), { code: 'MESH_INVITE_UNKNOWN', exit: 1 })
  } finally {
    await node.stop()
  }
})

test('an invitation whose peers are all gone says how many were tried', async () => {
  const home = join(folder, 'gone')
  await initHome({ home, open: false, spaceBytes: 1e6 })
  const node = await createNode({ home, listen: [loopback, `${loopback}/ws`], profile: 'test' })
  const { invite } = await node.trust.invite()
  await node.stop()
  await assert.rejects(joinHome({ home: join(folder, 'late'), invite, spaceBytes: 1e6 }), {
    code: 'MESH_UNREACHABLE',
    message:
      /^None of the 2 addresses in the invitation leads into the mesh; the last: .*127\.0\.0\.1.* cannot be reached/,
    remedy: /Check the address/
  })
})

const other = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

interface FakeKubo {
  readonly api: string
  readonly says: Record<string, unknown>
  close(): void
}

/** A server that gives one answer to whatever it is asked: that of Kubo's `id`. */
async function saysItIs(t: TestContext, says: Record<string, unknown>): Promise<FakeKubo> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(says))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.after(close)
  return { api: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`, says, close }
}
