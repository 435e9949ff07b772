// A peer of a few lines, over a map. Tests replace single methods.

import { MeshError } from '@pinmesh/node/mesh-error'
import type {
  CallOptions,
  MeshContent,
  MeshNode,
  MeshPins,
  MeshPolicy,
  MeshTrust,
  NodeInfo,
  PeerInfo,
  PinAnswer,
  PinRequest,
  PinStatus
} from '@pinmesh/node'

export interface FakeNode extends MeshNode {
  readonly pinned: Map<string, PinRequest>
  /** What was added last: path → text, or null for a folder. */
  readonly added: Map<string, string | null>
  asked: unknown[]
  said: object[]
  stopped: number
}

export const peer = '12D3KooWMbXc2HbSfJsHAa3KmEwJtdSYAQoCmrUct8BryiqvjhDT'
export const other = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
export const mesh = 'z71g7MBsLkYWUoF6QvkH92YzMW2Jifkdm3TpkkDvbFhVt'
export const cids: readonly string[] = ['bafkqaaa', 'bafkqaalb', 'bafkqaalc', 'bafkqaald']
/** The fake knows it as the pin of another writer. */
export const othersCid = 'bafkqaalx'
/** The fake refuses to pin it. */
export const refusedCid = 'bafkqaaly'

/** Single methods of the rooms, and anything else of the node. */
export interface Overrides extends Partial<Omit<FakeNode, 'pins' | 'content' | 'trust'>> {
  pins?: Partial<MeshPins>
  content?: Partial<MeshContent>
  trust?: Partial<MeshTrust>
}

const policy: MeshPolicy = {
  admission: 'open',
  replicas: 3,
  trustedMin: 1,
  profile: 'wan',
  workBits: 18,
  protocolMin: 1
}

function trustOf(asked: (what: CallOptions & Record<string, unknown>) => void): MeshTrust {
  return {
    async invite(request) {
      asked({ invite: request })
      return {
        invite: 'zInvitation',
        id: 'abcdef012345',
        writer: request?.writer ?? false,
        uses: request?.uses ?? 1,
        until: 1e12
      }
    },
    invitations: async () => [
      { id: 'abcdef012345', writer: true, uses: 2, usedBy: [peer], until: 1e12, made: true, state: 'open' as const }
    ],
    async endInvitation(which, options) {
      asked({ endInvitation: which, ...options })
    },
    writers: async () => [
      { peer, writer: 7, mayInvite: false, removed: false },
      { peer: other, writer: 9, mayInvite: true, removed: true }
    ],
    async addWriter(of, options) {
      asked({ addWriter: of, ...options })
      return { writer: 7 }
    },
    async removeWriter(of, options) {
      asked({ removeWriter: of, ...options })
      return { writer: 7, adopted: options?.adopt === true ? 12 : 0 }
    },
    async *limbo() {
      yield [
        { cid: 'bafkqaaa', name: 'films\u0007', want: 2, writer: other, held: true, keptUntil: 1e12 },
        { cid: 'bafkqaalb', want: 0, writer: other, held: false }
      ]
    },
    async adoptLimbo(some) {
      asked({ adoptLimbo: some })
      return { adopted: some?.length ?? 2 }
    },
    async dropLimbo(of, options) {
      asked({ dropLimbo: of, ...options })
      return { writers: [9] }
    },
    async vouch(of, options) {
      asked({ vouch: of, ...options })
    },
    async withdraw(of, options) {
      asked({ withdraw: of, ...options })
    },
    async removePeer(of, options) {
      asked({ removePeer: of, ...options })
    },
    async reloadRoot() {
      asked({ reloadRoot: true })
    },
    async rotateRoot(options) {
      asked({ rotateRoot: true, ...options })
    },
    policy: async () => policy,
    async setPolicy(change, options) {
      asked({ setPolicy: change, ...options })
      return { ...policy, ...change }
    }
  }
}

