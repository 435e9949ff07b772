// @pinmesh/api/client: a running peer's programming interface over HTTP: the same methods as MeshNode, the same errors.
//
//   const client = createApiClient({ listen: { host: '127.0.0.1', port: 4720 }, token: (await readToken(file))! })
//   await client.pin([{ cid, replicas: 3 }])
//   client.close()
//
// Streams are read as they are consumed, and leaving a loop early hangs up. An aborted call rejects with the signal's
// reason. MESH_NOT_RUNNING: nothing answers there. MESH_API_GONE: the peer hung up in the middle.

import { FrameReader } from './frame-reader.ts'
import { connectionError, Http } from './http.ts'
import type { ApiListen } from './listen.ts'
import type {
  ContentEntry,
  ListedPin,
  MeshNode,
  NodeInfo,
  Note,
  PeerInfo,
  PinAnswer,
  PinRequest,
  PinStatus
} from './mesh.ts'
import type { AddEntry, AddOptions, MeshError } from './mesh.ts'
import { errorOf } from './problem.ts'
import { batchMax } from './requests.ts'
import { upload } from './upload.ts'

export type { ApiListen } from './listen.ts'
export { MeshError } from './mesh.ts'
export { readToken } from './token.ts'

/** A MeshNode elsewhere: what is at hand there must be asked for here. */
export interface ApiClient extends Omit<MeshNode, 'info' | 'peers'> {
  info(): Promise<NodeInfo>
  peers(): Promise<PeerInfo[]>
  /** Resolves once the peer has stopped. */
  stop(): Promise<void>
  /** Closes the kept connections; a program that does not call it still ends. */
  close(): void
}

type Failed = { cid: string; error: MeshError }

class Client implements ApiClient {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async info(): Promise<NodeInfo> {
    return this.#http.json({ method: 'GET', path: '/id' })
  }

  async peers(): Promise<PeerInfo[]> {
    return (await this.#http.json<{ peers: PeerInfo[] }>({ method: 'GET', path: '/peers' })).peers
  }

  async pin(requests: PinRequest[], signal?: AbortSignal): Promise<(PinAnswer | Failed)[]> {
    return batched(requests, async (pins) => {
      const call = { method: 'POST', path: '/pins', signal } as const
      return (await this.#http.json<{ pins: (PinAnswer | Failed)[] }>(call, { pins })).pins
    })
  }

  async unpin(
    cids: string[],
    options: { yes?: boolean; signal?: AbortSignal } = {}
  ): Promise<({ cid: string } | Failed)[]> {
    return batched(cids, async (some) => {
      const call = { method: 'POST', path: '/unpin', signal: options.signal } as const
      const body = { cids: some, yes: options.yes ?? false }
      return (await this.#http.json<{ cids: ({ cid: string } | Failed)[] }>(call, body)).cids
    })
  }

  list(): AsyncIterable<ListedPin[]> {
    return this.#http.lines({ method: 'GET', path: '/pins' })
  }

  async status(cid: string): Promise<PinStatus> {
    return this.#http.json({ method: 'GET', path: `/pins/${encodeURIComponent(cid)}` })
  }

  statusAll(): AsyncIterable<PinStatus> {
    return flat(this.#http.lines<PinStatus>({ method: 'GET', path: '/status' }))
  }

  waitFor(cid: string, holders: number, signal: AbortSignal): AsyncIterable<PinStatus> {
    const path = `/pins/${encodeURIComponent(cid)}?wait=${holders}`
    return flat(this.#http.lines<PinStatus>({ method: 'GET', path, signal }))
  }

  notes(signal: AbortSignal): AsyncIterable<Note> {
    return flat(this.#http.lines<Note>({ method: 'GET', path: '/notes', signal }))
  }

  async addFile(
    entries: AsyncIterable<AddEntry>,
    options: AddOptions
  ): Promise<{ cid: string; bytes: number } & Partial<PinAnswer>> {
    return upload(this.#http, entries, options)
  }

  async *get(cid: string, signal: AbortSignal): AsyncGenerator<ContentEntry, void, undefined> {
    const answer = await this.#http.bytes({ method: 'GET', path: `/content/${encodeURIComponent(cid)}`, signal })
    try {
      for await (const { size, ...entry } of new FrameReader(answer).entries()) yield { ...entry, size: size ?? 0 }
    } catch (error) {
      throw connectionError(error, signal)
    } finally {
      answer.destroy()
    }
  }

  async addWriter(peer: string): Promise<{ writer: number }> {
    return this.#http.json({ method: 'POST', path: '/writers' }, { peer })
  }

  async vouch(peer: string): Promise<void> {
    await this.#http.json({ method: 'POST', path: '/vouch' }, { peer })
  }

  async stop(): Promise<void> {
    await this.#http.json({ method: 'POST', path: '/stop' })
  }

  close(): void {
    this.#http.close()
  }
}

/** In requests of at most `batchMax`, one after the other, the answers in order and their errors made whole. */
async function batched<T, A extends { cid: string }>(
  all: readonly T[],
  ask: (some: T[]) => Promise<(A | Failed)[]>
): Promise<(A | Failed)[]> {
  const answers: (A | Failed)[] = []
  for (let start = 0; start < all.length; start += batchMax) {
    for (const answer of await ask(all.slice(start, start + batchMax))) {
      answers.push('error' in answer ? { cid: answer.cid, error: errorOf(answer.error) } : answer)
    }
  }
  return answers
}

async function* flat<T>(groups: AsyncIterable<T[]>): AsyncGenerator<T, void, undefined> {
  for await (const group of groups) yield* group
}

export function createApiClient(init: { listen: ApiListen; token: string }): ApiClient {
  return new Client(new Http(init.listen, init.token))
}
