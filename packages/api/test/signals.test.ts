// Every call that can wait takes a signal: asked of a peer in this process, and of one behind the API.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CallOptions, createNode, initHome, type MeshNode } from '@pinmesh/node'
import { fakeNode } from '@pinmesh/node/fake'
import { collect, folder, started } from './started.ts'

type Both = Pick<MeshNode, 'pins' | 'content' | 'trust' | 'leave' | 'stay' | 'notes' | 'setSpace'>
type Call = (node: Both, options: CallOptions) => Promise<unknown> | AsyncIterable<unknown>

const cid = 'bafkqaaa'
const someone = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

async function* nothing(): AsyncGenerator<never> {}

const calls: Record<string, Call> = {
  'pins.add': ({ pins }, options) => pins.add([{ cid }], options),
  'pins.update': ({ pins }, options) => pins.update(cid, 'bafkqaalb', options),
  'pins.rm': ({ pins }, options) => pins.rm([cid], options),
  'pins.retry': ({ pins }, options) => pins.retry([cid], options),
  'pins.ls': ({ pins }, options) => pins.ls({}, options),
  'pins.status': ({ pins }, options) => pins.status(cid, options),
  'pins.statuses': ({ pins }, options) => pins.statuses(options),
  'pins.waitFor': ({ pins }, options) => pins.waitFor(cid, 3, options),
  'content.add': ({ content }, options) => content.add(nothing(), { wrap: true, ...options }),
  'content.addCar': ({ content }, options) => content.addCar(nothing(), options),
  'content.get': ({ content }, options) => content.get(cid, options),
  'content.getCar': ({ content }, options) => content.getCar(cid, options),
  'content.gc': ({ content }, options) => content.gc(options),
  'content.space': ({ content }, options) => content.space(options),
  'content.spaceOfPins': ({ content }, options) => content.spaceOfPins(options),
  'trust.invite': ({ trust }, options) => trust.invite({}, options),
  'trust.invitations': ({ trust }, options) => trust.invitations(options),
  'trust.endInvitation': ({ trust }, options) => trust.endInvitation('0123456789ab', options),
  'trust.writers': ({ trust }, options) => trust.writers(options),
  'trust.addWriter': ({ trust }, options) => trust.addWriter(someone, options),
  'trust.removeWriter': ({ trust }, options) => trust.removeWriter(someone, options),
  'trust.vouch': ({ trust }, options) => trust.vouch(someone, options),
  'trust.withdraw': ({ trust }, options) => trust.withdraw(someone, options),
  'trust.removePeer': ({ trust }, options) => trust.removePeer(someone, options),
  'trust.limbo': ({ trust }, options) => trust.limbo(options),
  'trust.adoptLimbo': ({ trust }, options) => trust.adoptLimbo([cid], options),
  'trust.dropLimbo': ({ trust }, options) => trust.dropLimbo(undefined, options),
  'trust.reloadRoot': ({ trust }, options) => trust.reloadRoot(options),
  'trust.rotateRoot': ({ trust }, options) => trust.rotateRoot(options),
  'trust.policy': ({ trust }, options) => trust.policy(options),
  'trust.setPolicy': ({ trust }, options) => trust.setPolicy({ replicas: 2 }, options),
  leave: (node, options) => node.leave(options),
  stay: (node, options) => node.stay(options),
  notes: (node, options) => node.notes(options),
  setSpace: (node, options) => node.setSpace(1e6, options)
}

async function outcome(called: ReturnType<Call>): Promise<unknown> {
  return Symbol.asyncIterator in called ? collect(called) : called
}

test('no method is without one', () => {
  const { pins, content, trust } = fakeNode()
  const rooms = Object.entries({ pins, content, trust })
  const methods = rooms.flatMap(([room, methods]) => Object.keys(methods).map((method) => `${room}.${method}`))
  assert.deepEqual(
    methods.filter((name) => !(name in calls)),
    []
  )
})

test('a call with a signal that has aborted does nothing, and rejects with the reason', async (t) => {
  const home = join(await folder(t), 'home')
  await initHome({ home, open: true, profile: 'test', spaceBytes: 1e6 })
  const node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
  try {
    const before = { ...node.info(), usedBytes: 0 }
    for (const [name, call] of Object.entries(calls)) {
      const reason = new Error(name)
      await assert.rejects(async () => outcome(call(node, { signal: AbortSignal.abort(reason) })), reason)
    }
    assert.deepEqual({ ...node.info(), usedBytes: 0 }, before)
    assert.equal((await node.trust.policy()).replicas, 3)
  } finally {
    await node.stop()
  }
})

test('a peer that stops ends what waits for it, and answers nobody any more', async (t) => {
  const home = join(await folder(t), 'home')
  await initHome({ home, open: true, profile: 'test', spaceBytes: 1e6 })
  const node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
  await node.pins.add([{ cid, replicas: 1 }])
  const waiting = [
    assert.rejects(outcome(node.pins.waitFor(cid, 9)), { code: 'MESH_STOPPING' }),
    assert.rejects(outcome(node.notes()), { code: 'MESH_STOPPING' })
  ]
  await node.stop()
  await Promise.all(waiting)
  await assert.rejects(node.pins.add([{ cid }]), { code: 'MESH_STOPPING' })
})

/** Waits for its signal, whether it is awaited or read. */
function waiting(seen: (signal: AbortSignal) => void, options: CallOptions | undefined): unknown {
  const signal = options?.signal
  if (signal === undefined) throw new Error('there is no signal')
  seen(signal)
  const end = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
  end.catch(() => {})
  return Object.assign(end, { [Symbol.asyncIterator]: () => ({ next: async () => end }) })
}

test('through the API an aborted call rejects with the reason, and the work at the peer is aborted too', async (t) => {
  let seen = Promise.withResolvers<AbortSignal>()
  const wait = (...args: unknown[]): never =>
    waiting((signal) => seen.resolve(signal), args.at(-1) as CallOptions | undefined) as never
  const overrides: Record<string, unknown> = {}
  for (const name of Object.keys(calls)) {
    const [room = '', method] = name.split('.')
    if (method === undefined) overrides[room] = wait
    else overrides[room] = { ...(overrides[room] as object | undefined), [method]: wait }
  }
  const { client } = await started(t, 'port', overrides)
  for (const [name, call] of Object.entries(calls)) {
    if (name === 'setSpace') continue // it goes by the settings of whoever started the peer
    seen = Promise.withResolvers()
    const controller = new AbortController()
    const reason = new Error(name)
    const rejected = assert.rejects(async () => outcome(call(client, { signal: controller.signal })), reason)
    const signal = await seen.promise
    controller.abort(reason)
    await rejected
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
})