export function fakeNode(overrides: Overrides = {}): FakeNode {
  const pinned = new Map<string, PinRequest>()
  const { pins: _pins, content: _content, trust: _trust, ...others } = overrides
  const node: FakeNode = {
    pinned,
    added: new Map(),
    asked: [],
    said: [],
    stopped: 0,
    info: () => ({ ...info, pins: pinned.size }),
    peers: () => [
      self,
      { ...self, peer: other, self: false, class: 'volunteer', writer: false, state: 'down', spaceFree: 0.5 }
    ],
    async *notes() {
      yield { at: 1, code: 'started', text: 'The peer\u001b[31m started.' }
    },
    say(note) {
      node.said.push(note)
    },
    async setSpace(bytes = 10e9) {
      node.asked.push({ bytes })
      return bytes
    },
    left: new Promise(() => {}),
    async *leave({ force } = {}) {
      node.asked.push({ force })
      const step = { handedOn: 0, promisedUntil: 0, pins: [] }
      if (force !== true) yield { state: 'leaving', held: 2, ...step }
      yield { state: 'left', held: 0, ...step }
    },
    async stay() {
      node.asked.push('stay')
    },
    async stop() {
      node.stopped++
    },
    ...others,
    pins: {
      add: async (requests) => requests.map((request) => pinOne(pinned, request)),
      rm: async (some, { yes } = {}) =>
        some.map((cid) => {
          if (cid === othersCid && yes !== true)
            return { cid, error: new MeshError('MESH_OTHERS_PIN', 'Others want it.') }
          pinned.delete(cid)
          return { cid }
        }),
      async *update(old, cid, { signal: _signal, ...options } = {}) {
        node.asked.push({ old, cid, ...options })
        if (!pinned.has(old)) throw new MeshError('MESH_NOT_PINNED', 'It is not pinned.', { exit: 1 })
        pinned.set(cid, { cid, ...options.terms })
        const step = { old, cid, want: 3, min: 2, needed: 2 }
        yield { ...step, have: 1, done: false }
        yield { ...step, have: 2, done: false }
        pinned.delete(old)
        yield { ...step, have: 2, done: true }
      },
      async *retry(cids = [...pinned.keys()], { local = false } = {}) {
        yield cids.map((cid) =>
          pinned.has(cid)
            ? { cid, here: true, failed: 2, asked: !local }
            : { cid, error: new MeshError('MESH_NOT_PINNED', 'It is not pinned.', { exit: 1 }) }
        )
      },
      async *ls() {
        yield [...pinned.values()].map(({ cid, name, meta }) => ({
          cid,
          want: 2,
          min: 1,
          ...(name === undefined ? {} : { name }),
          ...(meta === undefined ? {} : { meta })
        }))
      },
      status: async (cid) => statusOf(pinned, cid),
      async *statuses() {
        for (const cid of pinned.keys()) yield statusOf(pinned, cid)
      },
      async *waitFor(cid, holders) {
        for (let have = 0; have <= holders; have++) yield { ...statusOf(pinned, cid), have }
      },
      ...overrides.pins
    },
    content: {
      async add(entries, options) {
        const { onProgress, signal: _signal, ...asked } = options
        node.asked.push(asked)
        node.added.clear()
        let bytes = 0
        for await (const { path, content } of entries) {
          let text = ''
          for await (const piece of content ?? []) {
            text += Buffer.from(piece).toString()
            bytes += piece.length
            onProgress?.({ type: 'pinmesh:add:bytes', detail: { bytes } })
          }
          node.added.set(path, content === undefined ? null : text)
        }
        return { bytes, ...pinOne(pinned, { ...options.pin, cid: cids[0]! }) }
      },
      async *get() {
        yield* []
      },
      async addCar(car, { pin }) {
        let bytes = 0
        for await (const piece of car) bytes += piece.length
        node.asked.push({ car: bytes, pin })
        return cids.slice(0, 2).map((cid) => ({ bytes, ...pinOne(pinned, { ...pin, cid }) }))
      },
      async *getCar(cid, { path } = {}) {
        node.asked.push({ cid, path })
        yield Buffer.from('a CAR, ')
        yield Buffer.from('in pieces')
      },
      async gc({ now } = {}) {
        node.asked.push({ now })
        const until = Date.UTC(2030, 0, 1)
        return { pins: 2, copies: 1, freedBytes: 3e6, stays: [{ why: 'promised', pins: 4, bytes: 8e6, until }] }
      },
      space: async () => ({
        budgetBytes: 10e9,
        usedBytes: 4e9,
        reservedBytes: 1e9,
        held: { pins: 3, bytes: 4.5e9 },
        trash: { pins: 1, bytes: 2e6 },
        limbo: { pins: 0, bytes: 0 },
        copies: { pins: 0, bytes: 0 }
      }),
      async *spaceOfPins() {
        yield [{ cid: cids[0]!, bytes: 3e9, state: 'held' }]
        yield [{ cid: cids[1]!, bytes: 2e6, state: 'trash' }]
      },
      ...overrides.content
    },
    trust: {
      ...trustOf(({ signal: _signal, ...asked }) => node.asked.push(asked)),
      ...overrides.trust
    }
  }
  return node
}

function pinOne(pins: Map<string, PinRequest>, request: PinRequest): PinAnswer {
  if (request.cid === refusedCid) {
    const error = new MeshError('MESH_TOO_FEW_PEERS', 'Too few could hold it.', { remedy: 'Add --anyway.' })
    return { cid: request.cid, error } as never
  }
  pins.set(request.cid, request)
  const want = typeof request.replicas === 'number' ? request.replicas : 2
  return { cid: request.cid, want, min: request.min ?? 1 }
}

function statusOf(pins: Map<string, PinRequest>, cid: string): PinStatus {
  if (!pins.has(cid)) throw new MeshError('MESH_NOT_PINNED', 'It is not pinned.', { exit: 1 })
  return {
    cid,
    want: 3,
    min: 2,
    have: 1,
    name: 'films\u0007',
    peers: [
      { peer, state: 'held', since: 1, target: true },
      { peer: other, state: 'failed', reason: 'not enough room', target: true },
      { peer: `${other}a`, state: 'none', target: true },
      { peer: `${other}b`, state: 'none', target: false },
      { peer: `${other}c`, state: 'leaving', target: false }
    ]
  }
}

export const info: NodeInfo = {
  peer,
  mesh,
  name: 'photos',
  addresses: ['/ip4/127.0.0.1/tcp/4101'],
  joinLines: [`mesh join /ip4/127.0.0.1/tcp/4101/p2p/${peer}`],
  role: 'volunteer',
  admission: 'open',
  spaceBytes: 10e9,
  usedBytes: 1e6,
  version: '0.1.0',
  roots: { facts: 'aa', pinset: 'bb' },
  store: 'ok',
  clock: { inDoubt: false, offsetMs: 0 },
  leaving: false,
  connections: { all: 1, dialers: 1 },
  pins: 0,
  holding: 0
}

export const self: PeerInfo = {
  peer,
  self: true,
  state: 'alive',
  class: 'trusted',
  backend: 'helia',
  writer: true,
  leaving: false,
  store: 'ok',
  version: '0.1.0',
  addresses: ['/ip4/127.0.0.1/tcp/1']
}
