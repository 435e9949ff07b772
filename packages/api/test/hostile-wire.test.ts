// What comes over a socket and is no honest request: malformed heads, two lengths, dribbled bytes, streams without an end,
// a thousand connections. Each is refused or bounded, and honest work goes on.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { frameType } from '@pinmesh/api'
import { peer } from '@pinmesh/node/fake'
import { collect, cut, started } from './started.ts'
import type { Started } from './started.ts'

function open(t: TestContext, { listen }: Started): Socket {
  assert.ok('port' in listen)
  const socket = connect(listen.port, listen.host)
  socket.on('error', () => {}) // being hung up on is what is expected
  t.after(() => socket.destroy())
  return socket
}

/** Sends bytes and gives back all that is answered until the other side hangs up. */
async function answerTo(t: TestContext, at: Started, bytes: string | Buffer): Promise<string> {
  const socket = open(t, at)
  let text = ''
  socket.on('data', (piece) => (text += String(piece)))
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

function statusAndCode(answer: string): [number, string | undefined] {
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  return [status, /"code":"(MESH_\w+)"/.exec(answer)?.[1]]
}

async function rss(): Promise<number> {
  await new Promise(setImmediate)
  return process.memoryUsage.rss()
}

test('heads that two servers could read differently are refused, and nothing in them is done', async (t) => {
  const at = await started(t)
  const auth = `host: x\r\nauthorization: Bearer ${at.server.token}`
  const type = 'content-type: application/json'
  const smuggled = 'POST /v1/stop HTTP/1.1\r\n'
  const heads: Record<string, string> = {
    'a length and chunks': `POST /v1/pins HTTP/1.1\r\n${auth}\r\n${type}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'two lengths': `POST /v1/pins HTTP/1.1\r\n${auth}\r\n${type}\r\ncontent-length: 5\r\ncontent-length: 50\r\n\r\n{}   ${smuggled}`,
    'a length with a sign': `POST /v1/pins HTTP/1.1\r\n${auth}\r\ncontent-length: +5\r\n\r\n12345`,
    'a length beyond numbers': `POST /v1/pins HTTP/1.1\r\n${auth}\r\ncontent-length: 99999999999999999999\r\n\r\n`,
    'chunks that are not last': `POST /v1/pins HTTP/1.1\r\n${auth}\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'a chunk without a number': `POST /v1/pins HTTP/1.1\r\n${auth}\r\n${type}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n`,
    'a space before the colon': `GET /v1/id HTTP/1.1\r\n${auth}\r\ncontent-length : 5\r\n\r\n12345`,
    'a lone carriage return': `GET /v1/id HTTP/1.1\r\n${auth}\rx: y\r\n\r\n`,
    'a zero byte': `GET /v1/id HTTP/1.1\r\n${auth}\r\nx: a\0b\r\n\r\n`,
    'no host': 'GET /v1/id HTTP/1.1\r\n\r\n',
    'another protocol': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'the start of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'a method of nobody': `STEAL /v1/id HTTP/1.1\r\n${auth}\r\n\r\n`
  }
  for (const [name, head] of Object.entries(heads)) {
    const [status] = statusAndCode(await answerTo(t, at, Buffer.from(head, 'latin1')))
    assert.equal(status, 400, name)
  }
  const long = await answerTo(t, at, `GET /v1/id HTTP/1.1\r\n${auth}\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
  assert.deepEqual(statusAndCode(long), [431, 'MESH_API_BODY'])
  assert.deepEqual([at.node.stopped, at.node.pinned.size], [0, 0])
  assert.equal((await at.client.info()).peer, peer)
})

test('a client that goes away in the middle of a request is no refusal', async (t) => {
  const at = await started(t)
  const auth = `host: x\r\nauthorization: Bearer ${at.server.token}`
  const head = `POST /v1/pins HTTP/1.1\r\n${auth}\r\ncontent-type: application/json`
  for (const half of [
    head,
    `${head}\r\ncontent-length: 50\r\n\r\n{"pins`,
    `${head}\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"pi`
  ]) {
    const socket = open(t, at)
    socket.end(half)
    await new Promise((resolve) => socket.once('close', resolve))
  }
  await answerTo(t, at, 'nonsense\r\n\r\n')
  const text = 'The API refused a request. That is not an HTTP request as this API takes it.'
  assert.deepEqual(at.node.said, [{ code: 'api-refused', text, reason: 'MESH_API_BODY' }])
})

test('bodies in an encoding that the API does not take are refused', async (t) => {
  const { server, node } = await started(t)
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' }
  const body = Buffer.from('{"cid":"a","name":"\u00e4"}')
  const bodies: [Buffer, Record<string, string>][] = [
    [Buffer.from(body.toString(), 'latin1'), {}],
    [Buffer.from(body.toString(), 'utf16le'), { 'content-type': 'application/json; charset=utf-16' }],
    [gzipSync(body), { 'content-encoding': 'gzip' }],
    [body, { 'content-encoding': 'br' }]
  ]
  for (const [payload, more] of bodies) {
    const answer = await server.inject({ method: 'POST', url: '/v1/pins', payload, headers: { ...headers, ...more } })
    assert.deepEqual([answer.statusCode, answer.json().error.code], [400, 'MESH_API_BODY'])
  }
  assert.equal(node.pinned.size, 0)
  const good = await server.inject({ method: 'POST', url: '/v1/pins', payload: body, headers })
  assert.equal(good.statusCode, 200)
  assert.equal(node.pinned.get('a')?.name, 'ä')
})

test('whoever dribbles a head, or sends nothing, is hung up on', async (t) => {
  const at = await started(t, 'port', {}, { patience: { headMs: 40 } })
  const dribbled = await answerTo(t, at, 'GET /v1/id HTTP/1.1\r\nx: ')
  assert.deepEqual(statusAndCode(dribbled), [408, 'MESH_API_SLOW'])
  await answerTo(t, at, '')
  assert.equal((await at.client.info()).peer, peer)
})

test('a body that does not come is not waited for; content may take its time', async (t) => {
  const at = await started(t, 'port', {}, { patience: { bodyMs: 40 } })
  const arrived = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const entries = (async function* () {
    yield { path: 'a', content: cut(Buffer.from('abc'), 2) }
    arrived.resolve()
    await finish.promise
    yield { path: 'b', content: cut(Buffer.from('def'), 2) }
  })()
  const added = at.client.content.add(entries, { wrap: true })
  await arrived.promise
  const head = `host: x\r\nauthorization: Bearer ${at.server.token}\r\ncontent-type: application/json`
  const slow = await answerTo(t, at, `POST /v1/pins HTTP/1.1\r\n${head}\r\ncontent-length: 100\r\n\r\n{`)
  assert.deepEqual(statusAndCode(slow), [408, 'MESH_API_SLOW'])
  assert.equal(at.node.pinned.size, 0)
  finish.resolve()
  assert.equal((await added).bytes, 6)
})

test('content without an end is taken in no faster than the peer wants it', async (t) => {
  const reading = Promise.withResolvers<void>()
  const at = await started(
    t,
    'port',
    {
      content: {
        async add(entries) {
          for await (const { content } of entries) {
            for await (const piece of content!) {
              assert.ok(piece.length > 0)
              reading.resolve()
              await new Promise(() => {}) // it never asks for more
            }
          }
          return { cid: 'x', bytes: 0 }
        }
      }
    },
    { stopGraceMs: 1 }
  )
  const socket = open(t, at)
  const head = `host: x\r\nauthorization: Bearer ${at.server.token}\r\ncontent-type: ${frameType}`
  socket.write(`POST /v1/add HTTP/1.1\r\n${head}\r\ncontent-length: 99999999999\r\n\r\n`)
  const options = Buffer.from('{"wrap":false}')
  const file = Buffer.from('{"path":"a","kind":"file"}')
  socket.write(Buffer.concat([Buffer.of(options.length), options, Buffer.of(file.length), file]))
  const chunk = Buffer.concat([Buffer.of(0, 0x10, 0, 0), Buffer.alloc(1 << 20)])
  let sent = 0
  while (sent < 256 && socket.write(chunk)) sent++
  await reading.promise
  // what the system's buffers take, and no more: the rest stays here
  for (let quiet = 0; quiet < 50; quiet++) {
    if (socket.writableLength === 0 && sent < 256) {
      socket.write(chunk)
      sent++
      quiet = 0
    }
    await new Promise(setImmediate)
  }
  assert.ok(sent < 64, `${sent} MiB were taken in`)
  assert.equal((await at.client.info()).peer, peer)
})

test('an answer without an end stops where nobody reads it', async (t) => {
  let listed = 0
  const at = await started(
    t,
    'port',
    {
      pins: {
        async *ls() {
          for (;;) {
            listed++
            yield Array.from({ length: 1000 }, () => ({ cid: 'x'.repeat(60), want: 2, min: 1 }))
          }
        }
      }
    },
    { stopGraceMs: 1 }
  )
  const socket = open(t, at)
  socket.pause()
  socket.write(`GET /v1/pins HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${at.server.token}\r\n\r\n`)
  let before = -1
  for (let quiet = 0; quiet < 200; quiet = listed === before ? quiet + 1 : 0) {
    before = listed
    await new Promise(setImmediate)
  }
  assert.ok(listed > 0 && listed < 500, `${listed} thousand lines were made`)
  assert.equal((await at.client.info()).peer, peer)
})

test('a thousand connections cost little, those beyond are dropped, and honest work goes on', async (t) => {
  const at = await started(t, 'port', {}, { patience: { headMs: 60_000 }, stopGraceMs: 1 })
  await at.client.pins.add([{ cid: 'a' }]) // the connection that it keeps
  const before = await rss()
  const sockets = Array.from({ length: 1000 }, () => open(t, at))
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) =>
          socket.once('connect', () => socket.write('GET /v1/id HTTP/1.1\r\nx: ', () => resolve()))
        )
    )
  )
  assert.equal((await collect(at.client.pins.ls())).flat().length, 1)
  const mib = ((await rss()) - before) / 2 ** 20
  assert.ok(mib < 150, `${mib.toFixed()} MiB for both ends of a thousand connections`)

  const beyond = Array.from({ length: 100 }, () => open(t, at))
  const dropped = beyond.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())))
  await Promise.all(dropped.slice(-50))
  assert.equal((await at.client.info()).peer, peer, 'whoever was there goes on')
  for (const socket of sockets) socket.destroy()
  const { createApiClient } = await import('@pinmesh/api/client')
  const newcomer = createApiClient({ listen: at.listen, token: at.server.token })
  t.after(() => newcomer.close())
  for (let tries = 0; tries < 100; tries++) {
    const info = await newcomer.info().catch(() => undefined)
    if (info !== undefined) return
  }
  assert.fail('nobody else gets in')
})
