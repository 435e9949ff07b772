// Content from outside the mesh: found by a router or named by the pin, asked for on a node of its own; and everything
// that a router or a stranger may do wrong.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Libp2p } from '@libp2p/interface'
import type { OutsideInit, RouterChange } from '../src/index.ts'
import { cbor, noise, raw } from './dags.ts'
import { connect, createNode, Lab, options, type Peer, used } from './nodes.ts'
import { TestRouter } from './test-router.ts'

let lab: Lab
let router: TestRouter
/** Nodes that were built to ask outside. */
let built: Libp2p[]
let changes: RouterChange[]
beforeEach(async () => {
  lab = new Lab()
  router = await TestRouter.start()
  built = []
  changes = []
})
afterEach(async () => {
  await lab.end()
  await router.stop()
})

function outside(more: Partial<OutsideInit> = {}): OutsideInit {
  return {
    node: async () => {
      const node = await createNode([])
      built.push(node)
      return node
    },
    routers: [router.url],
    routerChanged: (change) => changes.push(change),
    ...more
  }
}

/** A peer that nobody is connected to, with a file; the router knows it. */
async function stranger(bytes: number, known = true): Promise<{ peer: Peer; cid: string; address: string }> {
  const peer = await lab.peer({ servePublic: true, isMember: () => false })
  const { cid } = await peer.content.add([noise(bytes, bytes)])
  if (known) router.know(cid, peer.libp2p)
  return { peer, cid, address: String(peer.libp2p.getMultiaddrs()[0]) }
}

test('what no member has is found by the router, fetched from a stranger and pinned', async () => {
  const { cid, peer } = await stranger(3 << 20)
  const here = await lab.peer({ outside: outside() })
  const { bytes } = await here.content.acquire(cid, options([]))
  assert.deepEqual(await here.content.pinned(cid), { mode: 'recursive', bytes })
  assert.deepEqual(router.asked, [cid], 'one question for the whole DAG')
  assert.deepEqual(here.libp2p.getPeers(), [], "the mesh's own node met nobody")
  const seen = peer.libp2p.getPeers().map(String)
  assert.deepEqual(seen, [built[0]?.peerId.toString()], 'the stranger met another identity')
})

test('what a member has is taken from there, and no router hears of it', async () => {
  const { cid } = await stranger(1 << 20)
  const member = await lab.peer()
  await member.content.add([noise(1 << 20, 1 << 20)])
  const here = await lab.peer({ outside: outside() })
  await connect(here.libp2p, member.libp2p)
  await here.content.acquire(cid, options([member.id]))
  assert.deepEqual(router.asked, [])
  assert.deepEqual(built, [])
})

test('members are asked first, and what they lack comes from outside', async () => {
  const { cid } = await stranger(1 << 20)
  const member = await lab.peer()
  const here = await lab.peer({ outside: outside() })
  await connect(here.libp2p, member.libp2p)
  await here.content.acquire(cid, options([member.id]))
  assert.deepEqual(router.asked, [cid])
})

test('without routers nothing is looked up, whatever is pinned', async () => {
  const { cid } = await stranger(1000)
  for (const init of [undefined, outside({ routers: [] })]) {
    const here = await lab.peer(init === undefined ? {} : { outside: init })
    await assert.rejects(here.content.acquire(cid, options([])), { code: 'unreachable' })
  }
  assert.deepEqual(router.asked, [])
  assert.deepEqual(built, [])
})

test('an origin that the pin names is asked without any router', async () => {
  const { cid, address } = await stranger(2 << 20, false)
  const here = await lab.peer({ outside: outside({ routers: [] }) })
  await here.content.acquire(cid, options([], { origins: ['nonsense', '/ip4/127.0.0.1/tcp/1', address] }))
  assert.deepEqual(router.asked, [])
})

test('an origin that has nothing is followed by the routers', async () => {
  const { cid } = await stranger(1000)
  const other = await stranger(2000, false)
  const here = await lab.peer({ outside: outside(), stallMs: 600 })
  await here.content.acquire(cid, options([], { origins: [other.address] }))
  assert.deepEqual(router.asked, [cid])
})

test('a block that the providers of the root lack is looked up by itself', async () => {
  const leaf = raw(noise(5000, 1))
  const root = cbor([leaf.cid])
  const [top, low] = [await lab.peer({ servePublic: true }), await lab.peer({ servePublic: true })]
  // Blocks are kept by their hash: added as a file, each is given as what it is.
  await top.content.add([root.bytes])
  await low.content.add([leaf.bytes])
  router.know(root.cid.toString(), top.libp2p)
  router.know(leaf.cid.toString(), low.libp2p)
  const here = await lab.peer({ outside: outside(), stallMs: 600 })
  const { bytes } = await here.content.acquire(root.cid.toString(), options([]))
  assert.equal(bytes, root.bytes.length + 5000)
  assert.deepEqual(router.asked, [root.cid.toString(), leaf.cid.toString()])
})

test('strangers that are asked are given nothing', async () => {
  const asker = await lab.peer({ outside: outside() })
  const { cid: secret } = await asker.content.add([noise(4000, 9)])
  const { cid, peer } = await stranger(1000)
  await asker.content.acquire(cid, options([]))
  assert.equal(peer.libp2p.getPeers().length, 1, 'they are still connected')
  await assert.rejects(peer.content.acquire(secret, options([], { sources: [] })), { code: 'unreachable' })
  assert.equal(await used(peer.content), 1000)
})

test('a router that fails is told of once and rests, and the failure names it', async () => {
  const here = await lab.peer({ outside: outside() })
  router.answer = (response) => response.writeHead(500).end()
  const absent = raw('nobody has this').cid.toString()
  await assert.rejects(here.content.acquire(absent, options([])), {
    code: 'unreachable',
    message: new RegExp(router.url)
  })
  const questions = router.asked.length
  await assert.rejects(here.content.acquire(absent, options([])), {
    code: 'unreachable',
    message: new RegExp(router.url)
  })
  assert.equal(router.asked.length, questions, 'it is not asked while it rests')
  assert.deepEqual(changes, [{ router: router.url, reason: 'it answered with status 500' }])
})

test('what is read without being pinned comes from outside too', async () => {
  const { cid } = await stranger(3 << 20)
  const here = await lab.peer({ outside: outside() })
  let bytes = 0
  for await (const entry of here.content.get(cid, { sources: [], signal: AbortSignal.timeout(20_000) }))
    for await (const part of entry.content ?? []) bytes += part.length
  assert.equal(bytes, 3 << 20)
  assert.equal(await used(here.content), 0)
})
