// Settings through the API: passed on to whoever keeps them, checked before, and absent where nobody does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MeshConfig } from '@pinmesh/api/client'
import { served, started } from './started.ts'

function fakeConfig(): MeshConfig & { kept: Map<string, readonly string[]> } {
  const kept = new Map<string, readonly string[]>()
  return {
    kept,
    ls: async () => [{ name: 'zone', source: 'default', unit: 'text', default: 'none', why: 'So.' }],
    async set(name, texts) {
      kept.set(name, texts)
      return { name, value: [...texts], applies: 'start' }
    },
    async unset(name) {
      kept.delete(name)
      return { name, applies: 'start' }
    }
  }
}

test('settings are listed, set and unset from elsewhere', async (t) => {
  const config = fakeConfig()
  const { client } = await started(t, 'port', {}, { config })
  assert.deepEqual(await client.config.ls(), await config.ls())
  const change = await client.config.set('zone', ['cellar', 'attic'])
  assert.deepEqual(change, { name: 'zone', value: ['cellar', 'attic'], applies: 'start' })
  assert.deepEqual([...config.kept], [['zone', ['cellar', 'attic']]])
  await client.config.unset('zone')
  assert.equal(config.kept.size, 0)
})

test('what is not texts is refused', async (t) => {
  const config = fakeConfig()
  const { server } = await started(t, 'port', {}, { config })
  const headers = { authorization: `Bearer ${server.token}` }
  const bodies = [
    {},
    { value: 'a' },
    { value: [1] },
    { value: [''] },
    { value: ['x'.repeat(1025)] },
    { value: ['a'], more: 1 }
  ]
  for (const payload of [...bodies, { value: Array.from({ length: 1001 }, () => 'a') }]) {
    const answer = await server.inject({ method: 'PUT', url: '/v1/config/zone', payload, headers })
    assert.deepEqual([answer.statusCode, answer.json().error.code], [400, 'MESH_API_BODY'])
  }
  assert.equal(config.kept.size, 0)
})

test('a server without settings has no routes for them', async (t) => {
  const { server } = await served(t)
  const answer = await server.inject({ url: '/v1/config', headers: { authorization: `Bearer ${server.token}` } })
  assert.equal(answer.json().error.code, 'MESH_API_ROUTE')
})
