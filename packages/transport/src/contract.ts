// What every Transport promises, as tests: call `contract(name, makeLab)` in a test file. A lab makes transports that count each other
// as members and can dial each other by `addresses()`.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { messageBytesMax } from './bounds.ts'
import type { Handlers, Transport, Verdict } from './index.ts'
import type { TransportCode } from './transport-error.ts'

export interface Lab {
  /** A new transport, not started. */
  transport(): Promise<Transport>
  /** An address at which nobody listens. */
  deadAddress: string
}

/** A started transport that writes down what it is told. */
export interface Witness extends Handlers {
  transport: Transport
  verdict: Verdict
  heard: string[]
  sources: Set<string>
  events: string[]
}

/** Polls `condition` until it holds; fails after `deadlineMs`. */
export async function until(condition: () => boolean, what: string, deadlineMs = 20_000): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > end) assert.fail(`${what} did not happen within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Starts a transport whose handlers echo asks and record the rest; stopped after the tests. */
export async function witness(transport: Transport, overrides: Partial<Handlers> = {}): Promise<Witness> {
  const self: Witness = {
    transport,
    verdict: 'accept',
    heard: [],
    sources: new Set(),
    events: [],
    gossiped: (topic, bytes, from) => {
      self.heard.push(`${topic} ${Buffer.from(bytes).toString()}`)
      assertPlain(bytes)
      self.sources.add(from)
      return self.verdict
    },
    asked: async (_peer, request) => {
      assertPlain(request)
      return Buffer.from(request)
    },
    connected: (peer) => self.events.push(`+${peer}`),
    disconnected: (peer) => self.events.push(`-${peer}`),
    ...overrides
  }
  await transport.start(self)
  after(() => transport.stop())
  return self
}

/** Dials `to` from `from`. */
export function connect(from: Witness, to: Witness): Promise<string> {
  return from.transport.dial(to.transport.addresses()[0]!, soon())
}

/** Publishes new messages until all of `hearers` have one of them: their subscriptions are known by then. */
export async function warmUp(publisher: Witness, hearers: readonly Witness[]): Promise<void> {
  let n = 0
  await until(() => {
    publisher.transport.publish('facts', Buffer.from(`warm ${n++}`))
    return hearers.every(({ heard }) => heard.some((line) => line.startsWith('facts warm')))
  }, 'hearing each other')
}

function assertPlain(bytes: Uint8Array): void {
  assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, 'bytes are a plain Uint8Array, not a Buffer')
}

const soon = (): AbortSignal => AbortSignal.timeout(20_000)
const rejectsWith = (code: TransportCode): { code: TransportCode } => ({ code })
const meshId = new Uint8Array(32).fill(7)

export function contract(name: string, makeLab: () => Promise<Lab>): void {
  void test(`${name}: dial, connections, stop`, (t) => dialing(t.test.bind(t), makeLab))
  void test(`${name}: ask`, (t) => asking(t.test.bind(t), makeLab))
  void test(`${name}: gossip`, (t) => gossiping(t.test.bind(t), makeLab))
}

type Subtest = (name: string, run: () => Promise<void>) => Promise<void>

async function couple(makeLab: () => Promise<Lab>, overrides: Partial<Handlers> = {}): Promise<[Witness, Witness]> {
  const lab = await makeLab()
  const a = await witness(await lab.transport())
  const b = await witness(await lab.transport(), overrides)
  await connect(a, b)
  return [a, b]
}

async function dialing(test: Subtest, makeLab: () => Promise<Lab>): Promise<void> {
  await test('a dial gives the peer and tells both sides once', async () => {
    const [a, b] = await couple(makeLab)
    assert.equal(await connect(a, b), b.transport.peer)
    await until(() => b.events.length > 0, 'the dialled side being told')
    await a.transport.ask(b.transport.peer, new Uint8Array(1), soon())
    assert.deepEqual(a.events, [`+${b.transport.peer}`])
    assert.deepEqual(b.events, [`+${a.transport.peer}`])
    assert.deepEqual(a.transport.connections(), [b.transport.peer])
    assert.deepEqual([a.transport.dialers(), b.transport.dialers()], [[], [a.transport.peer]])
  })
  await test('a peer that stops is reported once, and nothing is told to the one that stopped', async () => {
    const [a, b] = await couple(makeLab)
    await until(() => b.events.length > 0, 'the dialled side being told')
    await b.transport.stop()
    await until(() => a.events.length > 1, 'the disconnect')
    assert.deepEqual(a.events, [`+${b.transport.peer}`, `-${b.transport.peer}`])
    assert.deepEqual(b.events, [`+${a.transport.peer}`])
    assert.deepEqual(a.transport.connections(), [])
    await assert.rejects(a.transport.ask(b.transport.peer, new Uint8Array(1), soon()), rejectsWith('MESH_DISCONNECTED'))
  })
  await test('bad, dead and given-up dials have their codes', async () => {
    const lab = await makeLab()
    const a = await witness(await lab.transport())
    await assert.rejects(a.transport.dial('nonsense', soon()), rejectsWith('MESH_BAD_ADDRESS'))
    await assert.rejects(a.transport.dial(lab.deadAddress, soon()), rejectsWith('MESH_UNREACHABLE'))
    await assert.rejects(a.transport.dial(lab.deadAddress, AbortSignal.abort()), rejectsWith('MESH_ABORTED'))
  })
}

async function asking(test: Subtest, makeLab: () => Promise<Lab>): Promise<void> {
  await test('answers come back whole from nothing to the bound, and not above it', async () => {
    const [a, b] = await couple(makeLab)
    for (const size of [0, 1, 65_526, 65_527, 65_528, 200_000, messageBytesMax]) {
      const request = new Uint8Array(size).map((_, index) => index * 31)
      assert.deepEqual(await a.transport.ask(b.transport.peer, request, soon()), request)
    }
    const tooLarge = new Uint8Array(messageBytesMax + 1)
    await assert.rejects(a.transport.ask(b.transport.peer, tooLarge, soon()), rejectsWith('MESH_TOO_LARGE'))
  })
  await test('asks in flight are answered out of order, each with its own', async () => {
    const held: (() => void)[] = []
    const asked: Handlers['asked'] = (_peer, request) =>
      new Promise((resolve) => {
        held.push(() => resolve(request))
        if (held.length === 16) for (const release of held.splice(0).toReversed()) release()
      })
    const [a, b] = await couple(makeLab, { asked })
    const requests = Array.from({ length: 64 }, (_, index) => Uint8Array.of(index))
    const answers = await Promise.all(requests.map((request) => a.transport.ask(b.transport.peer, request, soon())))
    assert.deepEqual(answers, requests)
  })
  await test('beyond 16 in flight and 64 waiting an ask is refused, and giving up frees the places', async () => {
    const held: (() => void)[] = []
    const asked: Handlers['asked'] = (_peer, request) =>
      request[0] === 1 ? new Promise((resolve) => held.push(() => resolve(request))) : Promise.resolve(request)
    const [a, b] = await couple(makeLab, { asked })
    const giveUp = new AbortController()
    const asks = Array.from({ length: 80 }, () => a.transport.ask(b.transport.peer, Uint8Array.of(1), giveUp.signal))
    const outcomes = Promise.allSettled(asks)
    await assert.rejects(a.transport.ask(b.transport.peer, Uint8Array.of(2), soon()), rejectsWith('MESH_BUSY'))
    await until(() => held.length === 16, 'sixteen asks being served')
    giveUp.abort()
    for (const outcome of await outcomes) {
      assert.equal(outcome.status === 'rejected' && (outcome.reason as { code?: string }).code, 'MESH_ABORTED')
    }
    const later = a.transport.ask(b.transport.peer, Uint8Array.of(2), soon())
    for (const release of held) release()
    assert.deepEqual(await later, Uint8Array.of(2))
    assert.equal(held.length, 16)
  })
  await test('a refusal breaks the stream for all its asks, and the next ask opens another', async () => {
    const asked: Handlers['asked'] = (_peer, request) => {
      if (request[0] === 1) return Promise.reject(new Error('refused'))
      return request[0] === 2 ? new Promise(() => {}) : Promise.resolve(request)
    }
    const [a, b] = await couple(makeLab, { asked })
    const asks = [2, 2, 1].map((byte) => a.transport.ask(b.transport.peer, Uint8Array.of(byte), soon()))
    for (const ask of asks) await assert.rejects(ask, rejectsWith('MESH_DISCONNECTED'))
    assert.deepEqual(await a.transport.ask(b.transport.peer, Uint8Array.of(3), soon()), Uint8Array.of(3))
    await assert.rejects(b.transport.ask('nobody', Uint8Array.of(3), soon()), rejectsWith('MESH_DISCONNECTED'))
  })
}

async function gossiping(test: Subtest, makeLab: () => Promise<Lab>): Promise<void> {
  const row = async (): Promise<[Witness, Witness, Witness]> => {
    const lab = await makeLab()
    const trio = await Promise.all([0, 1, 2].map(async () => witness(await lab.transport())))
    const [a, b, c] = trio as [Witness, Witness, Witness]
    await connect(a, b)
    await connect(b, c)
    return [a, b, c]
  }
  await test('a message reaches all, once, over neighbours, and not its publisher', async () => {
    const [a, b, c] = await row()
    a.transport.publish('beats', Buffer.from('before join: dropped'))
    for (const { transport } of [a, b, c]) transport.join(meshId)
    await warmUp(a, [b, c])
    a.transport.publish('pins', Buffer.from('x'))
    a.transport.publish('beats', Buffer.from('y'))
    for (const { heard } of [b, c]) {
      await until(() => heard.includes('pins x') && heard.includes('beats y'), 'hearing')
      assert.equal(heard.length, new Set(heard).size)
    }
    assert.deepEqual([...c.sources], [b.transport.peer])
    assert.deepEqual(a.heard, [])
  })
  await test('what is ignored, rejected or makes the handler throw goes no further', async () => {
    const [a, b, c] = await row()
    for (const { transport } of [a, b, c]) transport.join(meshId)
    await warmUp(a, [b, c])
    const judged = b.gossiped.bind(b)
    b.gossiped = (topic, bytes, from) => {
      judged(topic, bytes, from)
      const word = Buffer.from(bytes).toString()
      if (word === 'throw') throw new Error('a bug')
      return word === 'ignore' || word === 'reject' ? word : 'accept'
    }
    for (const word of ['ignore', 'reject', 'throw', 'end']) a.transport.publish('pins', Buffer.from(word))
    await until(() => c.heard.includes('pins end'), 'the last message')
    assert.deepEqual(b.heard.filter((line) => line.startsWith('pins')).length, 4)
    assert.deepEqual(
      c.heard.filter((line) => line.startsWith('pins')),
      ['pins end']
    )
  })
}
