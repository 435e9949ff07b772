// The HTTP of the RPC against a server that answers as Kubo does at its worst.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kuboFailure } from '../../src/kubo/kubo-error.ts'
import type { Query, Rpc } from '../../src/kubo/rpc.ts'
import { serve } from './serve.ts'

const signal = AbortSignal.timeout(30_000)

async function all(client: Rpc, path: string, query: Query, options: Parameters<Rpc['values']>[2]): Promise<unknown[]> {
  const found: unknown[] = []
  await client.values(path, query, options, (value) => void found.push(value))
  return found
}

async function failureOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => kuboFailure(reason)
  )
  return { code: error.code, message: error.message }
}

test('arguments stand in the query, and JSON lines come as values wherever they are cut', async () => {
  let asked = ''
  const { rpc: client } = await serve((request, response) => {
    asked = `${request.method} ${request.url}`
    response.write('{"a":1}\n{"b"')
    setImmediate(() => response.end(':2}\n{"c":3}'))
  })
  const found = await all(client, 'pin/ls', { arg: ['one', 'two'], names: true }, { signal })
  assert.deepEqual(found, [{ a: 1 }, { b: 2 }, { c: 3 }])
  assert.equal(asked, 'POST /api/v0/pin/ls?arg=one&arg=two&names=true')
})

test('a failure that comes as a trailer, after a 200, is a failure', async () => {
  const { rpc: client } = await serve((_request, response) => {
    response.writeHead(200, { trailer: 'X-Stream-Error' })
    response.write('{"Progress":1}\n')
    response.addTrailers({ 'X-Stream-Error': 'write /blocks/x: no space left on device' })
    response.end()
  })
  const { code, message } = await failureOf(all(client, 'pin/add', {}, { signal }))
  assert.equal(code, 'no-space')
  assert.match(message, /no space left/)
})

test('an answer that breaks off is a failure, not a short answer', async () => {
  const { rpc: client } = await serve((_request, response) => {
    response.write('{"Progress":1}\n', () => response.destroy())
  })
  assert.equal((await failureOf(all(client, 'pin/add', {}, { signal }))).code, 'back-end')
})

test('a refusal gives the sentence in it, or what a stranger says', async () => {
  const { rpc: client } = await serve((request, response) => {
    response.statusCode = request.url?.startsWith('/api/v0/one') === true ? 500 : 403
    response.end(response.statusCode === 500 ? '{"Message":"path is not pinned","Code":0}' : '<html>no</html>')
  })
  assert.match((await failureOf(client.value('one', {}, { signal }))).message, /path is not pinned/)
  assert.match((await failureOf(client.value('two', {}, { signal }))).message, /403 <html>no/)
})

test('a refusal that was expected is no failure, and any other is', async () => {
  const { rpc: client } = await serve((request, response) => {
    response.statusCode = 500
    response.end(`{"Message":"${request.url?.includes('one') === true ? 'path is not pinned' : 'no such thing'}"}`)
  })
  const options = { signal, expected: /is not pinned/ }
  assert.equal(await client.value('one', {}, options), undefined)
  assert.match((await failureOf(client.value('two', {}, options))).message, /no such thing/)
})

test('whoever has enough, or can do nothing with what comes, hears no more of it', async () => {
  const hungUp: Promise<void>[] = []
  const { rpc: client } = await serve((_request, response) => {
    hungUp.push(new Promise((resolve) => response.on('close', resolve)))
    response.write('{"n":1}\n{"n":2}\n{"n":3}\n')
  })
  const found: unknown[] = []
  await client.values('pin/ls', {}, { signal }, (value) => found.push(value) < 2)
  assert.deepEqual(found, [{ n: 1 }, { n: 2 }])
  const failing = client.values('pin/ls', {}, { signal }, () => {
    throw new Error('of no use')
  })
  await assert.rejects(failing, /of no use/)
  await Promise.all(hungUp)
})

test('an abort hangs up, before an answer and in the middle of one', async () => {
  const hungUp: Promise<void>[] = []
  const stops = [new AbortController(), new AbortController()]
  const { rpc: client } = await serve((request, response) => {
    hungUp.push(new Promise((resolve) => response.on('close', resolve)))
    if (request.url?.startsWith('/api/v0/begun') === true) response.write('{"n":1}\n')
    else stops[0]?.abort()
  })
  await assert.rejects(all(client, 'silent', {}, { signal: (stops[0] as AbortController).signal }))
  const { signal: second } = stops[1] as AbortController
  await assert.rejects(client.values('begun', {}, { signal: second }, () => stops[1]?.abort()))
  await assert.rejects(all(client, 'late', {}, { signal: second }))
  await Promise.all(hungUp)
})

test('silence ends, before an answer and in the middle of one', async () => {
  const { rpc: client } = await serve((request, response) => {
    if (request.url?.startsWith('/api/v0/begun') === true) response.write('{"Progress":1}\n')
  }, 100)
  for (const path of ['silent', 'begun']) {
    const { code, message } = await failureOf(all(client, path, {}, { signal }))
    assert.equal(code, 'back-end')
    assert.match(message, /said nothing/)
  }
})

test('a connection that was closed while it lay idle costs nothing', async () => {
  const { rpc: client } = await serve((request, response) => {
    response.end('{}', () => setImmediate(() => request.socket.destroy()))
  })
  for (let n = 0; n < 20; n++) assert.deepEqual(await client.value('id', {}, { signal }), {})
})

test('an upload that is refused in the middle ends with the reason', async () => {
  const { rpc: client } = await serve((_request, response) => {
    response.statusCode = 500
    response.end('{"Message":"import failed: no space left on device"}')
  })
  const body = async (write: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
    while (true) await write(new Uint8Array(1 << 20))
  }
  assert.equal((await failureOf(all(client, 'dag/import', {}, { signal, body }))).code, 'no-space')
})
