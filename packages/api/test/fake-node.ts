// A MeshNode of a few lines, over a map, that writes down what it was asked. Tests replace single methods.

import { MeshError } from '@pinmesh/node/mesh-error'
import type {
  CallOptions,
  ContentEntry,
  ListedPin,
  MeshContent,
  MeshNode,
  MeshPins,
  MeshPolicy,
  MeshTrust,
  PeerInfo,
  PinAnswer,
  PinRequest,
  PinStatus
} from '@pinmesh/node'

export interface FakeNode extends MeshNode {
  readonly pinned: Map<string, PinRequest>
  /** What `get` gives back: path → bytes, or null for a folder. */
  readonly files: Map<string, Uint8Array | null>
  asked: unknown[]
  said: object[]
  stopped: number
}

export const peer = '12D3KooWPeer'

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
      { peer: `${peer}2`, writer: 9, mayInvite: true, removed: true }
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
        { cid: 'bafkqaaa', name: 'films\u0007', want: 2, writer: `${peer}2`, held: true, keptUntil: 1e12 },
        { cid: 'bafkqaalb', want: 0, writer: `${peer}2`, held: false }
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
  const files = new Map<string, Uint8Array | null>()
  const { pins: _pins, content: _content, trust: _trust, ...others } = overrides
  const node: FakeNode = {
    pinned,
    files,
    asked: [],
    said: [],
    stopped: 0,
    info: () => ({ ...info, pins: pinned.size }),
    peers: () => [self],
    async *notes() {
      yield { at: 1, code: 'started', text: 'The peer started.', error: 'a field named error' }
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
      async add(requests) {
        return requests.map((request) => pinOne(pinned, request))
      },
      async rm(cids, { yes } = {}) {
        return cids.map((cid) => {
          if (cid.startsWith('others') && yes !== true)
            return { cid, error: new MeshError('MESH_OTHERS_PIN', 'Others want it.') }
          pinned.delete(cid)
          return { cid }
        })
      },
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
        const all = [...pinned.values()].map(listed)
        for (let start = 0; start < all.length; start += 1000) yield all.slice(start, start + 1000)
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
        const { onProgress: _onProgress, signal: _signal, ...asked } = options
        node.asked.push(asked)
        let bytes = 0
        for await (const { path, content } of entries) {
          const pieces: Uint8Array[] = []
          for await (const piece of content ?? []) {
            bytes += piece.length
            pieces.push(piece)
            options.onProgress?.({ type: 'pinmesh:add:bytes', detail: { bytes } })
          }
          files.set(path, content === undefined ? null : Buffer.concat(pieces))
        }
        return options.pin === undefined
          ? { cid: 'added', bytes }
          : { bytes, ...pinOne(pinned, { cid: 'added', ...options.pin }) }
      },
      async *get(cid) {
        if (cid !== 'content') throw new MeshError('MESH_NOT_FOUND', 'Nobody has it.', { exit: 3, remedy: 'Wait.' })
        for (const [path, bytes] of files) yield contentOf(path, bytes)
      },
      async addCar(car) {
        for await (const _piece of car);
        return []
      },
      async *getCar() {
        yield* []
      },
      async gc({ onProgress, now } = {}) {
        node.asked.push({ now })
        onProgress?.({ type: 'pinmesh:gc:deleted', detail: { deleted: 3 } })
        await new Promise((resolve) => setImmediate(resolve))
        return { pins: 2, copies: 1, freedBytes: 10, stays: [] }
      },
      space: async () => ({
        budgetBytes: 100,
        usedBytes: 40,
        reservedBytes: 5,
        held: { pins: 1, bytes: 30 },
        trash: { pins: 0, bytes: 0 },
        limbo: { pins: 0, bytes: 0 },
        copies: { pins: 1, bytes: 10 }
      }),
      async *spaceOfPins() {
        yield [
          { cid: 'a', bytes: 30, state: 'held' },
          { cid: 'b', bytes: 10, state: 'copy' }
        ]
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

function pinOne(pins: Map<string, PinRequest>, request: PinRequest): PinAnswer & { error?: never } {
  if (request.cid.startsWith('bad')) {
    return { cid: request.cid, error: new MeshError('MESH_BAD_CID', 'That is no CID.', { exit: 1 }) } as never
  }
  pins.set(request.cid, request)
  const want = typeof request.replicas === 'number' ? request.replicas : 2
  return { cid: request.cid, want, min: request.min ?? 1 }
}

function listed(request: PinRequest): ListedPin {
  const { cid, name, meta, replicas } = request
  const want = typeof replicas === 'number' ? replicas : 2
  return { cid, want, min: 1, ...(name === undefined ? {} : { name }), ...(meta === undefined ? {} : { meta }) }
}

function statusOf(pins: Map<string, PinRequest>, cid: string): PinStatus {
  if (!pins.has(cid)) throw new MeshError('MESH_NOT_PINNED', 'It is not pinned.', { exit: 1, remedy: 'Pin it.' })
  return { cid, want: 2, min: 1, have: 1, peers: [{ peer, state: 'held', target: true }] }
}

function contentOf(path: string, bytes: Uint8Array | null): ContentEntry {
  if (bytes === null) return { path, kind: 'folder', size: 0 }
  return { path, kind: 'file', size: bytes.length, content: cut(bytes, 100_000) }
}

/** Bytes in pieces. */
export async function* cut(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes)
}

const info: ReturnType<MeshNode['info']> = {
  peer,
  mesh: 'mesh',
  name: 'test',
  addresses: [],
  joinLines: ['mesh join x'],
  role: 'writer',
  admission: 'open',
  spaceBytes: 10,
  usedBytes: 1,
  version: '0.1.0',
  roots: { facts: 'aa', pinset: 'bb' },
  store: 'ok',
  clock: { inDoubt: false, offsetMs: 0 },
  leaving: false,
  connections: { all: 1, dialers: 1 },
  pins: 0,
  holding: 0
}

const self: PeerInfo = {
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
