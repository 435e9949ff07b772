// The node around the protocols: where it listens, whom it lets in, gossip off, and how forged gossip is scored.

import assert from 'node:assert/strict'
import { createConnection } from 'node:net'
import { test } from 'node:test'
import { connect, until, warmUp, witness } from '../src/contract.ts'
import type { Witness } from '../src/contract.ts'
import type { Libp2pTransport } from '../src/index.ts'
import { createLibp2pTransport, gossipBytesMax } from '../src/index.ts'
import { connectionsMax, connectionsPendingMax, strangerGossipBurst, strangerGossipPerSecond } from '../src/bounds.ts'
import { node } from './lab.ts'

const soon = (): AbortSignal => AbortSignal.timeout(20_000)
const meshId = new Uint8Array(32)

test('a taken port and malformed addresses have their codes', async () => {
  const a = await witness(await node())
  const taken = a.transport.addresses()[0]!.replace(/\/p2p\/.*/, '')
  await assert.rejects(witness(await node({ listen: [taken] })), { code: 'MESH_PORT_TAKEN' })
  await assert.rejects(node({ listen: ['127.0.0.1:4101'] }), { code: 'MESH_BAD_ADDRESS' })
  await assert.rejects(node({ announce: ['/ip4/999.1.1.1/tcp/1'] }), { code: 'MESH_BAD_ADDRESS' })
  await assert.rejects(witness(await node({ listen: ['/ip4/192.0.2.1/tcp/0'] })), { code: 'MESH_BAD_ADDRESS' })
})

test('the sentence of a failed dial says why', async () => {
  const a = await witness(await node())
  const b = await witness(await node())
  const address = b.transport.addresses()[0]!
  await assert.rejects(a.transport.dial('/ip4/127.0.0.1/tcp/1', soon()), /cannot be reached: nothing listens there\.$/)
  await assert.rejects(a.transport.dial(a.transport.addresses()[0]!, soon()), /it is this peer itself/)
  await assert.rejects(a.transport.dial('/ip4/127.0.0.1/udp/1/quic-v1', soon()), /no transport for such an address/)
  const other = address.replace(/\/p2p\/.*/, `/p2p/${(await node()).peer}`)
  await assert.rejects(a.transport.dial(other, soon()), /another peer answers there/)
})

test('a dial without /p2p finds out who is there, also twice', async () => {
  const a = await witness(await node())
  const b = await witness(await node())
  const bare = b.transport.addresses()[0]!.replace(/\/p2p\/.*/, '')
  assert.equal(await a.transport.dial(bare, soon()), b.transport.peer)
  assert.equal(await a.transport.dial(bare, soon()), b.transport.peer)
  assert.deepEqual(a.events, [`+${b.transport.peer}`])
})

test('without listen nothing listens, and announce replaces what is told to others', async () => {
  const silent = await witness(await node({ listen: [] }))
  assert.deepEqual(silent.transport.addresses(), [])
  const b = await witness(await node({ announce: ['/ip4/192.0.2.7/tcp/4101'] }))
  assert.deepEqual(b.transport.addresses(), [`/ip4/192.0.2.7/tcp/4101/p2p/${b.transport.peer}`])
})

test('with gossip off there is no gossipsub, and asks work', async () => {
  const a = await witness(await node({ gossip: false }))
  const b = await witness(await node())
  await connect(a, b)
  a.transport.join(meshId)
  a.transport.publish('beats', new Uint8Array(1))
  assert.deepEqual(await a.transport.ask(b.transport.peer, Uint8Array.of(1), soon()), Uint8Array.of(1))
  assert.deepEqual(
    (a.transport as Libp2pTransport).libp2p.getProtocols().filter((name) => name.includes('meshsub')),
    []
  )
})

test('twenty peers of one address may join at once, strangers get half of the places', async () => {
  const refused = new Set<string>()
  const hub = await witness(await node({ connectionsMax: 40, gossip: false, isMember: () => false }), {
    refused: (peer, what) => void refused.add(`${what} ${peer}`)
  })
  const peers = await Promise.all(
    Array.from({ length: 22 }, async () => witness(await node({ gossip: false, listen: [] })))
  )
  const join = async (peer: Witness): Promise<void> => {
    await connect(peer, hub)
    await peer.transport.ask(hub.transport.peer, Uint8Array.of(1), soon())
  }
  await Promise.all(peers.slice(0, 20).map(join))
  for (const late of peers.slice(20)) await assert.rejects(join(late))
  assert.equal(hub.transport.connections().length, 20)
  assert.deepEqual(refused, new Set(peers.slice(20).map(({ transport }) => `connection ${transport.peer}`)))
})

