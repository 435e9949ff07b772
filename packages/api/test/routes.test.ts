// Every route through the front door, without a socket: what it takes, what it answers, with which status.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { frameType } from '@pinmesh/api'
import { type FakeNode, type Overrides, peer } from '@pinmesh/node/fake'
import { MeshError } from '@pinmesh/node/mesh-error'
import { served } from './started.ts'

/** What a body or a line may hold, as far as these tests look. */
interface Wire {
  cid: string
  peer: string
  have: number
  peers: { backend: string }[]
  pins: Wire[]
  cids: Wire[]
  error: { code: string; message: string }
}

interface Answer {
  status: number
  body: Wire
  lines: Wire[]
}

type Ask = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => Promise<Answer>

async function asking(t: TestContext, overrides: Overrides = {}): Promise<{ ask: Ask; node: FakeNode }> {
  const { server, node } = await served(t, overrides)
  const ask: Ask = async (method, url, payload) => {
    const headers = { authorization: `Bearer ${server.token}` }
    const answer = await server.inject({ method, url, headers, ...(payload && { payload }) })
    const lines = answer.body.split('\n').filter((line) => line !== '')
    const isLines = answer.headers['content-type'] === 'application/x-ndjson'
    return {
      status: answer.statusCode,
      body: (isLines ? {} : JSON.parse(answer.body)) as Wire,
      lines: isLines ? lines.map((line) => JSON.parse(line) as Wire) : []
    }
  }
  return { ask, node }
}

const badCid = new MeshError('MESH_BAD_CID', 'That is no CID.', { exit: 1 })

test('GET /id and /peers answer with what the peer says of itself and of others', async (t) => {
  const { ask } = await asking(t)
  assert.equal((await ask('GET', '/v1/id')).body.peer, peer)
  assert.equal((await ask('GET', '/v1/peers')).body.peers[0]!.backend, 'helia')
})

test('POST /pins takes one request and answers with its answer, or with its error as a status', async (t) => {
  const { ask, node } = await asking(t)
  const pin = {
    cid: 'a',
    replicas: 3,
    min: 2,
    name: 'n',
    meta: { k: 'v' },
    expireInMs: 5,
    mode: 'direct',
    chosen: ['p', 'q'],
    priority: 255,
    origins: ['/ip4/192.0.2.7/tcp/4001'],
    slot: 'web',
    anyway: true
  }
  assert.deepEqual((await ask('POST', '/v1/pins', pin)).body, { cid: 'a', want: 3, min: 2 })
  assert.deepEqual(node.pinned.get('a'), pin)
  node.refused.set('bad', badCid)
  const refused = await ask('POST', '/v1/pins', { cid: 'bad' })
  assert.equal(refused.status, 400)
  assert.deepEqual(refused.body, { error: { code: 'MESH_BAD_CID', message: 'That is no CID.', exit: 1 } })
})

test('POST /pins takes up to a thousand, answers in order, and one refusal refuses no other', async (t) => {
  const { ask, node } = await asking(t)
  const pins = Array.from({ length: 1000 }, (_, n) => ({ cid: n === 500 ? 'bad' : `c${n}` }))
  node.refused.set('bad', badCid)
  const { status, body } = await ask('POST', '/v1/pins', { pins })
  assert.equal(status, 200)
  assert.deepEqual(
    body.pins.map(({ cid }) => cid),
    pins.map(({ cid }) => cid)
  )
  assert.equal(body.pins[500]!.error.code, 'MESH_BAD_CID')
  assert.equal(node.pinned.size, 999)
  assert.equal((await ask('POST', '/v1/pins', { pins: [...pins, { cid: 'one more' }] })).status, 400)
})

test('DELETE /pins/:cid asks for yes where others pin', async (t) => {
  const { ask, node } = await asking(t)
  node.others.add('others')
  await ask('POST', '/v1/pins', { pins: [{ cid: 'a' }, { cid: 'others' }] })
  assert.deepEqual((await ask('DELETE', '/v1/pins/a')).body, { cid: 'a' })
  const refused = await ask('DELETE', '/v1/pins/others')
  assert.deepEqual([refused.status, refused.body.error.code], [409, 'MESH_OTHERS_PIN'])
  assert.equal((await ask('DELETE', '/v1/pins/others?yes=maybe')).status, 400)
  assert.equal((await ask('DELETE', '/v1/pins/others?yes=1')).status, 200)
  assert.equal(node.pinned.size, 0)
})

test('POST /unpin answers for each', async (t) => {
  const { ask } = await asking(t, { others: new Set(['others']) })
  const { body } = await ask('POST', '/v1/unpin', { cids: ['a', 'others'] })
  assert.deepEqual(body.cids[0], { cid: 'a' })
  assert.equal(body.cids[1]!.error.code, 'MESH_OTHERS_PIN')
})

