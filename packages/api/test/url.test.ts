// A peer behind an address: a proxy that speaks TLS and puts a path before ours.

import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createApiClient } from '@pinmesh/api/client'
import { peer } from '@pinmesh/node/fake'
import { selfSigned } from './certificate.ts'
import { collect, cut, started } from './started.ts'

/** Passes on what stands below /mesh to a peer. */
function passingTo(port: number): RequestListener {
  return (asked, answer) => {
    if (!asked.url?.startsWith('/mesh/')) return void answer.writeHead(404).end('not here')
    const { method, headers, url } = asked
    const passed = request({ host: '127.0.0.1', port, method, headers, path: url.slice('/mesh'.length) }, (reply) => {
      answer.writeHead(reply.statusCode!, reply.headers)
      reply.pipe(answer)
    })
    asked.pipe(passed)
  }
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

test('over TLS and below a path a client does all that it does nearby', async (t) => {
  const { server, listen } = await started(t)
  assert.ok('port' in listen)
  const { cert, key } = selfSigned()
  const port = await listening(t, createTlsServer({ cert, key }, passingTo(listen.port)))
  const url = `https://localhost:${port}/mesh/`
  const wary = createApiClient({ listen: { url }, token: server.token })
  await assert.rejects(wary.info(), { code: 'MESH_API_UNREACHABLE', message: /CERT/ })
  wary.close()

  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, cert]) // as NODE_EXTRA_CA_CERTS does
  t.after(() => setDefaultCACertificates(trusted))
  const client = createApiClient({ listen: { url }, token: server.token })
  t.after(() => client.close())
  assert.equal((await client.info()).peer, peer)
  const content = cut(Buffer.alloc(300_000, 7), 100_000)
  const entries = (async function* () {
    yield { path: '', content }
  })()
  assert.equal((await client.content.add(entries, { wrap: false })).bytes, 300_000)
  await client.pins.add([{ cid: 'a' }])
  assert.equal((await collect(client.pins.ls())).flat().length, 1)
})

test('what is no peer, and what is not there, are told apart', async (t) => {
  const { server, listen } = await started(t)
  assert.ok('port' in listen)
  const port = await listening(t, createServer(passingTo(listen.port)))
  const page = await listening(
    t,
    createServer((_, answer) => answer.end('<p>Welcome</p>'))
  )
  const idle = await listening(
    t,
    createServer((_, answer) => answer.writeHead(502).end('bad gateway'))
  )
  const asks: [string, string | { code: string; message: RegExp; exit: number }][] = [
    [`http://127.0.0.1:${page}`, { code: 'MESH_API_ANSWER', message: /no peer of pinmesh/, exit: 2 }],
    [`http://127.0.0.1:${idle}`, { code: 'MESH_API_ANSWER', message: /no peer behind it/, exit: 2 }],
    [`http://127.0.0.1:${port}`, 'MESH_API_ANSWER'],
    [`http://127.0.0.1:${port}/elsewhere`, 'MESH_API_ANSWER'],
    ['http://127.0.0.1:1', 'MESH_NOT_RUNNING'],
    ['http://nowhere.invalid', 'MESH_API_UNREACHABLE'],
    [`https://127.0.0.1:${port}`, 'MESH_API_UNREACHABLE']
  ]
  for (const [url, code] of asks) {
    const client = createApiClient({ listen: { url }, token: server.token })
    const expected = typeof code === 'string' ? { code } : code
    await assert.rejects(client.info(), expected, url)
    await assert.rejects(collect(client.pins.ls()), expected, `${url}, in lines`)
    client.close()
  }
  const client = createApiClient({ listen: { url: `http://127.0.0.1:${port}/mesh` }, token: server.token })
  assert.equal((await client.info()).peer, peer)
  client.close()
})
