// Pins of a peer elsewhere.

import type { Http } from './http.ts'
import { flat } from './lines-read.ts'
import { batchMax } from './fields.ts'
import { listQuery, statusQuery } from './list-queries.ts'
import type {
  ListedPin,
  ListFilter,
  MeshPins,
  PinAnswer,
  PinRequest,
  PinStatus,
  Refused,
  StatusOptions,
  UnpinAnswer,
  UnpinOptions
} from './mesh.ts'
import { errorOf } from './problem.ts'

export class ClientPins implements MeshPins {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async add(requests: PinRequest[], signal?: AbortSignal): Promise<(PinAnswer | Refused)[]> {
    return batched(requests, async (pins) => {
      const call = { method: 'POST', path: '/pins', signal } as const
      return (await this.#http.json<{ pins: (PinAnswer | Refused)[] }>(call, { pins })).pins
    })
  }

  async rm(cids: string[], options: UnpinOptions = {}): Promise<(UnpinAnswer | Refused)[]> {
    const { signal, ...how } = options
    return batched(cids, async (some) => {
      const call = { method: 'POST', path: '/unpin', signal } as const
      return (await this.#http.json<{ cids: (UnpinAnswer | Refused)[] }>(call, { cids: some, ...how })).cids
    })
  }

  ls(filter: ListFilter = {}): AsyncIterable<ListedPin[]> {
    return this.#http.lines({ method: 'GET', path: `/pins${listQuery(filter)}` })
  }

  async status(cid: string): Promise<PinStatus> {
    return this.#http.json({ method: 'GET', path: `/pins/${encodeURIComponent(cid)}` })
  }

  statuses(options: StatusOptions = {}): AsyncIterable<PinStatus> {
    return flat(this.#http.lines<PinStatus>({ method: 'GET', path: `/status${statusQuery(options)}` }))
  }

  waitFor(cid: string, holders: number, signal: AbortSignal): AsyncIterable<PinStatus> {
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
  for (let start = 0; start < all.length; start += batchMax) {
    for (const answer of await ask(all.slice(start, start + batchMax))) {
      answers.push('error' in answer ? { cid: answer.cid, error: errorOf(answer.error) } : answer)
    }
  }
  return answers
}