test('GET /pins lists every pin, a line each', async (t) => {
  const { ask, node } = await asking(t)
  for (let n = 0; n < 2_345; n++) node.pinned.set(`c${n}`, { cid: `c${n}`, name: 'ä' })
  const { status, lines } = await ask('GET', '/v1/pins')
  assert.equal(status, 200)
  assert.equal(lines.length, 2_345)
  assert.deepEqual(lines[7], { cid: 'c7', name: 'ä', want: 2, min: 1 })
})

test('an empty list is an empty stream', async (t) => {
  const { ask } = await asking(t)
  assert.deepEqual(await ask('GET', '/v1/pins'), { status: 200, body: {}, lines: [] })
})

test('GET /status streams the state of every pin', async (t) => {
  const { ask, node } = await asking(t)
  node.pinned.set('a', { cid: 'a' }).set('b', { cid: 'b' })
  const { lines } = await ask('GET', '/v1/status')
  assert.deepEqual(
    lines.map(({ cid }) => cid),
    ['a', 'b']
  )
})

test('GET /pins/:cid tells one state, or with wait the states on the way', async (t) => {
  const { ask, node } = await asking(t)
  node.pinned.set('/ipfs/a', { cid: 'a' })
  assert.equal((await ask('GET', `/v1/pins/${encodeURIComponent('/ipfs/a')}`)).body.have, 1)
  const { lines } = await ask('GET', `/v1/pins/${encodeURIComponent('/ipfs/a')}?wait=2`)
  assert.deepEqual(
    lines.map(({ have }) => have),
    [0, 1, 2]
  )
  for (const url of ['/v1/pins/unknown', '/v1/pins/unknown?wait=2']) {
    const { status, body } = await ask('GET', url)
    assert.equal(status, 404)
    assert.deepEqual(body.error, { code: 'MESH_NOT_PINNED', message: 'It is not pinned.', remedy: 'Pin it.', exit: 1 })
  }
  for (const wait of ['0', '-1', 'x', '1.5', '99999999']) {
    assert.equal((await ask('GET', `/v1/pins/a?wait=${wait}`)).status, 400)
  }
})

test('a list that fails on the way ends with the error', async (t) => {
  const { ask } = await asking(t, {
    pins: {
      async *ls() {
        yield [{ cid: 'a', want: 1, min: 1 }]
        await new Promise(setImmediate)
        throw Object.assign(new Error('The disk is gone.'), { code: 'MESH_STORE_FAILED' })
      }
    }
  })
  const { status, lines } = await ask('GET', '/v1/pins')
  assert.equal(status, 200)
  assert.deepEqual(lines.at(-1), { error: { code: 'MESH_STORE_FAILED', message: 'The disk is gone.', exit: 2 } })
})

test('a failure that is no MeshError is told as MESH_FAILED', async (t) => {
  const { ask } = await asking(t, {
    pins: {
      add: async () => {
        throw new Error('boom')
      }
    }
  })
  const { status, body } = await ask('POST', '/v1/pins', { cid: 'a' })
  assert.deepEqual([status, body.error.code, body.error.message], [500, 'MESH_FAILED', 'boom'])
})

test('the status follows the kind of refusal', async (t) => {
  for (const [exit, expected] of [
    [1, 400],
    [2, 409],
    [3, 409],
    [62, 504]
  ] as const) {
    const { ask } = await asking(t, {
      pins: {
        add: async () => {
          throw new MeshError('MESH_ANY', 'No.', { exit })
        }
      }
    })
    assert.equal((await ask('POST', '/v1/pins', { cid: 'a' })).status, expected)
  }
})

test('POST /add wants its own media type', async (t) => {
  const { ask } = await asking(t)
  const { status, body } = await ask('POST', '/v1/add', { wrap: true })
  assert.equal(status, 400)
  assert.match(body.error.message, new RegExp(frameType))
})

test('GET /content and /car take what they know in a query, and nothing else', async (t) => {
  const { ask } = await asking(t)
  for (const query of [
    'offset=x',
    'offset=-1',
    'offset=1.5',
    'offset=99999999999999999',
    'from=',
    'at=b',
    'offset=1&offset=2'
  ]) {
    const { status, body } = await ask('GET', `/v1/content/a?${query}`)
    assert.deepEqual([status, body.error.code], [400, 'MESH_API_BODY'], query)
  }
  for (const query of ['offset=1', 'from=b']) assert.equal((await ask('GET', `/v1/car/a?${query}`)).status, 400)
})
