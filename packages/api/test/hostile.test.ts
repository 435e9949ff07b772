// Bytes that no honest client sends: each is refused with a status and a code, and the server serves on.

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { frameType } from '@pinmesh/api'
import { type FakeNode, peer } from '@pinmesh/node/fake'
import { served, started } from './started.ts'

type Post = (url: string, payload: string | Buffer, type?: string) => Promise<[number, string]>

async function posting(t: TestContext): Promise<{ post: Post; node: FakeNode }> {
  const { server, node } = await served(t)
  const post: Post = async (url, payload, type = 'application/json') => {
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': type }
    const answer = await server.inject({ method: 'POST', url, payload, headers })
    const last = answer.body.trim().split('\n').at(-1)!
    return [answer.statusCode, JSON.parse(last).error?.code]
  }
  return { post, node }
}

const refused: [number, string] = [400, 'MESH_API_BODY']

test('bodies of the wrong shape are refused and nothing is pinned', async (t) => {
  const { post, node } = await posting(t)
  const bodies: unknown[] = [
    null, 1, 'text', [], {}, { cid: 1 }, { cid: '' }, { cid: null }, { cid: 'x'.repeat(513) }, { cid: ['a'] },
    { pins: {} }, { pins: [1] }, { pins: [{ cid: 'a' }, {}] }, { pins: [[]] }, { pins: [{ cid: 'a' }], cid: 'b' },
    { cid: 'a', chosen: 'p' }, { cid: 'a', chosen: [''] }, { cid: 'a', chosen: ['p', 'p'] }, { cid: 'a', chosen: Array.from({ length: 17 }, (_, n) => `p${n}`) },
    { cid: 'a', priority: -1 }, { cid: 'a', priority: 256 }, { cid: 'a', priority: 'high' }, { cid: 'a', slot: '' }, { cid: 'a', slot: 'a b' },
    { cid: 'a', origins: [7] }, { cid: 'a', origins: ['x'.repeat(256)] }, { cid: 'a', origins: Array.from({ length: 9 }, (_, n) => `o${n}`) },
    { cid: 'a', replicas: 0 }, { cid: 'a', replicas: -1 }, { cid: 'a', replicas: 1.5 }, { cid: 'a', replicas: '2' },
    { cid: 'a', replicas: 1e9 }, { cid: 'a', min: null }, { cid: 'a', name: 1 }, { cid: 'a', name: 'ä'.repeat(128) },
    { cid: 'a', meta: [] }, { cid: 'a', meta: { a: 1 } }, { cid: 'a', meta: { a: {} } }, { cid: 'a', meta: { a: 'x'.repeat(512) } },
    { cid: 'a', expireInMs: 0 }, { cid: 'a', mode: 'deep' }, { cid: 'a', anyway: 'yes' }, { cid: 'a', replica: 3 },
  ] // prettier-ignore
  for (const body of bodies)
    assert.deepEqual(await post('/v1/pins', JSON.stringify(body)), refused, JSON.stringify(body))
  assert.equal(node.pinned.size, 0)
  for (const body of [{}, { peer: 1 }, { peer: 'x'.repeat(129) }, { peer: 'a', more: 1 }]) {
    assert.deepEqual(await post('/v1/writers', JSON.stringify(body)), refused)
  }
  for (const body of [
    {},
    { old: 'a' },
    { old: 1, cid: 'b' },
    { old: 'a', cid: 'b', held: 0 },
    { old: 'a', cid: 'b', more: 1 }
  ]) {
    assert.deepEqual(await post('/v1/pins/update', JSON.stringify(body)), refused)
  }
  for (const body of [{ cids: 'a' }, { cids: [1] }, { local: 1 }, { all: true }]) {
    assert.deepEqual(await post('/v1/retry', JSON.stringify(body)), refused)
  }
  for (const body of [{}, { cids: 'a' }, { cids: [1] }, { cids: [], yes: 1 }]) {
    assert.deepEqual(await post('/v1/unpin', JSON.stringify(body)), refused)
  }
})

