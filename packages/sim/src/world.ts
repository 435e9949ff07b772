/**
 * The world: the peers, the network and the content of one run, in virtual time. It knows no scenario; it makes a mesh and lets
 * time pass. Whoever wants to judge what happens hands in a `watch` that sees each effect before it is carried out.
 */
import {
  canonicalCid,
  type Effect,
  found,
  keyOfPin,
  peerOfKey,
  type Policy,
  type Timings,
  timings,
  toHex,
  type TrustChange
} from '@pinmesh/core'
import { cidsOf } from './cids.ts'
import type { Piece } from './content.ts'
import { simCrypto } from './crypto.ts'
import { Network } from './network.ts'
import { epochMs, SimPeer } from './peer.ts'
import { SimRandom } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'

export interface WorldSettings {
  readonly seed: number
  /** peers at the start; peer 0 founds the mesh */
  readonly peers: number
  /** the first so many peers may write */
  readonly writers: number
  /** the last so many peers are not vouched for; the mesh is open if there are any */
  readonly volunteers?: number
  readonly spaceBytes?: number
  readonly gossip?: boolean
  readonly replicas?: number
  readonly timings?: Partial<Timings>
}

const cidsInPool = 64
const probeMs = 2000
const bootstrapMs = 1000
/** Longer than the founder waits for a member's answer. */
const decreeMs = 12_000

export class World {
  readonly settings: WorldSettings
  readonly random: SimRandom
  readonly scheduler: Scheduler = new Scheduler()
  readonly trace: Trace = new Trace()
  readonly network: Network
  readonly timings: Timings
  readonly peers: SimPeer[] = []
  readonly charter: Uint8Array
  readonly meshId: Uint8Array
  /** every CID that anybody has ever had */
  readonly catalog: Map<string, Piece> = new Map()
  readonly cids: readonly string[]
  watch: (peer: SimPeer, effect: Effect) => void = () => {}

  constructor(settings: WorldSettings) {
    this.settings = settings
    this.random = new SimRandom(settings.seed)
    this.timings = timings('test', settings.timings ?? {})
    this.network = new Network(this.scheduler, this.random.fork())
    // One mesh id for all seeds: the CIDs that crowd its leaves are then sought once.
    const fixed = new SimRandom(0x9e5)
    const rootKey = fixed.bytes(32)
    const key = fixed.bytes(32)
    const founder = peerOfKey(key)
    const policy: Policy = {
      admission: (settings.volunteers ?? 0) > 0 ? 'open' : 'invite',
      replicas: settings.replicas ?? 3,
      trustedMin: 1,
      profile: 'test',
      workBits: 4,
      protocolMin: 1
    }
    const crypto = simCrypto(key, rootKey) as Parameters<typeof found>[1]
    const mesh = found({ name: 'sim', rootKey, founder, policy, wall: epochMs }, crypto, fixed)
    this.charter = mesh.charter
    this.meshId = mesh.meshId
    this.cids = cidsOf(mesh.meshId, cidsInPool)
    const first = this.addPeer(key, rootKey)
    first.disk.begin(mesh.rows)
    first.disk.end(mesh.rows, 'synced')
    for (let n = 1; n < settings.peers; n++) this.addPeer()
  }

  /** A peer that is not started yet. */
  addPeer(key: Uint8Array = this.random.bytes(32), root?: Uint8Array): SimPeer {
    const index = this.peers.length
    const { spaceBytes = 2 ** 33, gossip = true } = this.settings
    const settings = { index, id: peerOfKey(key), key, root, spaceBytes, zone: '', gossip }
    const peer = new SimPeer(this, settings, this.random.fork())
    this.peers.push(peer)
    this.network.add(peer)
    return peer
  }

  get founder(): SimPeer {
    return this.peers[0] as SimPeer
  }

  get now(): number {
    return this.scheduler.now
  }

  up(): SimPeer[] {
    return this.peers.filter((peer) => peer.up)
  }

  run(ms: number): void {
    this.scheduler.runUntil(this.scheduler.now + ms)
  }

  /** Runs until `condition` holds, at most `maxMs`. Returns whether it does. */
  runUntil(condition: () => boolean, maxMs: number, everyMs = 250): boolean {
    for (const end = this.now + maxMs; this.now < end;) {
      if (condition()) return true
      this.run(everyMs)
    }
    return condition()
  }

  /** Starts everybody, makes writers and trusted members of those who shall be, and lets them meet. */
  begin(): void {
    const { peers, writers, volunteers = 0 } = this.settings
    for (const peer of this.peers) peer.start()
    this.run(50)
    for (let n = 1; n < peers - volunteers; n++) this.vouch(this.peers[n] as SimPeer)
    for (let n = 1; n < writers; n++) this.makeWriter(this.peers[n] as SimPeer)
    const look = (): void => {
      for (const peer of this.peers) if (peer.up) peer.probe()
      this.scheduler.after(probeMs, look)
    }
    const bootstrap = (): void => {
      for (const peer of this.peers) if (peer.up) this.#bootstrap(peer)
      this.scheduler.after(bootstrapMs, bootstrap)
    }
    bootstrap()
    look()
  }

  vouch(peer: SimPeer): void {
    this.#decree({ kind: 'vouch', peer: peer.id })
  }

  makeWriter(peer: SimPeer): void {
    this.#decree({ kind: 'add-writer', peer: peer.id })
  }

  /** What the owner wants it tries until it is done: it may be refused while no member can be asked, and the founder may crash. */
  #decree(change: TrustChange): void {
    let done = false
    const attempt = (): void => {
      if (done) return
      if (this.founder.up)
        this.founder.command({ do: 'change-trust', change }, (reply) => (done ||= reply.of === 'change-trust'))
      this.scheduler.after(decreeMs, attempt)
    }
    attempt()
  }

  /** Everybody in `a` no longer hears those in `b`, and the other way round unless `oneWay`. */
  partition(a: readonly SimPeer[], b: readonly SimPeer[], oneWay = false): void {
    for (const one of a) {
      for (const other of b) {
        if (one === other) continue
        this.network.cut(one.settings.index, other.settings.index)
        if (!oneWay) this.network.cut(other.settings.index, one.settings.index)
      }
    }
  }

  /** Can `peer` get this content from somebody now? */
  reachable(peer: SimPeer, cid: string, sources: readonly string[]): boolean {
    const me = peer.settings.index
    return this.peers.some((other, index) => {
      if (other === peer || !other.up || other.backEnd.failing || !other.backEnd.set.has(cid)) return false
      if (!this.network.open(me, index) || !this.network.open(index, me)) return false
      return this.network.connected(me, index) || sources.includes(other.id)
    })
  }

  /** The pin's key, in hex. */
  keyOf(cid: string): string {
    return toHex(keyOfPin(this.meshId, canonicalCid(cid), simCrypto(new Uint8Array(32))))
  }

  /** Who really has this content, up or down, but not gone for good. */
  holders(cid: string): SimPeer[] {
    return this.peers.filter((peer) => !peer.gone && peer.backEnd.set.has(cid))
  }

  /** What a shell does with the addresses of an invitation, until it knows the mesh. */
  #bootstrap(peer: SimPeer): void {
    if (peer.core?.policy !== undefined) return
    const members = this.peers.filter((other) => other !== peer && other.core?.policy !== undefined)
    if (members.length > 0) this.network.dial(peer.settings.index, this.random.pick(members).settings.index)
  }
}
