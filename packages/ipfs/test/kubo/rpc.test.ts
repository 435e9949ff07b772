// The HTTP of the RPC against a server that answers as Kubo does at its worst.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import { kuboFailure } from '../../src/kubo/kubo-error.ts'
import { Rpc } from '../../src/kubo/rpc.ts'

let server: Server | undefined
let rpc: Rpc | undefined

afterEach(() => {
  rpc?.close()
  server?.closeAllConnections()
  server?.close()
})

async function serve(listener: RequestListener, answerMs = 5000): Promise<Rpc> {
  const listening = createServer(listener)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  rpc = new Rpc({ secure: false, host: '127.0.0.1', port: (listening.address() as AddressInfo).port }, answerMs)
  return rpc
}

const signal = AbortSignal.timeout(30_000)

async function all(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const value of values) found.push(value)
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
  const client = await serve((request, response) => {
    asked = `${request.method} ${request.url}`
    response.write('{"a":1}\n{"b"')
    setImmediate(() => response.end(':2}\n{"c":3}'))
  })
  const found = await all(client.values('pin/ls', { arg: ['one', 'two'], names: true }, { signal }))
  assert.deepEqual(found, [{ a: 1 }, { b: 2 }, { c: 3 }])
  assert.equal(asked, 'POST /api/v0/pin/ls?arg=one&arg=two&names=true')
})

test('a failure that comes as a trailer, after a 200, is a failure', async () => {
  const client = await serve((_request, response) => {
    response.writeHead(200, { trailer: 'X-Stream-Error' })
    response.write('{"Progress":1}\n')
    response.addTrailers({ 'X-Stream-Error': 'write /blocks/x: no space left on device' })
    response.end()
  })
  const { code, message } = await failureOf(all(client.values('pin/add', {}, { signal })))
  assert.equal(code, 'no-space')
  assert.match(message, /no space left/)
})

test('an answer that breaks off is a failure, not a short answer', async () => {
  const client = await serve((_request, response) => {
    response.write('{"Progress":1}\n', () => response.destroy())
  })
  assert.equal((await failureOf(all(client.values('pin/add', {}, { signal })))).code, 'back-end')
})

test('a refusal gives the sentence in it, or what a stranger says', async () => {
  const client = await serve((request, response) => {
    response.statusCode = request.url?.startsWith('/api/v0/one') === true ? 500 : 403
    response.end(response.statusCode === 500 ? '{"Message":"path is not pinned","Code":0}' : '<html>no</html>')
  })
  assert.match((await failureOf(client.value('one', {}, { signal }))).message, /path is not pinned/)
  assert.match((await failureOf(client.value('two', {}, { signal }))).message, /403 <html>no/)
})

test('silence ends, before an answer and in the middle of one', async () => {
  const client = await serve((request, response) => {
    if (request.url?.startsWith('/api/v0/begun') === true) response.write('{"Progress":1}\n')
  }, 100)
  for (const path of ['silent', 'begun']) {
    const { code, message } = await failureOf(all(client.values(path, {}, { signal })))
    assert.equal(code, 'back-end')
    assert.match(message, /said nothing/)
  }
})

test('a connection that was closed while it lay idle costs nothing', async () => {
  const client = await serve((request, response) => {
    response.end('{}', () => setImmediate(() => request.socket.destroy()))
  })
  for (let n = 0; n < 20; n++) assert.deepEqual(await client.value('id', {}, { signal }), {})
})

test('an upload that is refused in the middle ends with the reason', async () => {
  const client = await serve((_request, response) => {
    response.statusCode = 500
    response.end('{"Message":"import failed: no space left on device"}')
  })
  const body = async (write: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
    while (true) await write(new Uint8Array(1 << 20))
  }
  assert.equal((await failureOf(all(client.values('dag/import', {}, { signal, body })))).code, 'no-space')
})