test('bodies that are no JSON, empty, poisoned or endlessly deep are refused', async (t) => {
  const { post } = await posting(t)
  const deep = 1_000_000
  for (const body of ['', '{', '{"cid":"a"', 'nonsense', '{"cid":"a","__proto__":{"anyway":true}}', '\u0000']) {
    assert.deepEqual(await post('/v1/pins', body), refused, body)
  }
  assert.deepEqual(await post('/v1/pins', '['.repeat(deep) + ']'.repeat(deep)), refused)
  assert.deepEqual(await post('/v1/pins', '{"pins":'.repeat(deep / 4) + '1' + '}'.repeat(deep / 4)), refused)
})

test('bodies that are too large or of another type are refused', async (t) => {
  const { post } = await posting(t)
  assert.deepEqual(await post('/v1/pins', ' '.repeat((4 << 20) + 1)), [413, 'MESH_API_BODY'])
  assert.deepEqual(await post('/v1/vouch', ' '.repeat((64 << 10) + 1)), [413, 'MESH_API_BODY'])
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'image/png']) {
    assert.deepEqual(await post('/v1/pins', '{"cid":"a"}', type), [415, 'MESH_API_BODY'], type)
  }
  assert.deepEqual(await post('/v1/pins', 'x', frameType), refused)
})

test('addresses that cannot be read are refused, and not before the token', async (t) => {
  const { server } = await served(t)
  for (const url of ['/v1/pins/%E0%A4%A', `/v1/pins/${'x'.repeat(3000)}`, `/v1/pins/${'x'.repeat(513)}`]) {
    const headers = { authorization: `Bearer ${server.token}` }
    const answer = await server.inject({ url, headers })
    assert.deepEqual([answer.statusCode, answer.json().error.code], refused)
    assert.equal((await server.inject({ url })).json().error.code, 'MESH_API_TOKEN')
  }
})

const options = framed({ wrap: false })
const file = framed({ path: 'a', kind: 'file' })

const streams: Record<string, Buffer> = {
  'an empty stream': Buffer.alloc(0),
  'only an end': Buffer.of(0),
  'options of the wrong shape': framed([]),
  'unknown options': framed({ wrap: false, more: 1 }),
  'a wrong wish': framed({ wrap: false, pin: { cid: 'a' } }),
  'a header longer than allowed': Buffer.of(0xff, 0xff, 0x03),
  'a length without end': Buffer.alloc(50, 0xff),
  'a length not in its shortest form': Buffer.of(0x80, 0x00),
  'a header that is no JSON': Buffer.from('\x03abc'),
  'a header that is no UTF-8': Buffer.of(3, 0x22, 0xff, 0x22),
  'a cut header': options.subarray(0, 5),
  'no end': options,
  'no content': Buffer.concat([options, file]),
  'a cut chunk': Buffer.concat([options, file, chunk(10).subarray(0, 8)]),
  'a cut length': Buffer.concat([options, file, Buffer.of(0, 0)]),
  'content without end': Buffer.concat([options, file, chunk(10)]),
  'a chunk longer than allowed': Buffer.concat([options, file, Buffer.of(0, 0x10, 0, 1)]),
  'bytes behind the end': Buffer.concat([options, file, Buffer.alloc(4), Buffer.of(0), Buffer.of(1)]),
  'an announced failure that does not come': Buffer.concat([options, file, Buffer.alloc(4, 0xff), file]),
  'an entry that is a list': Buffer.concat([options, framed([])]),
  'an entry of no kind': Buffer.concat([options, framed({ path: 'a' })]),
  'an entry of another kind': Buffer.concat([options, framed({ path: 'a', kind: 'link' })]),
  'a size below zero': Buffer.concat([options, framed({ path: 'a', kind: 'file', size: -1 })])
}
for (const path of ['/etc/passwd', '..', 'a/../b', 'a//b', './a', 'a/', 'a\0b', 'x'.repeat(5000), 7]) {
  streams[`the path ${String(path).slice(0, 20)}`] = Buffer.concat([
    options,
    framed({ path, kind: 'folder' }),
    Buffer.of(0)
  ])
}

