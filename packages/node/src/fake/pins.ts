// The pins of the fake node: held here and nowhere else, of one slot, and as soon as they are asked for.

import { MeshError } from '../mesh-error.ts'
import type { ListedPin, MeshPins, PinAnswer, PinRequest, PinStatus, Refused } from '../mesh-pins.ts'
import { type FakeState, peer } from './state.ts'

export function fakePins(state: FakeState): MeshPins {
  const { pinned, others, asked } = state
  const statusOf = (cid: string): PinStatus => {
    const request = pinned.get(cid)
    if (request === undefined) throw notPinned()
    return { ...wishOf(request), have: 1, peers: [{ peer, state: 'held', target: true }] }
  }
  return {
    add: async (requests) => requests.map((request) => pinOne(state, request)),
    rm: async (some, { yes } = {}) =>
      some.map((cid) => {
        if (others.has(cid) && yes !== true) return { cid, error: new MeshError('MESH_OTHERS_PIN', 'Others want it.') }
        pinned.delete(cid)
        return { cid }
      }),
    async *update(old, cid, { signal: _signal, ...options } = {}) {
      asked.push({ old, cid, ...options })
      if (!pinned.has(old)) throw notPinned()
      pinned.set(cid, { cid, ...options.terms })
      const step = { old, cid, want: 3, min: 2, needed: 2 }
      yield { ...step, have: 1, done: false }
      yield { ...step, have: 2, done: false }
      pinned.delete(old)
      yield { ...step, have: 2, done: true }
    },
    async *retry(some = [...pinned.keys()], { local = false } = {}) {
      yield some.map((cid) =>
        pinned.has(cid) ? { cid, here: true, failed: 2, asked: !local } : { cid, error: notPinned() }
      )
    },
    async *ls() {
      const all = [...pinned.values()]
      for (let start = 0; start < all.length; start += 1000)
        yield all.slice(start, start + 1000).map((one) => ({ ...wishOf(one), ...(one.meta && { meta: one.meta }) }))
    },
    status: async (cid) => statusOf(cid),
    async *statuses() {
      for (const cid of pinned.keys()) yield statusOf(cid)
    },
    async *waitFor(cid, holders) {
      for (let have = 0; have <= holders; have++) yield { ...statusOf(cid), have }
    }
  }
}

export function pinOne({ pinned, refused }: FakeState, request: PinRequest): PinAnswer | Refused {
  const error = refused.get(request.cid)
  if (error !== undefined) return { cid: request.cid, error }
  pinned.set(request.cid, request)
  const { cid, want, min } = wishOf(request)
  return { cid, want, min }
}

function wishOf({ cid, name, replicas, min = 1 }: PinRequest): ListedPin {
  return { cid, want: typeof replicas === 'number' ? replicas : 2, min, ...(name !== undefined && { name }) }
}

function notPinned(): MeshError {
  return new MeshError('MESH_NOT_PINNED', 'It is not pinned.', { exit: 1, remedy: 'Pin it.' })
}
