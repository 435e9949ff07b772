/**
 * @pinmesh/node/fake: a MeshNode in memory, for tests of what is built on the programming API. It starts at once, keeps what
 * it is told in maps, writes down what it was asked, and reaches nobody. Methods of one's own take the place of its own:
 *
 *     const node = fakeNode({ pins: { rm: async () => { throw new MeshError('MESH_STOPPING', 'It stops.') } } })
 *     await node.pins.add([{ cid: 'bafkqaaa' }])
 *     assert.ok(node.pinned.has('bafkqaaa'))
 */
import { fakeContent } from './fake/content.ts'
import { fakePins } from './fake/pins.ts'
import { type FakeState, mesh, other, peer } from './fake/state.ts'
import { fakeTrust } from './fake/trust.ts'
import type { MeshContent } from './mesh-content.ts'
import type { MeshNode, NodeInfo, PeerInfo } from './mesh-node.ts'
import type { MeshPins } from './mesh-pins.ts'
import type { MeshTrust } from './mesh-trust.ts'

export { cids, type FakeFiles, type FakeState, mesh, other, peer } from './fake/state.ts'

export interface FakeNode extends MeshNode, FakeState {
  /** The notes that were added to its own. */
  readonly said: object[]
  /** How often it was stopped. */
  stopped: number
}

/** Single methods of the rooms, and anything else of the node. */
export interface Overrides extends Partial<Omit<FakeNode, 'pins' | 'content' | 'trust'>> {
  pins?: Partial<MeshPins>
  content?: Partial<MeshContent>
  trust?: Partial<MeshTrust>
}

export function fakeNode({ pins, content, trust, ...own }: Overrides = {}): FakeNode {
  const kept = { pinned: new Map(), refused: new Map(), others: new Set<string>(), contents: new Map(), asked: [] }
  const state: FakeState = { ...kept, ...own }
  const { pinned, asked } = state
  const said: object[] = []
  const node: FakeNode = {
    ...state,
    said,
    stopped: 0,
    info: () => ({ ...info, pins: pinned.size }),
    peers: () => [self, volunteer],
    async *notes() {
      yield { at: 1, code: 'started', text: 'The peer started.' }
    },
    say: (note) => void said.push(note),
    async setSpace(bytes = 10e9) {
      asked.push({ bytes })
      return bytes
    },
    left: new Promise(() => {}),
    async *leave({ force } = {}) {
      asked.push({ force })
      const step = { handedOn: 0, promisedUntil: 0, pins: [] }
      if (force !== true) yield { state: 'leaving', held: 2, ...step }
      yield { state: 'left', held: 0, ...step }
    },
    stay: async () => void asked.push('stay'),
    async stop() {
      node.stopped++
    },
    ...own,
    pins: { ...fakePins(state), ...pins },
    content: { ...fakeContent(state), ...content },
    trust: { ...fakeTrust(state), ...trust }
  }
  return node
}

/** What it says of itself, as long as nothing is pinned. */
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
  keyLogForked: false,
  leaving: false,
  connections: { all: 1, dialers: 1 },
  pins: 0,
  holding: 0
}

/** The first of its peers. */
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

const volunteer: PeerInfo = {
  ...self,
  peer: other,
  self: false,
  class: 'volunteer',
  writer: false,
  state: 'down',
  spaceFree: 0.5
}
