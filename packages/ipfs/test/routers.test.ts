// Routers, good and bad: what is believed of an answer, what ends it, and how long one that fails is left alone.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { PeerInfo } from '@libp2p/interface'
import { HttpRouter, providerOf } from '../src/outside/http-router.ts'
import { type Router, type RouterChange, Routers } from '../src/outside/router.ts'
import { raw } from './dags.ts'
import { createNode } from './nodes.ts'
import { TestRouter } from './test-router.ts'

const { cid } = raw('wanted')
const ID = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const never = new AbortController().signal
let server: TestRouter
before(async () => {
  server = await TestRouter.start()
})
beforeEach(() => {
  server.answer = undefined
})
after(() => server.stop())

async function ask(router: Router = new HttpRouter(server.url)): Promise<string[]> {
  const found: string[] = []
  for await (const { id, multiaddrs } of router.providers(cid, never)) found.push(`${id} ${multiaddrs.join(' ')}`)
  return found
}

/** The server answers with this, in so many parts. */
function answers(type: string, ...parts: string[]): void {
  server.answer = (response) => {
    response.writeHead(200, { 'content-type': type })
    for (const part of parts) response.write(part)
    response.end()
  }
}

const line = (n: number): string => `{"Schema":"peer","ID":"${ID}","Addrs":["/ip4/127.0.0.1/tcp/${n}"]}`

test('both forms of an answer are read, wherever the network cuts them', async () => {
  const expected = [1, 2].map((n) => `${ID} /ip4/127.0.0.1/tcp/${n}`)
  answers('application/x-ndjson', line(1).slice(0, 20), `${line(1).slice(20)}\n\n${line(2)}`)
  assert.deepEqual(await ask(), expected)
  answers('application/json', `{"Providers":[${line(1)},7,null,`, `${line(2)}]}`)
  assert.deepEqual(await ask(), expected)
  answers('application/json', '{"Providers":null}')
  assert.deepEqual(await ask(), [])
})

test('nobody is known: an empty answer, or status 404', async () => {
  assert.deepEqual(await ask(), [])
  server.answer = (response) => response.writeHead(404).end('no providers')
  assert.deepEqual(await ask(), [])
})

test('a path and a slash in the URL of a router are kept apart from ours', async () => {
  server.asked.length = 0
  await ask(new HttpRouter(`${server.url}/`))
  assert.deepEqual(server.asked, [cid.toString()])
})

test('no more than 20 providers are taken of an answer', async () => {
  answers('application/x-ndjson', Array.from({ length: 1000 }, (_, n) => `${line(n + 1)}\n`).join(''))
  assert.equal((await ask()).length, 20)
})

test('an answer that is no answer, never ends, or stops in the middle is an error and nothing worse', async () => {
  answers('application/x-ndjson', 'hello\n')
  await assert.rejects(ask(), SyntaxError)
  answers('text/html', '<html>')
  await assert.rejects(ask(), SyntaxError)
  answers('application/x-ndjson', ...Array.from({ length: 40 }, () => ' '.repeat(10_000)))
  await assert.rejects(ask(), /longer than/)
  server.answer = (response) => response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()
  await assert.rejects(ask(new HttpRouter(server.url, 100)), { name: 'TimeoutError' })
  server.answer = () => {}
  await assert.rejects(ask(new HttpRouter(server.url, 100)), { name: 'TimeoutError' })
})

test('a provider counts if it speaks bitswap and has an address outside of private networks', () => {
  const kept = (answer: object, mayNamePrivate = false): string[] | undefined =>
    providerOf(answer, mayNamePrivate)?.multiaddrs.map(String)
  const outer = '/ip4/93.184.216.34/tcp/4001'
  assert.deepEqual(kept({ ID, Addrs: [outer, '/ip4/192.168.1.1/tcp/80', '/ip4/127.0.0.1/tcp/5001', 'x', 7] }), [outer])
  assert.equal(kept({ ID, Addrs: ['/ip4/10.0.0.1/tcp/80', '/ip6/::1/tcp/80'] }), undefined)
  assert.deepEqual(kept({ ID, Addrs: ['/ip4/10.0.0.1/tcp/80'] }, true), ['/ip4/10.0.0.1/tcp/80'])
  assert.deepEqual(kept({ ID, Addrs: [outer], Protocols: ['transport-graphsync-filecoinv1', 'transport-bitswap'] }), [
    outer
  ])
  for (const bad of [
    { ID, Addrs: [outer], Protocols: ['transport-ipfs-gateway-http'] },
    { ID: 'nobody', Addrs: [outer] },
    { ID: 7, Addrs: [outer] },
    { ID, Addrs: outer },
    { ID },
    {}
  ])
    assert.equal(kept(bad), undefined, JSON.stringify(bad))
})

test('a router that fails rests, longer each time, is told of once, and told of again when it answers', async () => {
  let now = 0
  let asked = 0
  let well = false
  const changes: RouterChange[] = []
  const shaky: Router = {
    name: 'shaky',
    async *providers() {
      asked++
      if (!well) throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
      yield* []
    },
    stop: async () => {}
  }
  const routers = new Routers(
    [shaky],
    (change) => changes.push(change),
    () => now
  )
  const find = async (): Promise<string[]> => routers.find(cid, never, () => {})
  for (const restMs of [2000, 4000, 8000]) {
    const before = asked
    assert.deepEqual(await Promise.all([find(), find(), find()]), [['shaky'], ['shaky'], ['shaky']])
    now += restMs - 1
    assert.deepEqual(await find(), ['shaky'])
    assert.equal(asked, before + 3, 'it rests, as long as after one failure')
    now += 1
  }
  well = true
  assert.deepEqual(await find(), [])
  assert.deepEqual(changes, [{ router: 'shaky', reason: 'connect ECONNREFUSED' }, { router: 'shaky' }])
})

test('one that fails does not hide what another knows', async () => {
  const node = await createNode()
  server.know(cid.toString(), node)
  const found: PeerInfo[] = []
  const routers = new Routers([new HttpRouter('http://127.0.0.1:1'), new HttpRouter(server.url)], () => {})
  assert.deepEqual(await routers.find(cid, never, (one) => found.push(one)), ['http://127.0.0.1:1'])
  assert.deepEqual(
    found.map(({ id }) => id.toString()),
    [node.peerId.toString()]
  )
  await node.stop()
})
