// What is refused at the doors of a peer: homes that cannot be read, places that are no mesh, a Kubo that is too old, an
// invitation that nobody made.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { initHome, joinHome, createNode } from '@pinmesh/node'
import { createLibp2pTransport } from '@pinmesh/transport'

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

test('a Kubo that is too old is refused before anything is begun', async () => {
  const kubo = createServer((_request, response) => {
    const body = { ID: other, Addresses: [], AgentVersion: 'kubo/0.39.0/' }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => kubo.listen(0, '127.0.0.1', resolve))
  try {
    const home = join(folder, 'old-kubo')
    await initHome({ home, open: true, spaceBytes: 1e6 })
    const api = `/ip4/127.0.0.1/tcp/${(kubo.address() as AddressInfo).port}`
    await assert.rejects(createNode({ home, listen: [loopback], kubo: api }), {
      code: 'MESH_KUBO_OLD',
      message: /0\.39\.0/
    })
  } finally {
    kubo.close()
    kubo.closeAllConnections()
  }
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

const other = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
