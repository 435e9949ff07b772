/*
 * Cores under test. A `Driver` is one core with a disk in memory that answers at once or when told, a clock that moves when
 * told, and every effect kept. A `Mesh` wires several of them together without delay and runs their timers in order. A
 * `Scribe` is a writer outside of any core: it makes commits, also such as no honest core would.
 */
import assert from 'node:assert/strict'

import { canonicalCid, type Command, Core, type CoreInit, type Effect, type Event, found } from '../src/index.ts'
import type { KeyChange, KeyValue, Policy, Reply, Row, Timings, Topic, Verdict } from '../src/index.ts'
import { concatBytes, equalBytes, fromText, toHex } from '../src/bytes/compare.ts'
import { signedBytes } from '../src/crypto.ts'
import { type Beat, beatBytes, encodeBeat } from '../src/formats/beat.ts'
import { type Claim, claimBytes, encodeClaim } from '../src/formats/claim.ts'
import { encodeCommit } from '../src/formats/commit.ts'
import type { Entry } from '../src/formats/entry.ts'
import { bucketOf, keyOfPin, mapKeyOf } from '../src/formats/key.ts'
import { merklePaths, merkleRoot } from '../src/formats/merkle.ts'
import { encodeRecord, type MemberRecord, recordBytes } from '../src/formats/record.ts'
import type { PinRegister, Register } from '../src/formats/register.ts'
import { type Seal, sealedBytes, sealHash } from '../src/formats/seal.ts'
import type { StoredEntry } from '../src/formats/stored.ts'
import { timings } from '../src/members/profiles.ts'
import { Log } from '../src/pinset/log.ts'
import { Facts } from '../src/trust/facts.ts'
import { base32 } from 'multiformats/bases/base32'
import { type NodeCrypto, hash, nodeCrypto } from './node-crypto.ts'

/** Wall clock at mono 0. */
export const epoch = 1_790_000_000_000
const gib = 1024 ** 3

export const openPolicy: Policy = {
  admission: 'open',
  replicas: 2,
  trustedMin: 1,
  profile: 'test',
  workBits: 0,
  protocolMin: 1
}
export const invitePolicy: Policy = { ...openPolicy, admission: 'invite' }

/** Text of the CIDv1 (sha2-256; raw, unless another codec is named) number n. */
export function cidText(n: number, codec = 0x55): string {
  const digest = hash(fromText(`content ${n}`))
  return base32.encode(concatBytes(Uint8Array.of(1, codec, 0x12, 32), digest))
}

/** Effects of one kind. */
export function only<K extends Effect['kind']>(effects: readonly Effect[], kind: K): (Effect & { kind: K })[] {
  return effects.filter((effect): effect is Effect & { kind: K } => effect.kind === kind)
}

