// Strangers who do their worst to one peer of three: they gossip a thousand messages a second, send frames that lie about
// their length and messages that never end, keep streams open in which nothing comes, and hold a thousand connections. The
// peer's memory stays within a bound, it says what it refused, and the mesh goes on with its work meanwhile.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parseMeshId } from '@pinmesh/core'
import { createLibp2pTransport, type Libp2pTransport } from '@pinmesh/transport'
import { inlineCid } from '../kit/cids.ts'
import { Lab } from '../kit/lab.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

/** How much the peer's memory may grow by each of it: room for the collector, and far less than all that is thrown at it. */
const grownBytesMax = 150_000_000
const gossipSeconds = 6
/** Of a thousand messages a second. */
const perTick = 20
const tickMs = 20
const pinsMeanwhile = 100
const connections = 1000

// On whatever the environment says: much of what strangers do here is gossip.
const lab = new Lab('strangers', { flags: ['--gossip', 'on'] })
const strangers: Libp2pTransport[] = []
const sockets: Socket[] = []
let peers: PeerProcess[] = []
let a: PeerProcess
let pins = 0

before(async () => {
  peers = await lab.mesh(['a', 'b', 'c'])
  a = peers[0] as PeerProcess
})
after(async () => {
  for (const socket of sockets) socket.destroy()
  for (const stranger of strangers) await stranger.stop()
  await lab.close()
})

/** One that knows how the mesh talks and is no member of it, connected to a. */
async function stranger(): Promise<Libp2pTransport> {
  const made = await createLibp2pTransport({
    privateKeySeed: new Uint8Array(randomBytes(32)),
    listen: [],
    gossip: true,
    isMember: () => true
  })
  strangers.push(made)
  await made.start({
    gossiped: () => 'ignore',
    asked: async () => new Promise(() => {}),
    connected: () => {},
    disconnected: () => {}
  })
  await made.dial(a.addresses[0] as string, AbortSignal.timeout(20_000))
  return made
}

function residentBytes(peer: PeerProcess): number {
  return 1024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(peer.pid)], { encoding: 'utf8' }))
}

/** Attacks while a writes; fails if a grows too much, if the others miss anything, or if anybody is missed. */
async function underAttack(attack: () => Promise<void>): Promise<void> {
  const seen = peers.map(({ notes }) => notes.length)
  const before = residentBytes(a)
  let most = before
  const look = (): void => void (most = Math.max(most, residentBytes(a)))
  const attacked = attack()
  for (let n = 0; n < pinsMeanwhile; n++) {
    const [answer] = await a.client.pins.add([{ cid: inlineCid(`${pins++}`), replicas: 1 }])
    assert.ok(answer !== undefined && !('error' in answer))
    if (n % 10 === 0) look()
  }
  await attacked
  look()
  assert.ok(most - before <= grownBytesMax, `grown by ${Math.round((most - before) / 1e6)} MB`)
  await lab.agree(peers, pins)
  const down = peers.flatMap(({ notes }, n) => notes.slice(seen[n]).filter(({ to }) => to === 'down'))
  assert.deepEqual(down, [])
}

async function says(what: string, is: (note: Record<string, unknown>) => boolean): Promise<void> {
  await until(`a says that it refused ${what}`, 20_000, () => a.notes.some(is))
}

test('a thousand messages a second from a stranger', async () => {
  const loud = await stranger()
  loud.join(parseMeshId(a.mesh))
  await underAttack(async () => {
    const end = performance.now() + gossipSeconds * 1000
    while (performance.now() < end) {
      await pause(tickMs)
      // Beats of nobody.
      for (let n = 0; n < perTick; n++) loud.publish('beats', new Uint8Array([3, 100, ...randomBytes(100)]))
    }
  })
  await says('gossip', ({ code }) => code === 'gossip-refused')
})

test('frames that lie about their length, messages without end, streams in which nothing comes', async () => {
  const liar = await stranger()
  const address = a.addresses[0] as string
  const open = async (protocol: string): ReturnType<Libp2pTransport['libp2p']['dialProtocol']> => {
    await liar.dial(address, AbortSignal.timeout(20_000))
    const connection = liar.libp2p.getConnections().find(({ status }) => status === 'open')
    if (connection === undefined) throw new Error('there is no connection')
    return connection.newStream(protocol, { signal: AbortSignal.timeout(5000) })
  }
  const send = async (protocol: string, bytes: Uint8Array, times: number): Promise<void> => {
    const stream = await open(protocol).catch(() => undefined)
    for (let n = 0; n < times && stream?.status === 'open' && !stream.writableNeedsDrain; n++) stream.send(bytes)
  }
  const lie = Buffer.alloc(9)
  lie.writeUInt32BE(0xffff_fff0)
  const endless = Buffer.concat([Buffer.from([0, 0, 0xea, 0x65, 0, 0, 0, 0, 1]), Buffer.alloc(60_000)])
  await underAttack(async () => {
    for (let turn = 0; turn < 30; turn++) {
      for (const protocol of ['/pinmesh/sync/1', '/pinmesh/blocks/1', '/ipfs/bitswap/1.2.0', '/ipfs/id/1.0.0']) {
        await send(protocol, lie, 1)
        await send(protocol, endless, 1)
      }
      await send('/pinmesh/sync/1', endless, 50)
    }
  })
  await says('framing', ({ code, what }) => code === 'refused' && what === 'framing')
})

test('a thousand connections that never say a word, to both of its ports', async () => {
  const doors = await lab.doorsOf('a')
  let closed = 0
  await underAttack(async () => {
    for (let n = 0; n < connections; n++) {
      const socket = connect((doors[n % doors.length] as (typeof doors)[0]).port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      socket.on('close', () => closed++)
    }
    await until('all being turned away or given up', 60_000, () => closed === connections)
  })
  peers.push(await lab.join('late', a))
  await lab.agree(peers, pins)
})

test('strangers that do speak take no more places than are theirs', async () => {
  await underAttack(async () => {
    // What is being set up is not counted: those that come together may be more.
    for (const wave of [35, 10]) await Promise.allSettled(Array.from({ length: wave }, stranger))
  })
  await says('connections', ({ code, what }) => code === 'refused' && what === 'connection')
  await lab.meet(peers)
})
