// Tokens that were given away: what each is good for, when it ends, and how they are kept.

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createApiServer } from '@pinmesh/api'
import type { ApiServer } from '@pinmesh/api'
import { createApiClient } from '@pinmesh/api/client'
import { Tokens } from '@pinmesh/api/tokens'
import { fakeNode } from '@pinmesh/node/fake'
import fc from 'fast-check'
import { covers, scopes } from '../src/scope.ts'
import { collect, cut, folder, started } from './started.ts'

async function served(t: TestContext): Promise<{ server: ApiServer; tokens: Tokens; file: string }> {
  const home = await folder(t)
  const change = async (name: string): Promise<{ name: string; applies: 'now' }> => ({ name, applies: 'now' })
  const config = { ls: async () => [], set: change, unset: change }
  const init = { listen: { host: '127.0.0.1', port: 0 }, tokenFile: join(home, 'api.token'), config }
  const server = await createApiServer(fakeNode(), init)
  const file = join(home, 'tokens.json')
  return { server, tokens: new Tokens(file), file }
}

async function ask(server: ApiServer, url: string, token: string): Promise<[number, string | undefined]> {
  const answer = await server.inject({ url, headers: { authorization: `Bearer ${token}` } })
  return [answer.statusCode, (answer.json() as { error?: { code: string } }).error?.code]
}

test('every route says which scope it asks for', async (t) => {
  const { server } = await served(t)
  await server.inject({ url: '/' })
  const { routes } = server
  assert.ok(routes.length > 10)
  for (const { method, url, scope } of routes) assert.ok(scope, `${method} ${url} says no scope`)
})

test('a token is good for its scope and those below it, on every route', async (t) => {
  const { server, tokens } = await served(t)
  await server.inject({ url: '/' })
  for (const has of scopes) {
    const { token } = await tokens.make({ name: has, scope: has })
    for (const { method, url, scope } of server.routes) {
      if (url === '/v1/notes' || url === '/v1/stop') continue // the one has no end, the other is one
      const path = url.replace(/:\w+/, 'x')
      const headers = { authorization: `Bearer ${token}` }
      const answer = await server.inject({ method: method as 'GET', url: path, headers })
      const refused = answer.statusCode === 403
      assert.equal(refused, !covers(has, scope!), `${has} on ${method} ${url}: ${answer.statusCode}`)
      if (refused) assert.equal((answer.json() as { error: { code: string } }).error.code, 'MESH_API_SCOPE')
    }
    assert.deepEqual(await ask(server, '/v1/nothing', token), [404, 'MESH_API_ROUTE'])
  }
})

test('a token that was ended, has expired, or was never made opens nothing', async (t) => {
  const { server, tokens } = await served(t)
  const { token } = await tokens.make({ name: 'a', scope: 'read' })
  const brief = await tokens.make({ name: 'brief', scope: 'read', expiresInMs: 1 })
  assert.deepEqual(await ask(server, '/v1/id', token), [200, undefined])
  while (Date.now() < brief.expiresAt!) await new Promise(setImmediate)
  assert.deepEqual(await ask(server, '/v1/id', brief.token), [401, 'MESH_API_TOKEN'])
  await tokens.rm('a')
  assert.deepEqual(await ask(server, '/v1/id', token), [401, 'MESH_API_TOKEN'])
  assert.deepEqual(await ask(server, '/v1/id', 'A'.repeat(43)), [401, 'MESH_API_TOKEN'])
  assert.deepEqual(await ask(server, '/v1/id', server.token), [200, undefined], 'the owner goes on')
})

