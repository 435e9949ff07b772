// Pins of one real peer by itself: what takes another's place, and what lies at a path.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type AddEntry, initHome, type ListedPin, type MeshNode, createNode, type UpdateStep } from '@pinmesh/node'

let folder = ''
let node: MeshNode
/** Three CIDs whose content stands in them. */
const [one, two, three] = ['bafkqaalb', 'bafkqaalc', 'bafkqaald'] as const

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinmesh-pins-'))
  const home = join(folder, 'home')
  await initHome({ home, open: true, profile: 'test' })
  node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
})

after(async () => {
  await node.stop()
  await rm(folder, { recursive: true, force: true })
})

async function listed(): Promise<ListedPin[]> {
  const all: ListedPin[] = []
  for await (const pins of node.pins.ls()) all.push(...pins)
  return all
}

async function update(...args: Parameters<MeshNode['pins']['update']>): Promise<UpdateStep> {
  let last: UpdateStep | undefined
  for await (const step of node.pins.update(...args)) last = step
  assert.ok(last !== undefined)
  return last
}

test('the new one has the terms of the old one, but for what is said, and the old one is gone', async () => {
  const terms = { replicas: 1, name: 'site', meta: { k: 'v' }, priority: 200, slot: 'web' } as const
  const expireInMs = 3_600_000
  const [pinned] = await node.pins.add([{ cid: one, ...terms, expireInMs }])
  assert.ok(pinned !== undefined && !('error' in pinned))
  for await (const _status of node.pins.waitFor(one, 1));
  const [old] = await listed()
  const last = await update(one, two, { slot: 'web', terms: { name: 'site 2' } })
  assert.deepEqual([last.done, last.have, last.needed], [true, 1, 1])
  const { peer } = node.info()
  assert.deepEqual(await listed(), [{ ...old, cid: two, name: 'site 2', chosen: [peer] }])
  assert.equal((await update(one, two, { slot: 'web' })).done, true, 'asked again there is nothing left to do')
  await update(two, one, { slot: 'web', spread: true, terms: { name: 'site' } })
  assert.deepEqual(
    (await listed()).map(({ cid, name }) => [cid, name]),
    [[one, 'site']]
  )
  await node.pins.rm([one], { slot: 'web' })
})

test('interrupted it leaves both, and goes on', async () => {
  await node.pins.add([{ cid: one, replicas: 1 }])
  const stop = new AbortController()
  const stopped = async (): Promise<void> => {
    for await (const step of node.pins.update(one, three, { held: 2, signal: stop.signal })) {
      assert.equal(step.done, false)
      stop.abort(new Error('enough'))
    }
  }
  await assert.rejects(stopped(), /enough/)
  assert.deepEqual((await listed()).map(({ cid }) => cid).sort(), [one, three])
  assert.equal((await update(one, three)).done, true)
  assert.deepEqual(
    (await listed()).map(({ cid }) => cid),
    [three]
  )
  await node.pins.rm([three])
})

test('how many hold the new one is told when it changes, and not whenever a peer tells something else', async () => {
  const nobodys = 'bafkreidwk2ty2a3zjxwsq4gxpgs6merfm3ltfn4cijzp5o3d7cm6hfjmxy'
  await node.pins.add([{ cid: one, replicas: 1 }])
  const stop = new AbortController()
  const steps = node.pins.update(one, nobodys, { signal: stop.signal })[Symbol.asyncIterator]()
  assert.equal((await steps.next()).value?.have, 0)
  const second = steps.next()
  for await (const { peers } of node.pins.waitFor(nobodys, 1)) if (peers.some(({ reason }) => reason)) break
  stop.abort(new Error('enough'))
  await assert.rejects(second, /enough/)
  await node.pins.rm([one, nobodys])
})

test('a new one that is pinned already loses neither copies nor time nor blocks by it', async () => {
  const day = 86_400_000
  const cases: [old: object, there: object, then: object][] = [
    [
      { replicas: 1, expireInMs: day },
      { replicas: 3, min: 2, anyway: true },
      { want: 3, min: 2 }
    ],
    [{ replicas: 1 }, { replicas: 'all' }, { want: 0 }],
    [{ replicas: 1, mode: 'direct' }, { replicas: 1 }, {}],
    [
      { replicas: 2, anyway: true, name: 'old' },
      { replicas: 1, expireInMs: day, name: 'new' },
      { want: 2, name: 'old' }
    ]
  ]
  for (const [old, there, then] of cases) {
    await node.pins.add([
      { cid: two, ...old },
      { cid: three, ...there }
    ])
    await update(two, three, { held: 1, terms: { anyway: true } })
    const pins = await listed()
    assert.equal(pins.length, 1)
    assert.partialDeepStrictEqual(pins[0], { cid: three, ...then })
    assert.deepEqual([pins[0]?.expiry, pins[0]?.mode], [undefined, undefined])
    await node.pins.rm([three])
  }
})