for (const [name, bytes] of Object.entries(streams)) {
  test(`adding ${JSON.stringify(name)} is refused`, async (t) => {
    const { post } = await posting(t)
    const [status, code] = await post('/v1/add', bytes, frameType)
    assert.ok(status === 400 || status === 200) // 200: progress had been told before
    assert.equal(code, 'MESH_API_BODY')
  })
}

test('an upload cut off by its connection fails at the peer, and the server serves on', async (t) => {
  const failed = Promise.withResolvers<unknown>()
  const { client, server, listen } = await started(t, 'port', {
    content: {
      async add(entries) {
        try {
          for await (const { content } of entries) for await (const piece of content!) assert.ok(piece.length > 0)
        } catch (error) {
          failed.resolve(error)
        }
        return { cid: 'x', bytes: 0 }
      }
    }
  })
  assert.ok('port' in listen)
  const socket = connect(listen.port, listen.host)
  socket.write(
    `POST /v1/add HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.token}\r\ncontent-type: ${frameType}\r\n`
  )
  socket.write('content-length: 1000000\r\n\r\n')
  socket.write(Buffer.concat([options, file, chunk(10)]), () => socket.destroy())
  assert.ok((await failed.promise) instanceof Error)
  assert.equal((await client.info()).peer, peer)
})

test('a large body without the token is not read to its end', async (t) => {
  const { listen } = await started(t)
  assert.ok('port' in listen)
  const sent = request({ ...listen, method: 'POST', path: '/v1/add', headers: { 'content-type': frameType } })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sent.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject)
  })
  sent.write(Buffer.alloc(100_000))
  assert.equal(await answered, 401)
  sent.destroy()
})

function framed(header: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const length = json.length < 128 ? [json.length] : [(json.length & 127) | 128, json.length >> 7]
  return Buffer.concat([Buffer.from(length), json])
}

function chunk(bytes: number): Buffer {
  return Buffer.concat([Buffer.of(0, 0, 0, bytes), Buffer.alloc(bytes, 1)])
}

test('queries that ask for what there is not are refused', async (t) => {
  const { server } = await served(t)
  const headers = { authorization: `Bearer ${server.token}` }
  for (const url of [
    '/v1/pins?nam=a',
    '/v1/pins?name=',
    `/v1/pins?name=${'x'.repeat(256)}`,
    '/v1/pins?name=a&name=b',
    '/v1/pins?meta=k',
    '/v1/pins?meta==v',
    '/v1/pins?slot=a.b',
    '/v1/pins?expiringMs=-1',
    '/v1/pins?expiringMs=soon',
    '/v1/status?filter=',
    '/v1/status?filter=good',
    '/v1/status?filter=failed&filter=ok',
    '/v1/status?local=yes',
    '/v1/status?of=a'
  ]) {
    // prettier-ignore
    const answer = await server.inject({ method: 'GET', url, headers })
    assert.equal(answer.statusCode, 400, url)
  }
})

test('what is refused is noted: the first of a kind at once, a flood of them in one line', async (t) => {
  const { server, node, client } = await started(t)
  for (let n = 0; n < 500; n++) await server.inject({ url: '/v1/id' })
  await server.inject({ url: '/v1/id', headers: { origin: 'https://example.org' } })
  await assert.rejects(client.pins.status('absent'), { code: 'MESH_NOT_PINNED' }) // an honest answer is no refusal
  const first = { code: 'api-refused', text: 'The API refused a request. The token is missing or wrong.' }
  assert.deepEqual(node.said, [
    { ...first, reason: 'MESH_API_TOKEN' },
    { ...first, text: 'The API refused a request. Web pages may not use this API.', reason: 'MESH_API_ORIGIN' }
  ])
  await server.stop()
  const more = 'The API refused 499 more requests of that kind.'
  assert.deepEqual(node.said.slice(2), [{ ...first, text: more, reason: 'MESH_API_TOKEN', count: 499 }])
})