test('of many that connect and say nothing few are kept, and none for long, on either carrier', async (t) => {
  for (const listen of ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']) {
    const hub = await witness(await node({ listen: [listen], gossip: false }))
    const port = Number(/tcp\/(\d+)/.exec(hub.transport.addresses()[0]!)?.[1])
    let closed = 0
    const sockets = Array.from({ length: 300 }, () => createConnection(port, '127.0.0.1'))
    for (const socket of sockets) socket.on('error', () => {}).on('close', () => closed++)
    t.after(() => sockets.forEach((socket) => socket.destroy()))
    await until(() => closed >= 300 - connectionsMax - connectionsPendingMax, 'most being turned away')
    await until(() => closed === 300, 'the others being given up')
    const late = await witness(await node({ listen: [], gossip: false }))
    await connect(late, hub)
  }
})

test('of a stranger that gossips without end little is heard, and soon nothing; members are heard meanwhile', async () => {
  const refused: string[] = []
  const loud = await witness(await node())
  const hub = await witness(await node({ isMember: (peer) => peer !== loud.transport.peer }), {
    refused: (peer, what) => void refused.push(`${what} ${peer}`)
  })
  const member = await witness(await node())
  for (const peer of [loud, member]) await connect(peer, hub)
  for (const { transport } of [loud, hub, member]) transport.join(meshId)
  await warmUp(member, [hub])
  const { libp2p } = hub.transport as Libp2pTransport
  const gossip = libp2p.services['pinmeshGossip'] as { getScore(peer: string): number }
  let n = 0
  await until(() => {
    for (let more = 0; more < 20; more++) loud.transport.publish('beats', Buffer.from(`loud ${n++}`))
    return gossip.getScore(loud.transport.peer) < -80
  }, 'the loud one being shut out')
  const heard = hub.heard.filter((line) => line.startsWith('beats loud')).length
  assert.ok(heard <= strangerGossipBurst + 10 * strangerGossipPerSecond, `${heard} of ${n} were heard`)
  assert.ok(refused.length > 0 && refused.every((line) => line === `gossip ${loud.transport.peer}`))
  member.transport.publish('pins', Buffer.from('honest'))
  await until(() => hub.heard.includes('pins honest'), 'the member being heard')
})

test('large gossip arrives, larger is not sent, and a forger is soon silenced', async () => {
  const a = await witness(await node())
  const b = await witness(await node())
  await connect(a, b)
  for (const { transport } of [a, b]) transport.join(meshId)
  await warmUp(a, [b])
  a.transport.publish('pins', new Uint8Array(gossipBytesMax + 1))
  a.transport.publish('pins', new Uint8Array(gossipBytesMax))
  await until(() => b.heard.some((line) => line.length > gossipBytesMax), 'the large message')
  b.verdict = 'reject'
  const { libp2p } = b.transport as Libp2pTransport
  const gossip = libp2p.services['pinmeshGossip'] as { getScore(peer: string): number }
  let n = 0
  await until(() => {
    a.transport.publish('pins', Buffer.from(`forged ${n++}`))
    return gossip.getScore(a.transport.peer) < -80
  }, 'the score falling')
})

test('services and protocol handlers can be added to the same node before it starts', async () => {
  const server = await createLibp2pTransport({
    privateKeySeed: new Uint8Array(32).fill(3),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gossip: false,
    isMember: () => true,
    services: { extra: () => ({ word: 'here' }) }
  })
  await server.libp2p.handle('/test/1', (stream) => void stream.close())
  const b = await witness(server)
  const a = await node({ listen: [] })
  await connect(await witness(a), b)
  const stream = await a.libp2p.dialProtocol(a.libp2p.getPeers()[0]!, '/test/1')
  assert.equal(stream.protocol, '/test/1')
  assert.deepEqual((server.libp2p.services as Record<string, unknown>)['extra'], { word: 'here' })
})

test('through a relay, when asked for, asks and gossip reach a peer that cannot be dialled', async () => {
  const relay = await witness(await node({ relay: 'serve' }))
  const circuit = `${relay.transport.addresses()[0]!}/p2p-circuit`
  const hidden = await witness(await node({ relay: 'use', listen: [circuit] }))
  const a = await witness(await node({ relay: 'use' }))
  await until(() => hidden.transport.addresses().length > 0, 'the reservation')
  assert.equal(await connect(a, hidden), hidden.transport.peer)
  assert.deepEqual(await a.transport.ask(hidden.transport.peer, Uint8Array.of(1), soon()), Uint8Array.of(1))
  for (const { transport } of [a, hidden]) transport.join(meshId)
  await warmUp(a, [hidden])
  const plain = await witness(await node())
  await assert.rejects(connect(plain, hidden), { code: 'MESH_UNREACHABLE' })
})
