// The sync protocol against real connections: hostile bytes, strangers, restarts, two connections between two peers.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { Stream } from '@libp2p/interface'
import { connect, until, warmUp, witness } from '../src/contract.ts'
import type { Libp2pTransport } from '../src/index.ts'
import { node } from './lab.ts'

const soon = (): AbortSignal => AbortSignal.timeout(20_000)

async function rawStream(from: Libp2pTransport, to: Libp2pTransport): Promise<Stream> {
  return from.libp2p.dialProtocol(multiaddr(to.addresses()[0]!), '/pinmesh/sync/1')
}

function header(length: number, flags: number): Uint8Array {
  const bytes = Buffer.alloc(9)
  bytes.writeUInt32BE(length, 0)
  bytes[4] = flags
  return bytes
}

test('hostile frames lose their stream, and only that', async () => {
  const hostile = await node()
  const refused: string[] = []
  const victim = await witness(await node(), { refused: (peer, what) => refused.push(`${what} ${peer}`) })
  await witness(hostile)
  const attacks: readonly Uint8Array[] = [
    header(2 ** 31, 0),
    header(5, 0x40),
    header(1, 1),
    header(5, 0),
    randomBytes(100_000)
  ]
  for (const attack of attacks) {
    const stream = await rawStream(hostile, victim.transport as Libp2pTransport)
    stream.send(attack)
    await until(() => stream.status !== 'open', 'the stream being closed')
  }
  const endless = await rawStream(hostile, victim.transport as Libp2pTransport)
  const frame = Buffer.concat([header(5 + 60_000, 0), Buffer.alloc(60_000)])
  await until(() => {
    if (endless.status === 'open' && !endless.writableNeedsDrain) endless.send(frame)
    return endless.status !== 'open'
  }, 'an endless message being cut off')
  assert.deepEqual(refused, Array(attacks.length + 1).fill(`framing ${hostile.peer}`))
  assert.deepEqual(await hostile.ask(victim.transport.peer, Uint8Array.of(5), soon()), Uint8Array.of(5))
})

test('a peer that asks without end and reads nothing is held by flow control', async () => {
  let asked = 0
  const flooder = await node()
  await witness(flooder)
  const victim = await witness(await node(), {
    asked: () => {
      asked++
      return Promise.resolve(new Uint8Array(2 * 1024 * 1024))
    }
  })
  const stream = await rawStream(flooder, victim.transport as Libp2pTransport)
  stream.addEventListener('message', () => {})
  stream.pause()
  const asks = Buffer.concat(Array.from({ length: 10_000 }, () => header(5, 1)))
  await until(() => {
    if (!stream.writableNeedsDrain) stream.send(asks)
    return asked >= 16 && stream.writableNeedsDrain
  }, 'the flooder being held')
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(asked, 16)
  stream.abort(new Error('enough'))
})

test('an answer to nothing that was asked breaks the stream', async () => {
  const asker = await witness(await node())
  const liar = await node()
  after(() => liar.stop())
  await liar.libp2p.handle('/pinmesh/sync/1', (stream) => {
    stream.addEventListener('message', () =>
      stream.send(Buffer.concat([header(5, 1).subarray(0, 5), Buffer.from([9, 9, 9, 9])]))
    )
  })
  await liar.libp2p.start()
  await asker.transport.dial(liar.addresses()[0]!, soon())
  await assert.rejects(asker.transport.ask(liar.peer, new Uint8Array(1), soon()), { code: 'MESH_DISCONNECTED' })
})

test('a stranger is slowed down, a member is not', async () => {
  const answer = new Uint8Array(1_500_000)
  const stranger = await witness(await node())
  const member = await witness(await node())
  const server = await witness(await node({ isMember: (peer) => peer === member.transport.peer }), {
    asked: () => Promise.resolve(answer)
  })
  await connect(stranger, server)
  await connect(member, server)
  const ask = async ({ transport }: typeof member): Promise<Uint8Array> =>
    transport.ask(server.transport.peer, Uint8Array.of(1), AbortSignal.timeout(30_000))
  // Five times what a stranger may take in a second, so that it is a matter of seconds also where the machine is busy.
  let strangerDone = false
  const slow = Promise.all(Array.from({ length: 4 }, () => ask(stranger))).then((answers) => {
    strangerDone = true
    return answers
  })
  for (let n = 0; n < 4; n++) await ask(member)
  assert.equal(strangerDone, false)
  for (const bytes of await slow) assert.equal(bytes.length, answer.length)
})

test('after the other side restarted, asks and gossip work again', async () => {
  const privateKeySeed = randomBytes(32)
  const a = await witness(await node())
  const before = await witness(await node({ privateKeySeed }))
  const peer = await connect(a, before)
  a.transport.join(new Uint8Array(32))
  before.transport.join(new Uint8Array(32))
  await warmUp(a, [before])
  assert.deepEqual(await a.transport.ask(peer, Uint8Array.of(1), soon()), Uint8Array.of(1))
  const [address] = before.transport.addresses()
  await before.transport.stop()
  await until(() => a.events.length === 2, 'the disconnect')
  await assert.rejects(a.transport.dial(address!, soon()), { code: 'MESH_UNREACHABLE' })
  const again = await witness(await node({ privateKeySeed, listen: [address!.replace(/\/p2p\/.*/, '')] }))
  again.transport.join(new Uint8Array(32))
  assert.equal(await a.transport.dial(address!, soon()), peer)
  assert.deepEqual(await a.transport.ask(peer, Uint8Array.of(2), soon()), Uint8Array.of(2))
  assert.deepEqual(a.events, [`+${peer}`, `-${peer}`, `+${peer}`])
  await warmUp(a, [again])
})

test('when one of two connections to a peer closes, asks and gossip go on over the other', async () => {
  const a = await witness(await node())
  const b = await witness(await node())
  await connect(a, b)
  for (const { transport } of [a, b]) transport.join(new Uint8Array(32))
  await warmUp(a, [b])
  await a.transport.ask(b.transport.peer, Uint8Array.of(1), soon())
  const nodes = [a, b].map(({ transport }) => (transport as Libp2pTransport).libp2p)
  const connections = (count: number): boolean => nodes.every((libp2p) => libp2p.getConnections().length === count)
  let identified = 0
  for (const libp2p of nodes) libp2p.addEventListener('peer:identify', () => identified++)
  await nodes[1]!.dial(multiaddr(a.transport.addresses()[0]!), { force: true })
  await until(() => connections(2) && identified === 2, 'the second connection')
  await nodes[0]!.getConnections()[0]!.close()
  await until(() => connections(1), 'the first connection gone')
  assert.deepEqual(await a.transport.ask(b.transport.peer, Uint8Array.of(2), soon()), Uint8Array.of(2))
  for (const self of [a, b]) self.heard.length = 0
  await warmUp(a, [b])
  await warmUp(b, [a])
  assert.equal(a.events.length, 1)
  assert.equal(b.events.length, 1)
})