test('what is not pinned has no place to take, also where the new one is pinned', async () => {
  await node.pins.add([{ cid: two, replicas: 1 }])
  await assert.rejects(update(one, two), { code: 'MESH_NOT_PINNED', message: new RegExp(`; ${two} is, and nothing`) })
  await node.pins.rm([two])
  await assert.rejects(update(one, two), { code: 'MESH_NOT_PINNED' })
  await assert.rejects(update(one, one), { code: 'MESH_SAME_CID' })
  await assert.rejects(update('nonsense', one), { code: 'MESH_BAD_CID' })
  assert.deepEqual(await listed(), [])
})

test('a path is pinned as what lies there, each on its own', async () => {
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode('a page')
  }
  const entries = async function* (path: string): AsyncGenerator<AddEntry> {
    yield { path, content: bytes() }
  }
  const { cid } = await node.content.add(entries('site/deep/page'), { wrap: true })
  const { cid: page } = await node.content.add(entries('page'), { wrap: false })
  const paths = [`/ipfs/${cid}/site/deep/page`, `${cid}/site/missing`, one, `${cid}/site/../site`]
  const answers = await node.pins.add(paths.map((path) => ({ cid: path, replicas: 1 })))
  const told = answers.map((answer) => ('error' in answer ? answer.error.code : answer.path))
  assert.deepEqual(told, [paths[0], 'MESH_PATH_MISSING', undefined, 'MESH_CONTENT_REFUSED'])
  const found = (await listed()).map((pin) => pin.cid)
  assert.deepEqual(found.sort(), [page, one].sort())
})

test('what cannot be pinned is refused before anything is read, and leaves no pin', async () => {
  const before = await listed()
  const content = async function* (): AsyncGenerator<Uint8Array> {}
  let reads = 0
  const entries = async function* (): AsyncGenerator<AddEntry> {
    reads++
    yield { path: 'a', content: content() }
  }
  const stranger = '12D3KooWEqnTdgqHnkRHHpqJJBUbxAoZ3RFmcLQMjnYcKEBDGKZB'
  await assert.rejects(node.content.add(entries(), { wrap: false, pin: { replicas: 9 } }), {
    code: 'MESH_TOO_FEW_PEERS'
  })
  await assert.rejects(node.content.add(entries(), { wrap: false, pin: { replicas: 1, chosen: [stranger] } }), {
    code: 'MESH_UNKNOWN_PEER'
  })
  assert.deepEqual([reads, await listed()], [0, before])
})

test('content that is wrong is told in one sentence', async () => {
  const car = async function* (): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode('no car')
  }
  await assert.rejects(node.content.addCar(car(), {}), {
    code: 'MESH_BAD_CONTENT',
    message: 'It is not a CAR that can be read: it ends in the middle of a block.'
  })
})

test('an origin that is no address refuses its pin alone', async () => {
  const answers = await node.pins.add([
    { cid: one, replicas: 1, origins: ['nowhere'] },
    { cid: two, replicas: 1, origins: ['/ip4/192.0.2.7/tcp/4001'] }
  ])
  assert.deepEqual(
    answers.map((answer) => ('error' in answer ? answer.error.code : answer.cid)),
    ['MESH_BAD_ADDRESS', two]
  )
})

test('while the status of every pin is listed, others have their turn', async () => {
  const cids = Array.from({ length: 1000 }, (_, n) => inlineCid(n))
  await node.pins.add(cids.map((cid) => ({ cid, replicas: 1 })))
  let turns = 0
  let going = true
  const turn = (): void => {
    turns++
    if (going) setImmediate(turn)
  }
  setImmediate(turn)
  const seen: string[] = []
  for await (const { cid } of node.pins.statuses()) seen.push(cid)
  going = false
  assert.ok(cids.every((cid) => seen.includes(cid)))
  assert.equal(new Set(seen).size, seen.length)
  assert.ok(turns > 3, `${turns} turns`)
})

/** A CID whose two bytes of content stand in it: ten bits of them are in the two letters before the last. */
function inlineCid(n: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567'
  return `bafkqaaq${letters[n >> 5]}${letters[n & 31]}a`
}