test('the file holds no token, is its owner’s alone, and one that is damaged opens nothing', async (t) => {
  const { server, tokens, file } = await served(t)
  const { token } = await tokens.make({ name: 'a', scope: 'admin' })
  assert.doesNotMatch(await readFile(file, 'utf8'), new RegExp(token))
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const good = await readFile(file, 'utf8')
  const wrong = ['', '{', 'null', '[]', '{"version":2,"tokens":[]}', good.replace('"admin"', '"root"')]
  for (const text of [...wrong, good.replace(/"hash": "\w/, '"hash": "'), good.replace('"a"', '"../a"')]) {
    await writeFile(file, text)
    assert.deepEqual(await ask(server, '/v1/id', token), [401, 'MESH_API_TOKEN'], text)
    await assert.rejects(tokens.ls(), { code: 'MESH_HOME_DAMAGED' }, text)
    await assert.rejects(tokens.make({ name: 'b', scope: 'read' }), { code: 'MESH_HOME_DAMAGED' })
  }
  await writeFile(file, good)
  assert.deepEqual(await ask(server, '/v1/id', token), [200, undefined])
})

test('names are unique among those that are good; changes at once do not lose one another', async (t) => {
  const { tokens } = await served(t)
  const names = Array.from({ length: 20 }, (_, n) => `t${n}`)
  await Promise.all(names.map((name) => tokens.make({ name, scope: 'read' })))
  assert.deepEqual(
    (await tokens.ls()).map(({ name }) => name),
    names
  )
  await assert.rejects(tokens.make({ name: 't1', scope: 'read' }), { code: 'MESH_TOKEN_TAKEN' })
  await tokens.rm('t1')
  await assert.rejects(tokens.rm('t1'), { code: 'MESH_TOKEN_UNKNOWN' })
  const { expiresAt } = await tokens.make({ name: 't1', scope: 'read', expiresInMs: 1 })
  while (Date.now() < expiresAt!) await new Promise(setImmediate)
  assert.equal((await tokens.make({ name: 't1', scope: 'pin' })).scope, 'pin', 'an expired one gives its name away')
})

test('there are a thousand at most', async (t) => {
  const { tokens, file } = await served(t)
  const hash = '0'.repeat(64)
  const many = Array.from({ length: 1000 }, (_, n) => ({ name: `t${n}`, scope: 'read', createdAt: 1, hash }))
  await writeFile(file, JSON.stringify({ version: 1, tokens: many }))
  await assert.rejects(tokens.make({ name: 'one-more', scope: 'read' }), { code: 'MESH_TOKENS_FULL' })
})

test('an admin makes, lists and ends them from elsewhere; others may not', async (t) => {
  const { client, listen } = await started(t)
  const { token, ...made } = await client.tokens.make({ name: 'pinner', scope: 'pin', expiresInMs: 60_000 })
  assert.deepEqual(await client.tokens.ls(), [made])
  const pinner = createApiClient({ listen, token })
  t.after(() => pinner.close())
  assert.equal((await pinner.pins.add([{ cid: 'a' }])).length, 1)
  assert.equal((await collect(pinner.pins.ls())).flat().length, 1)
  const entries = (async function* () {
    yield { path: '', content: cut(Buffer.from('abc'), 2) }
  })()
  assert.equal((await pinner.content.add(entries, { wrap: false })).bytes, 3)
  for (const refused of [pinner.tokens.ls(), pinner.tokens.rm('pinner'), pinner.trust.vouch('x'), pinner.stop()]) {
    await assert.rejects(refused, { code: 'MESH_API_SCOPE', exit: 2 })
  }
  await client.tokens.rm('pinner')
  await assert.rejects(pinner.info(), { code: 'MESH_API_TOKEN' })
})

test('requests for tokens are checked', async (t) => {
  const { server } = await served(t)
  const headers = { authorization: `Bearer ${server.token}` }
  const bodies = [
    {},
    { name: 'a' },
    { name: 'a', scope: 'all' },
    { name: '', scope: 'read' },
    { name: '-a', scope: 'read' },
    { name: 'a b', scope: 'read' },
    { name: 'a'.repeat(65), scope: 'read' },
    { name: 'a', scope: 'read', expiresInMs: 0 },
    { name: 'a', scope: 'read', expiresAt: 1 }
  ]
  for (const payload of bodies) {
    const answer = await server.inject({ method: 'POST', url: '/v1/tokens', payload, headers })
    assert.deepEqual([answer.statusCode, answer.json().error.code], [400, 'MESH_API_BODY'], JSON.stringify(payload))
  }
})

test('no text but the token itself is taken for it', async (t) => {
  const { server, tokens } = await served(t)
  const { token } = await tokens.make({ name: 'a', scope: 'admin' })
  const letters = 'ABCabc019-_= .\t%'.split('')
  await fc.assert(
    fc.asyncProperty(fc.nat(42), fc.constantFrom(...letters, ''), async (at, letter) => {
      const changed = `${token.slice(0, at)}${letter}${token.slice(at + 1)}`
      const expected = changed === token ? 200 : 401
      assert.equal((await ask(server, '/v1/id', changed))[0], expected)
    }),
    { numRuns: 100 }
  )
})