/** Small whole numbers that look random and are the same each time. */
export function dice(seed: number): (n: number) => number {
  let state = seed >>> 0 || 1
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

export class MemoryDisk {
  readonly #rows = new Map<string, Row>()

  write(rows: readonly Row[]): void {
    for (const row of rows) {
      const name = `${row.table}/${toHex(row.key)}`
      if (row.value === null) this.#rows.delete(name)
      else this.#rows.set(name, row)
    }
  }

  /** In the order of keys. */
  table(table: Row['table']): KeyValue[] {
    const names = [...this.#rows.keys()].filter((name) => name.startsWith(`${table}/`)).sort()
    return names.map((name) => this.#rows.get(name) as Row & { value: Uint8Array })
  }

  get(table: Row['table'], key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(`${table}/${toHex(key)}`)?.value ?? undefined
  }

  copy(): MemoryDisk {
    const other = new MemoryDisk()
    other.write([...this.#rows.values()])
    return other
  }

  loaded(leaf: number): Event {
    const within = ({ key }: KeyValue): boolean => (((key[0] as number) << 8) | (key[1] as number)) >> 4 === leaf
    const [entries, holds] = [this.table('entry').filter(within), this.table('hold').filter(within)]
    return { kind: 'loaded', leaf, entries, holds }
  }

  started(usedBytes = 0, addresses: readonly string[] = []): Event {
    const [facts, meta, leaves] = [this.table('fact'), this.table('meta'), this.table('leaf')]
    const holdBuckets = [...new Set(this.table('hold').map(({ key }) => bucketOf(key)))]
    return { kind: 'started', facts, meta, leaves, holdBuckets, addresses, usedBytes }
  }
}

/** The identities of a mesh and the facts that all of them start with. */
export class Charter {
  readonly founder: NodeCrypto
  readonly cryptos: NodeCrypto[]
  readonly bytes: Uint8Array
  readonly meshId: Uint8Array
  readonly rows: Row[]
  readonly facts: Facts
  readonly writers: Map<string, number> = new Map<string, number>()

  /** `peers` identities; all are vouched for unless `vouched` says less, all write unless `writing` says less. */
  constructor(peers: number, init: { policy?: Policy; writing?: number; vouched?: number; name?: string } = {}) {
    this.founder = nodeCrypto(1, 2)
    this.cryptos = Array.from({ length: peers }, (_, n) => (n === 0 ? this.founder : nodeCrypto(100 + n)))
    const signAsRoot = this.founder.signAsRoot as (bytes: Uint8Array) => Uint8Array
    const founding = {
      name: init.name ?? 'tests',
      rootKey: this.founder.rootKey as Uint8Array,
      founder: this.founder.peer
    }
    const policy = init.policy ?? invitePolicy
    const fixed = { below: () => 0, bytes: (n: number) => new Uint8Array(n).fill(5) }
    const { charter, meshId, rows } = found(
      { ...founding, policy, wall: epoch },
      { ...this.founder, signAsRoot },
      fixed
    )
    this.bytes = charter
    this.meshId = meshId
    this.rows = [...rows]
    this.facts = new Facts({ meshId, root: founding.rootKey, crypto: this.founder })
    this.facts.load(rows.map(({ key, value }) => ({ key, value: value as Uint8Array })))
    this.writers.set(this.founder.peer, 1)
    this.cryptos.slice(1).forEach(({ peer }, n) => {
      if (n + 1 < (init.vouched ?? peers)) this.op({ kind: 'vouch', peer })
      if (n + 1 < (init.writing ?? peers)) {
        this.op({ kind: 'add-writer', peer, writer: n + 2, caps: 0 })
        this.writers.set(peer, n + 2)
      }
    })
  }

  /** Appends to the key log that newcomers start with; returns the encoded operation. */
  op(change: KeyChange): Uint8Array {
    const op = this.sign(change)
    this.rows.push(...this.facts.takeOp(op).rows)
    return op
  }

  sign(change: KeyChange): Uint8Array {
    return this.facts.keyLog.next(change, epoch, (bytes) => (this.founder.signAsRoot as NodeCrypto['sign'])(bytes))
  }

  driver(n: number, init: Partial<DriverInit> = {}): Driver {
    const disk = new MemoryDisk()
    disk.write(this.rows)
    return new Driver({ charter: this.bytes, crypto: this.cryptos[n] as NodeCrypto, disk, ...init })
  }

  key(cid: string): Uint8Array {
    return keyOfPin(this.meshId, canonicalCid(cid), this.founder)
  }

  mapKey(cid: string, slot?: string): string {
    return mapKeyOf(this.key(cid), slot)
  }

  scribe(n: number): Scribe {
    const crypto = this.cryptos[n] as NodeCrypto
    return new Scribe(this.meshId, crypto, this.writers.get(crypto.peer) as number, this.facts.keyLog.seq)
  }

  /** A signed record of one of the identities. */
  record(n: number, differing: Partial<MemberRecord> = {}): Uint8Array {
    const crypto = this.cryptos[n] as NodeCrypto
    const plain: MemberRecord = {
      peer: crypto.peer,
      incarnation: 1,
      class: 'trusted',
      weight: 0,
      zone: '',
      flags: { declining: false, leaving: false, maintenance: false, syncing: false, left: false },
      ipfsPeer: '',
      addresses: [],
      until: epoch / 1000 + 3600,
      stamp: new Uint8Array(8),
      version: '1',
      sig: new Uint8Array(64),
      ...differing
    }
    return encodeRecord({
      ...plain,
      sig: crypto.sign(signedBytes('pinmesh/record/1', this.meshId, recordBytes(plain)))
    })
  }

  /** A signed beat of one of the identities. */
  beat(n: number, differing: Partial<Beat> = {}): Uint8Array {
    const crypto = this.cryptos[n] as NodeCrypto
    const plain: Beat = {
      peer: crypto.peer,
      incarnation: 1,
      n: 1,
      everyMs: 1000,
      recordHash: new Uint8Array(8),
      root: new Uint8Array(16),
      store: 'ok',
      free: 255,
      wall: epoch,
      sig: new Uint8Array(64),
      ...differing
    }
    return encodeBeat({ ...plain, sig: crypto.sign(signedBytes('pinmesh/beat/1', this.meshId, beatBytes(plain))) })
  }

  /** A signed claim of one of the identities. */
  claim(n: number, differing: Partial<Claim> & Pick<Claim, 'shard' | 'seq' | 'buckets'>): Uint8Array {
    const crypto = this.cryptos[n] as NodeCrypto
    const plain: Claim = {
      peer: crypto.peer,
      wall: epoch,
      holdUntil: 0,
      sizeClass: 0,
      sig: new Uint8Array(64),
      ...differing
    }
    return encodeClaim({ ...plain, sig: crypto.sign(signedBytes('pinmesh/claim/1', this.meshId, claimBytes(plain))) })
  }
}

/** Another identity's peer that has the root key of this mesh too. */
export function nodeCryptoWithRoot(crypto: NodeCrypto, { founder }: Charter): NodeCrypto {
  return {
    ...crypto,
    rootKey: founder.rootKey as Uint8Array,
    signAsRoot: (bytes) => (founder.signAsRoot as NodeCrypto['sign'])(bytes)
  }
}

export interface DriverInit {
  readonly charter: Uint8Array
  readonly crypto: NodeCrypto
  readonly disk: MemoryDisk
  readonly timings: Timings
  readonly seed: number
  readonly gossip: boolean
  readonly spaceBytes: number
  readonly zone: string
  readonly ipfsPeer: string
  readonly addresses: readonly string[]
  /** mono ms at the start */
  readonly mono: number
  /** its wall clock is ahead by this, ms */
  readonly skewMs: number
}

type Write = Effect & { kind: 'write' }

export class Driver {
  readonly core: Core
  readonly crypto: NodeCrypto
  readonly disk: MemoryDisk
  readonly init: Partial<DriverInit>
  /** Everything the core ever wanted done. */
  readonly effects: Effect[] = []
  /** Called with each effect that concerns others. */
  out: (effect: Effect) => void = () => {}
  /** Answer writes and loads at once? */
  disksAnswer: boolean = true
  readonly writes: Write[] = []
  readonly loads: number[] = []
  mono: number
  #ids = 1

  constructor(init: Partial<DriverInit> & Pick<DriverInit, 'charter' | 'crypto' | 'disk'>) {
    this.init = init
    this.crypto = init.crypto
    this.disk = init.disk
    this.mono = init.mono ?? 0
    const random = dice(init.seed ?? 7)
    const coreInit: CoreInit = {
      charter: init.charter,
      self: init.crypto.peer,
      crypto: init.crypto,
      random: { below: random, bytes: (n) => Uint8Array.from({ length: n }, () => random(256)) },
      timings: init.timings ?? timings('test'),
      startedAt: this.mono,
      spaceBytes: init.spaceBytes ?? gib,
      zone: init.zone ?? '',
      version: '1',
      ipfsPeer: init.ipfsPeer ?? '',
      gossip: init.gossip ?? true
    }
    this.core = new Core(coreInit)
  }

  get peer(): string {
    return this.crypto.peer
  }

  get wall(): number {
    return epoch + this.mono + (this.init.skewMs ?? 0)
  }

  start(usedBytes = 0): Effect[] {
    return this.step(this.disk.started(usedBytes, this.init.addresses ?? []))
  }

  /** One step, and whatever the disk answers to it. Returns all effects. */
  step(event: Event): Effect[] {
    const seen: Effect[] = []
    const queue: Event[] = [event]
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const effect of this.core.step(next, { mono: this.mono, wall: this.wall })) {
        this.effects.push(effect)
        seen.push(effect)
        if (effect.kind === 'write') {
          if (!this.disksAnswer) this.writes.push(effect)
          else {
            this.disk.write(effect.rows)
            queue.push({ kind: 'written', batch: effect.batch })
          }
        } else if (effect.kind === 'load') {
          if (this.disksAnswer) queue.push(this.disk.loaded(effect.leaf))
          else this.loads.push(effect.leaf)
        } else this.out(effect)
      }
    }
    return seen
  }

  /** Steps until nothing is due now. */
  settle(): Effect[] {
    const seen: Effect[] = []
    for (let n = 0; this.core.wakeAt <= this.mono; n++) {
      assert.ok(n < 100_000, 'the core does not come to rest')
      seen.push(...this.step({ kind: 'woke' }))
    }
    return seen
  }

  /** Lets time pass, with every timer at its instant. */
  run(ms: number): Effect[] {
    const seen = this.settle()
    const until = this.mono + ms
    while (this.core.wakeAt <= until) {
      this.mono = Math.max(this.mono, this.core.wakeAt)
      seen.push(...this.settle())
    }
    this.mono = until
    return seen
  }

  /** The disk has done the oldest write. */
  written(): Effect[] {
    const write = this.writes.shift()
    assert.ok(write !== undefined, 'nothing is being written')
    this.disk.write(write.rows)
    return [...this.step({ kind: 'written', batch: write.batch }), ...this.settle()]
  }

  writeFails(code = 'MESH_DISK_FULL'): Effect[] {
    const write = this.writes.shift()
    assert.ok(write !== undefined, 'nothing is being written')
    return [...this.step({ kind: 'write-failed', batch: write.batch, code }), ...this.settle()]
  }

  /** Answers the loads that wait. */
  loaded(): Effect[] {
    return this.loads.splice(0).flatMap((leaf) => [...this.step(this.disk.loaded(leaf)), ...this.settle()])
  }

  /** Sends a command; its reply is among the effects sooner or later. */
  command(command: Command): { id: number; effects: Effect[] } {
    const id = this.#ids++
    return { id, effects: [...this.step({ kind: 'commanded', id, command }), ...this.settle()] }
  }

  /** Sends a command and returns what it was answered. */
  ask(command: Command): Reply {
    const { id } = this.command(command)
    const reply = this.replyTo(id)
    assert.ok(reply !== undefined, 'the command was not answered')
    return reply
  }

  replyTo(id: number): Reply | undefined {
    return only(this.effects, 'reply').find((effect) => effect.id === id)?.reply
  }

  /** Pins one CID; returns the answer. */
  pin(cid: string, differing: object = {}): Extract<Reply, { of: 'pin' }>['answers'][number] {
    const reply = this.ask({ do: 'pin', wishes: [{ cid, anyway: true, ...differing }] })
    assert.equal(reply.of, 'pin')
    return (reply as Extract<Reply, { of: 'pin' }>).answers[0] as Extract<Reply, { of: 'pin' }>['answers'][number]
  }

  /** One gossip message with these items; its verdict. */
  hear(topic: Topic, ...items: (readonly [kind: number, bytes: Uint8Array])[]): Verdict {
    const effects = this.step({ kind: 'gossiped', topic, bytes: gossip(...items), from: 'from' })
    this.settle()
    const judged = only(effects, 'judge')
    assert.equal(judged.length, 1)
    return (judged[0] as Effect & { kind: 'judge' }).verdict
  }

  /** Pins in the listing, by map key order: what the rows of table `pin` say. */
  listing(): string[] {
    return this.disk.table('pin').map(({ key, value }) => `${toHex(key)} ${toHex(value)}`)
  }

  notes(code: string): Record<string, unknown>[] {
    return only(this.effects, 'note')
      .map(({ note }) => note)
      .filter((note) => note.code === code)
  }

  /** The process ends; what is on disk starts again. */
  restarted(): Driver {
    return new Driver({
      ...this.init,
      charter: this.init.charter as Uint8Array,
      crypto: this.crypto,
      disk: this.disk,
      mono: this.mono
    })
  }
}

/** Kinds of gossip items. */
export const item = { commit: 1, claim: 2, beat: 3, record: 4, op: 5, fork: 6 } as const

export function gossip(...items: (readonly [kind: number, bytes: Uint8Array])[]): Uint8Array {
  const varint = (n: number): number[] => (n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...varint(n >> 7)])
  return concatBytes(...items.flatMap(([kind, bytes]) => [Uint8Array.of(kind, ...varint(bytes.length)), bytes]))
}

/** Several cores, connected, with content that they can fetch of one another. */
export class Mesh {
  readonly peers: Driver[]
  /** What a peer's back end holds, by CID. */
  readonly content: Map<string, Set<string>> = new Map<string, Set<string>>()
  readonly bytes: number = 1000
  /** Does anything pass between these two? */
  passes: (from: Driver, to: Driver, effect: Effect) => boolean = () => true
  /** Is this answer still on its way? It never comes, and no word of that either. */
  hold: (from: Driver, to: Driver, effect: Effect) => boolean = () => false
  readonly #asks = new Map<string, Driver>()
  #next = 1

  constructor(peers: readonly Driver[]) {
    this.peers = [...peers]
    for (const peer of peers) this.#wire(peer)
  }

  /** Starts all and connects each with each. */
  start(): this {
    for (const peer of this.peers) peer.start()
    for (const a of this.peers) for (const b of this.peers) if (a !== b) a.step({ kind: 'connected', peer: b.peer })
    this.settle()
    return this
  }

  add(peer: Driver): void {
    this.peers.push(peer)
    this.#wire(peer)
    peer.start()
    for (const other of this.peers) {
      if (other === peer) continue
      peer.step({ kind: 'connected', peer: other.peer })
      other.step({ kind: 'connected', peer: peer.peer })
    }
    this.settle()
  }

  /** A peer vanishes. */
  stop(peer: Driver): void {
    this.peers.splice(this.peers.indexOf(peer), 1)
    for (const other of this.peers) other.step({ kind: 'disconnected', peer: peer.peer })
  }

  settle(): void {
    for (let n = 0; ; n++) {
      assert.ok(n < 100_000, 'the mesh does not come to rest')
      const busy = this.peers.find((peer) => peer.core.wakeAt <= peer.mono)
      if (busy === undefined) return
      busy.step({ kind: 'woke' })
    }
  }

  run(ms: number): void {
    this.settle()
    const until = (this.peers[0] as Driver).mono + ms
    for (;;) {
      const at = Math.min(...this.peers.map((peer) => peer.core.wakeAt))
      if (at > until) break
      for (const peer of this.peers) peer.mono = Math.max(peer.mono, at)
      this.settle()
    }
    for (const peer of this.peers) peer.mono = until
  }

  /** Runs until it is so; fails after so many ms. */
  until(is: () => boolean, ms = 60_000, what = 'it does not come to it'): void {
    for (let left = ms; !is(); left -= 100) {
      assert.ok(left > 0, what)
      this.run(100)
    }
  }

  /** Peers whose back end has this content. */
  holders(cid: string): string[] {
    return this.peers.map(({ peer }) => peer).filter((peer) => this.content.get(peer)?.has(cid))
  }

  give(peer: Driver, cid: string): void {
    this.#shelf(peer).add(cid)
  }

  get level(): boolean {
    const [first, ...rest] = this.peers as [Driver, ...Driver[]]
    const { facts, pinset } = first.core.roots
    return rest.every(({ core: { roots } }) => equalBytes(roots.facts, facts) && equalBytes(roots.pinset, pinset))
  }

  #wire(peer: Driver): void {
    this.#shelf(peer)
    peer.out = (effect) => this.#carry(peer, effect)
  }

  #shelf(peer: Driver): Set<string> {
    const known = this.content.get(peer.peer) ?? new Set<string>()
    this.content.set(peer.peer, known)
    return known
  }

  /** Effects become events of others, after this step: never within it. */
  #carry(from: Driver, effect: Effect): void {
    const to = (peer: string): Driver | undefined => this.peers.find((one) => one.peer === peer)
    if (effect.kind === 'publish') {
      for (const peer of this.peers) {
        if (peer === from || !this.passes(from, peer, effect)) continue
        const { topic, bytes } = effect
        this.#post(() => peer.step({ kind: 'gossiped', topic, bytes, from: from.peer }))
      }
    } else if (effect.kind === 'ask') {
      const server = to(effect.peer)
      if (server === undefined || !this.passes(from, server, effect)) {
        this.#post(() => from.step({ kind: 'unanswered', id: effect.id, code: 'MESH_TIMED_OUT' }))
        return
      }
      const id = this.#next++
      this.#asks.set(`${server.peer}/${id}`, from)
      this.#ids.set(id, effect.id)
      this.#post(() => server.step({ kind: 'asked', id, peer: from.peer, frame: effect.frame }))
    } else if (effect.kind === 'answer') {
      const asker = this.#asks.get(`${from.peer}/${effect.id}`)
      if (asker === undefined || this.hold(from, asker, effect)) return
      const id = this.#ids.get(effect.id) as number
      const passes = this.passes(from, asker, effect)
      this.#post(() =>
        asker.step(
          passes ? { kind: 'answered', id, frame: effect.frame } : { kind: 'unanswered', id, code: 'MESH_TIMED_OUT' }
        )
      )
    } else if (effect.kind === 'acquire') {
      const have = this.#shelf(from)
      const source = effect.sources.map(to).find((one) => one !== undefined && this.#shelf(one).has(effect.cid))
      if (have.has(effect.cid) || (source !== undefined && this.passes(source, from, effect))) {
        have.add(effect.cid)
        const usedBytes = have.size * this.bytes
        this.#post(() => from.step({ kind: 'acquired', job: effect.job, bytes: this.bytes, usedBytes }))
      } else this.#post(() => from.step({ kind: 'acquire-failed', job: effect.job, code: 'unreachable', bytes: 0 }))
    } else if (effect.kind === 'cancel') {
      this.#post(() => from.step({ kind: 'acquire-failed', job: effect.job, code: 'aborted', bytes: 0 }))
    } else if (effect.kind === 'release') {
      this.#shelf(from).delete(effect.cid)
      const usedBytes = this.#shelf(from).size * this.bytes
      this.#post(() => from.step({ kind: 'released', cid: effect.cid, usedBytes }))
    }
  }

  readonly #ids = new Map<number, number>()
  readonly #posts: (() => void)[] = []
  #posting = false

  #post(run: () => void): void {
    this.#posts.push(run)
    if (this.#posting) return
    this.#posting = true
    for (let next = this.#posts.shift(); next !== undefined; next = this.#posts.shift()) next()
    this.#posting = false
  }
}

