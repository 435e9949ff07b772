// The memory sibling keeps the transport's contract, and its faults do what they say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, contract, until, warmUp, witness } from '../src/contract.ts'
import { createMemoryNetwork } from '../src/index.ts'

contract('memory', async () => {
  const network = createMemoryNetwork()
  let made = 0
  return { transport: async () => network.transport(`peer-${made++}`), deadAddress: '/memory/nobody' }
})

test('a cut breaks what is under way and refuses dials until it heals', async () => {
  const network = createMemoryNetwork()
  const a = await witness(network.transport('a'))
  const b = await witness(network.transport('b'), { asked: () => new Promise(() => {}) })
  await connect(a, b)
  const asked = a.transport.ask('b', new Uint8Array(1), AbortSignal.timeout(10_000))
  network.cut('b', 'a')
  await assert.rejects(asked, { code: 'MESH_DISCONNECTED' })
  await assert.rejects(connect(b, a), { code: 'MESH_UNREACHABLE' })
  network.heal()
  await connect(b, a)
  assert.deepEqual(a.events, ['+b', '-b', '+b'])
  assert.deepEqual(b.events, ['+a', '-a', '+a'])
})

test('gossip is lost where it is told to be', async () => {
  const network = createMemoryNetwork()
  const a = await witness(network.transport('a'))
  const b = await witness(network.transport('b'))
  const c = await witness(network.transport('c'))
  await connect(a, b)
  await connect(a, c)
  for (const { transport } of [a, b, c]) transport.join(new Uint8Array(32))
  await warmUp(a, [b, c])
  network.dropGossip((topic, _from, to) => topic === 'pins' && to === 'c')
  a.transport.publish('pins', Buffer.from('x'))
  a.transport.publish('beats', Buffer.from('y'))
  await until(() => b.heard.includes('pins x') && c.heard.includes('beats y'), 'hearing')
  assert.ok(!c.heard.includes('pins x'))
})
