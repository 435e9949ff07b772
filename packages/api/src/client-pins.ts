// Pins of a peer elsewhere.

import type { Http } from './http.ts'
import { flat } from './lines-read.ts'
import { batchMax } from './fields.ts'
import { listQuery, statusQuery } from './list-queries.ts'
import type {
  CallOptions,
  ListedPin,
  ListFilter,
  MeshPins,
  PinAnswer,
  PinRequest,
  PinStatus,
  Refused,
  RetryAnswer,
  RetryOptions,
  StatusOptions,
  UnpinAnswer,
  UnpinOptions,
  UpdateOptions,
  UpdateStep
} from './mesh.ts'
import { errorOf } from './problem.ts'

export class ClientPins implements MeshPins {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async add(requests: PinRequest[], { signal }: CallOptions = {}): Promise<(PinAnswer | Refused)[]> {
    return batched(requests, async (pins) => {
      const call = { method: 'POST', path: '/pins', signal } as const
      return (await this.#http.json<{ pins: (PinAnswer | Refused)[] }>(call, { pins })).pins
    })
  }

  update(old: string, cid: string, options: UpdateOptions = {}): AsyncIterable<UpdateStep> {
    const { signal, terms, ...how } = options
    const call = { method: 'POST', path: '/pins/update', signal } as const
    return flat(this.#http.lines<UpdateStep>(call, { old, cid, ...terms, ...how }))
  }

  async rm(cids: string[], options: UnpinOptions = {}): Promise<(UnpinAnswer | Refused)[]> {
    const { signal, ...how } = options
    return batched(cids, async (some) => {
      const call = { method: 'POST', path: '/unpin', signal } as const
      return (await this.#http.json<{ cids: (UnpinAnswer | Refused)[] }>(call, { cids: some, ...how })).cids
    })
  }

  async *retry(
    cids?: string[],
    { local = false, signal }: RetryOptions = {}
  ): AsyncIterable<(RetryAnswer | Refused)[]> {
    const call = { method: 'POST', path: '/retry', signal } as const
    const groups = cids === undefined ? [undefined] : batches(cids)
    for (const some of groups) {
      const body = { local, ...(some === undefined ? {} : { cids: some }) }
      for await (const answers of this.#http.lines<RetryAnswer | Refused>(call, body)) yield answers.map(whole)
    }
  }

  ls(filter: ListFilter = {}, { signal }: CallOptions = {}): AsyncIterable<ListedPin[]> {
    return this.#http.lines({ method: 'GET', path: `/pins${listQuery(filter)}`, signal })
  }

  async status(cid: string, { signal }: CallOptions = {}): Promise<PinStatus> {
    return this.#http.json({ method: 'GET', path: `/pins/${encodeURIComponent(cid)}`, signal })
  }

  statuses(options: StatusOptions = {}): AsyncIterable<PinStatus> {
    const { signal } = options
    return flat(this.#http.lines<PinStatus>({ method: 'GET', path: `/status${statusQuery(options)}`, signal }))
  }

  waitFor(cid: string, holders: number, { signal }: CallOptions = {}): AsyncIterable<PinStatus> {
    const path = `/pins/${encodeURIComponent(cid)}?wait=${holders}`
    return flat(this.#http.lines<PinStatus>({ method: 'GET', path, signal }))
  }
}

/** In requests of at most `batchMax`, one after the other, the answers in order and their errors made whole. */
async function batched<T, A extends { cid: string }>(
  all: readonly T[],
  ask: (some: T[]) => Promise<(A | Refused)[]>
): Promise<(A | Refused)[]> {
  const answers: (A | Refused)[] = []
  for (const some of batches(all)) answers.push(...(await ask(some)).map(whole))
  return answers
}

function batches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / batchMax) }, (_, n) => all.slice(n * batchMax, (n + 1) * batchMax))
}

/** An answer whose error is one again. */
function whole<A extends { cid: string }>(answer: A | Refused): A | Refused {
  return 'error' in answer ? { cid: answer.cid, error: errorOf(answer.error) } : answer
}