/** A mesh of so many peers, all trusted writers unless told otherwise, started and level. */
export function meshOf(peers: number, init: Partial<DriverInit> = {}): { charter: Charter; mesh: Mesh } {
  const charter = new Charter(peers)
  const drivers = charter.cryptos.map((_, n) => charter.driver(n, { seed: n + 1, ...init }))
  return { charter, mesh: new Mesh(drivers).start() }
}

/** A writer by itself. */
export class Scribe {
  readonly #meshId: Uint8Array
  readonly #crypto: NodeCrypto
  readonly writer: number
  readonly keySeq: number
  readonly logs: Map<number, Log> = new Map<number, Log>()
  #commit = 0
  #prevCommit: Uint8Array = new Uint8Array(32)

  constructor(meshId: Uint8Array, crypto: NodeCrypto, writer: number, keySeq: number) {
    this.#meshId = meshId
    this.#crypto = crypto
    this.writer = writer
    this.keySeq = keySeq
  }

  pin(cid: string, differing: Partial<PinRegister> = {}): PinRegister {
    const fixed = { op: 'pin', mode: 'recursive', min: 1, max: 2, trustedMin: 0, priority: 0 } as const
    return { ...fixed, lamport: epoch, cid: canonicalCid(cid), ...differing }
  }

  /** The next entry of each leaf that these changes touch, sealed together and kept. */
  write(changes: Readonly<Record<string, Register | null>>, generation?: number): Written {
    const entries: Entry[] = []
    for (const [leaf, part] of this.#byLeaf(changes)) {
      const log = this.log(leaf)
      entries.push(log.author(part, { keySeq: this.keySeq, ...(generation === undefined ? {} : { generation }) }))
    }
    const written = this.seal(entries)
    for (const stored of written.stored) this.log(stored.entry.prefix >> 4).append(stored)
    return written
  }

