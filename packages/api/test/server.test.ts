// The server around its routes: the token, the door, and how it stops.

import assert from 'node:assert/strict'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createApiServer } from '@pinmesh/api'
import { createApiClient, readToken } from '@pinmesh/api/client'
import type { CallOptions } from '@pinmesh/node'
import { fakeNode, peer } from '@pinmesh/node/fake'
import { collect, folder, served, started } from './started.ts'

test('the token is made once, readable by its owner alone, and reused', async (t) => {
  const tokenFile = join(await folder(t), 'token')
  assert.equal(await readToken(tokenFile), undefined)
  const init = { listen: { host: '127.0.0.1', port: 0 }, tokenFile }
  const first = await createApiServer(fakeNode(), init)
  assert.match(first.token, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(await readFile(tokenFile, 'utf8'), `${first.token}\n`)
  assert.equal((await stat(tokenFile)).mode & 0o777, 0o600)
  await chmod(tokenFile, 0o644)
  const second = await createApiServer(fakeNode(), init)
  assert.equal(second.token, first.token)
  assert.equal((await stat(tokenFile)).mode & 0o777, 0o600)
  await writeFile(tokenFile, 'short')
  await assert.rejects(createApiServer(fakeNode(), init), { code: 'MESH_API_TOKEN_FILE' })
})

test('without the token nothing is answered, known route or not', async (t) => {
  const { server, node } = await served(t)
  const wrong = [
    '',
    'Bearer',
    'Bearer x',
    `Bearer ${'A'.repeat(43)}`,
    server.token,
    `bearer ${server.token}`,
    `Bearer ${server.token} `
  ]
  for (const authorization of [undefined, ...wrong]) {
    for (const url of ['/v1/id', '/v1/pins', '/nowhere', '/']) {
      const answer = await server.inject({ url, headers: authorization === undefined ? {} : { authorization } })
      assert.equal(answer.statusCode, 401, `${url} with ${authorization}`)
      assert.equal(answer.json().error.code, 'MESH_API_TOKEN')
    }
  }
  const post = await server.inject({ method: 'POST', url: '/v1/pins', payload: { cid: 'a' } })
  assert.deepEqual([post.statusCode, node.pinned.size], [401, 0])
})

test('a web page is refused even with the token', async (t) => {
  const { server } = await served(t)
  for (const origin of ['https://example.org', 'http://127.0.0.1:4720', 'null', '']) {
    const headers = { authorization: `Bearer ${server.token}`, origin }
    const answer = await server.inject({ url: '/v1/id', headers })
    assert.deepEqual([answer.statusCode, answer.json().error.code], [403, 'MESH_API_ORIGIN'])
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
    const preflight = await server.inject({ method: 'OPTIONS', url: '/v1/id', headers: { origin } })
    assert.equal(preflight.statusCode, 403)
  }
})

test('an unknown route is told as such', async (t) => {
  const { server } = await served(t)
  const headers = { authorization: `Bearer ${server.token}` }
  for (const url of ['/v1/nothing', '/id', '/v2/id', '/v1/pins/a/b']) {
    const answer = await server.inject({ url, headers })
    assert.deepEqual([answer.statusCode, answer.json().error.code], [404, 'MESH_API_ROUTE'])
  }
})

test('a host that others can reach is refused unless told', async (t) => {
  const tokenFile = join(await folder(t), 'token')
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.example.org']) {
    await assert.rejects(createApiServer(fakeNode(), { listen: { host, port: 0 }, tokenFile }), {
      code: 'MESH_API_REMOTE'
    })
  }
  await createApiServer(fakeNode(), { listen: { host: '0.0.0.0', port: 0 }, tokenFile, remote: true })
})

test('a taken port is told as such', async (t) => {
  const { listen } = await started(t)
  const tokenFile = join(await folder(t), 'token')
  const second = await createApiServer(fakeNode(), { listen, tokenFile })
  await assert.rejects(second.start(), { code: 'MESH_API_ADDRESS' })
})

