// A server in front of a fake peer, and a client of it, in a folder of their own.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createApiServer } from '@pinmesh/api'
import type { ApiInit, ApiListen, ApiServer } from '@pinmesh/api'
import { createApiClient } from '@pinmesh/api/client'
import type { ApiClient } from '@pinmesh/api/client'
import { type FakeNode, fakeNode, type Overrides } from '@pinmesh/node/fake'

export interface Started {
  server: ApiServer
  node: FakeNode
  client: ApiClient
  listen: ApiListen
}

export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pinmesh-api-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function served(
  t: TestContext,
  overrides: Overrides = {}
): Promise<{ server: ApiServer; node: FakeNode }> {
  const node = fakeNode(overrides)
  const tokenFile = join(await folder(t), 'token')
  const server = await createApiServer(node, { listen: { host: '127.0.0.1', port: 0 }, tokenFile })
  t.after(() => server.stop())
  return { server, node }
}

export async function started(
  t: TestContext,
  how: 'port' | 'socket' = 'port',
  overrides: Overrides = {},
  init: Partial<ApiInit> = {}
): Promise<Started> {
  const node = fakeNode(overrides)
  const path = await folder(t)
  const listen = how === 'port' ? { host: '127.0.0.1', port: 0 } : { socketPath: join(path, 'api.sock') }
  const server = await createApiServer(node, { listen, tokenFile: join(path, 'token'), ...init })
  const at = await server.start()
  const client = createApiClient({ listen: at, token: server.token })
  t.after(async () => {
    client.close()
    await server.stop()
  })
  return { server, node, client, listen: at }
}

/** Bytes in pieces. */
export async function* cut(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes)
}

export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}