  /** A reset of one leaf that changes nothing. */
  reset(leaf: number): Written {
    const log = this.log(leaf)
    const written = this.seal([log.author(new Map(), { keySeq: this.keySeq })])
    for (const stored of written.stored) log.append(stored)
    return written
  }

  /** As `write`, and then as if it had never been: the next entry contradicts this one. */
  fork(changes: Readonly<Record<string, Register | null>>): Written {
    const entries = this.#byLeaf(changes).map(([leaf, part]) => {
      const log = this.log(leaf)
      const other = Log.load(log.id, log.entries, { meshId: this.#meshId, crypto: this.#crypto })
      return other.author(part, { keySeq: this.keySeq })
    })
    return this.seal(entries)
  }

  seal(entries: readonly Entry[]): Written {
    const hashes = entries.map((entry) => entry.hash)
    const root = merkleRoot(hashes, this.#crypto)
    const fixed = { writer: this.writer, n: entries.length, root, sig: new Uint8Array(64) }
    const unsigned: Seal = { ...fixed, commit: ++this.#commit, prevCommit: this.#prevCommit }
    const sig = this.#crypto.sign(signedBytes('pinmesh/seal/1', this.#meshId, sealedBytes(unsigned)))
    const seal = { ...unsigned, sig }
    this.#prevCommit = sealHash(seal, this.#meshId, this.#crypto)
    const paths = merklePaths(hashes, this.#crypto)
    const stored = entries.map((entry, index) => ({
      entry,
      proof: { seal, index, path: paths[index] as Uint8Array[] }
    }))
    return {
      // Asked for only where gossip carries it: a large one has no such form.
      get bytes() {
        return encodeCommit({ seal, entries: [...entries] })
      },
      seal,
      stored
    }
  }

  log(leaf: number): Log {
    const known = this.logs.get(leaf)
    if (known !== undefined) return known
    const id = { writer: this.writer, prefixLen: 12, prefix: leaf << 4 } as const
    const log = new Log(id, { meshId: this.#meshId, crypto: this.#crypto })
    this.logs.set(leaf, log)
    return log
  }

  #byLeaf(changes: Readonly<Record<string, Register | null>>): [number, Map<string, Register | null>][] {
    const parts = new Map<number, Map<string, Register | null>>()
    for (const [mapKey, register] of Object.entries(changes)) {
      const leaf = leafOfMapKey(mapKey)
      parts.set(leaf, (parts.get(leaf) ?? new Map<string, Register | null>()).set(mapKey, register))
    }
    return [...parts]
  }
}

export interface Written {
  /** the commit as gossip carries it */
  readonly bytes: Uint8Array
  readonly seal: Seal
  readonly stored: (StoredEntry & { proof: NonNullable<StoredEntry['proof']> })[]
}

export function leafOfMapKey(mapKey: string): number {
  const key = Buffer.from(mapKey.slice(0, 43), 'base64url')
  return key.readUInt16BE(0) >> 4
}

/** Numbers of CIDs whose keys fall into one leaf (12 bits) or bucket (16 bits) of this mesh. */
export function cidsOfOne(charter: Charter, what: 'leaf' | 'bucket', count: number, from = 0): string[] {
  const found: string[] = []
  const shift = what === 'leaf' ? 4 : 0
  const place = bucketOf(charter.key(cidText(from))) >> shift
  for (let n = from; found.length < count; n++) {
    if (bucketOf(charter.key(cidText(n))) >> shift === place) found.push(cidText(n))
  }
  return found
}