test('a socket left by a dead process is taken over, a live one is not', async (t) => {
  const path = await folder(t)
  const init = { listen: { socketPath: join(path, 's') }, tokenFile: join(path, 'token') }
  const dead = createServer().listen(join(path, 'dead'))
  await new Promise((resolve) => dead.once('listening', resolve))
  const { rename } = await import('node:fs/promises')
  await rename(join(path, 'dead'), init.listen.socketPath) // closing removes a socket under its first name only
  await new Promise((resolve) => dead.close(resolve))
  const first = await createApiServer(fakeNode(), init)
  await first.start()
  t.after(() => first.stop())
  const second = await createApiServer(fakeNode(), init)
  await assert.rejects(second.start(), { code: 'MESH_API_ADDRESS' })
  const client = createApiClient({ listen: init.listen, token: first.token })
  assert.equal((await client.info()).peer, peer)
  client.close()
})

test('stopping ends the endless streams with a word and lets the others finish', async (t) => {
  const pinning = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const noting = Promise.withResolvers<void>()
  const { client, server } = await started(t, 'port', {
    pins: {
      add: async ([request]) => {
        pinning.resolve()
        await finish.promise
        return [{ cid: request!.cid, want: 1, min: 1 }]
      }
    },
    async *notes({ signal } = {}) {
      noting.resolve()
      yield { at: 1, code: 'one', text: 'One.' }
      await new Promise((resolve) => signal!.addEventListener('abort', resolve, { once: true }))
    }
  })
  const pinned = client.pins.add([{ cid: 'a' }])
  const noted = assert.rejects(collect(client.notes()), { code: 'MESH_STOPPING' })
  await Promise.all([pinning.promise, noting.promise])
  const stopped = server.stop()
  await noted
  finish.resolve()
  assert.deepEqual(await pinned, [{ cid: 'a', want: 1, min: 1 }])
  await stopped
  await server.stopped
})

test('a request that does not finish is ended after the grace', async (t) => {
  const pinning = Promise.withResolvers<AbortSignal>()
  const pin = (_requests: unknown, { signal }: CallOptions = {}): Promise<never> => {
    pinning.resolve(signal!)
    return new Promise(() => {})
  }
  const { client, server } = await started(t, 'port', { pins: { add: pin } }, { stopGraceMs: 1 })
  const pinned = assert.rejects(client.pins.add([{ cid: 'a' }]), { code: 'MESH_API_GONE' })
  const signal = await pinning.promise
  await server.stop()
  await pinned
  assert.equal(signal.aborted, true)
})

test('a client can stop the peer: it gets its answer, then the server closes', async (t) => {
  const { client, server, node } = await started(t)
  await client.stop()
  await server.stopped
  assert.equal(node.stopped, 1)
  await assert.rejects(client.info(), { code: 'MESH_NOT_RUNNING' })
})

test('the client loads neither fastify nor a peer', async () => {
  const { spawnSync } = await import('node:child_process')
  const script = `await import('@pinmesh/api/client'); process.exit(process.moduleLoadList.length > 0 ? 0 : 1)`
  const trace = `import { registerHooks } from 'node:module'
    registerHooks({ load(url, context, next) { console.log(url); return next(url, context) } })
    ${script}`
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--conditions=@pinmesh/source', '--input-type=module', '-e', trace],
    { cwd: import.meta.dirname, encoding: 'utf8' }
  )
  assert.equal(status, 0)
  const loaded = stdout
    .trim()
    .split('\n')
    .filter((url) => url.startsWith('file:'))
  assert.ok(loaded.length > 5)
  assert.ok(
    loaded.every((url) => /\/api\/src\/|\/node\/src\/(?:mesh-error|replace-file)\.ts$|\/progress-events\//.test(url)),
    stdout
  )
})
