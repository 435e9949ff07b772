/**
 * The core of one peer in one mesh: an event and the time go in, effects come out. This file only wires the rooms and sends
 * each event to the one that it concerns; every decision is made in a room. Nothing here waits, reads a clock or rolls dice.
 */
import { Claimer } from './content/claimer.ts'
import { Claims } from './content/claims.ts'
import { held, Keeper } from './content/keeper.ts'
import { Planner } from './content/planner.ts'
import type { Crypto, Random } from './crypto.ts'
import { Commands } from './door/commands.ts'
import { GossipDoor, type ItemKind, type ItemOutcome } from './door/gossip.ts'
import { Reader } from './bytes/reader.ts'
import { Writer } from './bytes/writer.ts'
import { compareBytes, equalBytes } from './bytes/compare.ts'
import type { Effect, Row } from './effects.ts'
import type { Event, Now } from './events.ts'
import { type Charter, decodeCharter, meshIdOf } from './formats/charter.ts'
import { decodeCommit } from './formats/commit.ts'
import type { Policy } from './formats/key-op.ts'
import { Agenda } from './loop/agenda.ts'
import { Disk } from './loop/disk.ts'
import { Outbox } from './loop/outbox.ts'
import { Members } from './members/members.ts'
import type { Timings } from './members/profiles.ts'
import { Pulse } from './members/pulse.ts'
import { Self } from './members/self.ts'
import { Author, commitRowKey } from './pinset/author.ts'
import { Heads } from './pinset/heads.ts'
import { Intake, type Taken } from './pinset/intake.ts'
import { decodeSummary, type Leaf, type LeafChange } from './pinset/leaf.ts'
import { Leaves } from './pinset/leaves.ts'
import type { LogId } from './pinset/log.ts'
import { viewHash } from './pinset/view.ts'
import type { MemberReport } from './reports.ts'
import { SyncServer } from './sync/server.ts'
import { Syncs } from './sync/syncs.ts'
import type { SessionInit } from './sync/session.ts'
import { Facts } from './trust/facts.ts'
import { decodeStored } from './formats/stored.ts'

export interface CoreInit {
  /** encoded charter; its hash is the mesh id */
  readonly charter: Uint8Array
  /** own peer id */
  readonly self: string
  readonly crypto: Crypto
  readonly random: Random
  readonly timings: Timings
  /** mono ms of the first step */
  readonly startedAt: number
  readonly spaceBytes: number
  readonly zone: string
  readonly version: string
  /** peer id of the IPFS back end, '' when it is this peer's own */
  readonly ipfsPeer: string
  /** false: gossip is off, beats and claims travel by sync */
  readonly gossip: boolean
}

/** A write waits this long at most for a look at another member's roots after a start. */
const firstWriteMs = 5000
/** meta 'i': incarnation · 'w': stamp of the work done */
const incarnationRowKey = new Uint8Array([0x69])
const stampRowKey = new Uint8Array([0x77])

export class Core {
  readonly charter: Charter
  readonly meshId: Uint8Array
  readonly #init: CoreInit
  readonly #outbox = new Outbox()
  readonly #agenda = new Agenda()
  readonly #disk: Disk
  readonly #facts: Facts
  readonly #heads: Heads
  readonly #leaves: Leaves
  readonly #claims: Claims
  readonly #members: Members
  readonly #gossip: GossipDoor
  readonly #author: Author
  readonly #intake: Intake
  readonly #self: Self
  readonly #claimer: Claimer
  readonly #keeper: Keeper
  readonly #planner: Planner
  readonly #server: SyncServer
  readonly #syncs: Syncs
  readonly #pulse: Pulse
  readonly #commands: Commands
  #ownBeat: { bytes: Uint8Array; n: number } | undefined
  #beats = 0
  #newEntries = 0
  #mono = 0

  constructor(init: CoreInit) {
    const { crypto, self, timings, random } = init
    this.#init = init
    this.charter = decodeCharter(init.charter)
    this.meshId = meshIdOf(init.charter, crypto)
    const shared = { meshId: this.meshId, crypto, outbox: this.#outbox, agenda: this.#agenda, self, timings }
    const below = (n: number): number => random.below(n)
    this.#disk = new Disk(this.#outbox, this.#agenda)
    this.#facts = new Facts({ ...shared, root: this.charter.root })
    this.#heads = new Heads({ crypto, removed: (writer) => this.#facts.keyLog.writer(writer)?.removed !== false })
    const stands = (id: LogId, generation: number): boolean =>
      this.#facts.keyLog.writer(id.writer)?.removed === false && !this.#facts.voided(id, generation)
    this.#leaves = new Leaves({ ...shared, leaf: { meshId: this.meshId, crypto, stands } })
    this.#claims = new Claims(shared)
    this.#members = new Members({ ...shared, facts: this.#facts, startedAt: init.startedAt, ownStore: () => this.#self.store })
    this.#gossip = new GossipDoor(this.#outbox)
    this.#self = this.#makeSelf()
    const rooms = { ...shared, disk: this.#disk, leaves: this.#leaves, facts: this.#facts, members: this.#members, claims: this.#claims, heads: this.#heads }
    const changed = (leaf: Leaf, change: LeafChange): void => this.#leafChanged(leaf, change)
    const written = (leaf: Leaf): void => this.#leafWritten(leaf)
    this.#author = new Author({
      ...rooms,
      writer: () => this.#facts.keyLog.writerOf(self),
      keySeq: () => this.#facts.keyLog.seq,
      generation: (leaf) => this.#ownGeneration(leaf),
      changed,
      written,
      publish: (commit) => (commit === undefined ? this.#beat() : this.#gossip.send('commit', commit))
    })
    this.#intake = new Intake({ ...rooms, changed, written, forked: (proof) => this.#takeFact('fork', proof, self) })
    this.#claimer = new Claimer({
      ...rooms,
      incarnation: () => this.#self.incarnation,
      sizeClass: () => Math.floor(Math.log2(this.#keeper.jobs.usedBytes + 1)),
      publish: (claim) => this.#gossip.send('claim', claim)
    })
    this.#planner = new Planner(rooms)
    this.#keeper = new Keeper({
      ...rooms,
      claimer: this.#claimer,
      planner: this.#planner,
      random: below,
      peerOfWriter: (writer) => this.#facts.keyLog.writer(writer)?.peer,
      inStep: () => this.#syncs.levelWith() >= Math.min(2, this.#members.candidates.filter((c) => c.peer !== self && this.#members.stateOf(c.peer) !== 'down').length),
      declining: (declining) => this.#self.setDeclining(declining)
    })
    this.#server = new SyncServer({
      ...rooms,
      self: this.#self,
      charter: init.charter,
      ownBeat: () => this.#ownBeat,
      greeted: (peer, facts, pinset) => this.#syncs.rootsSeen(peer, facts, pinset),
      takeBeats: (beats) => this.#takeBeats(beats)
    })
    this.#syncs = new Syncs({
      ...rooms,
      random: below,
      gossip: init.gossip,
      session: (peer) => this.#session(peer),
      waiting: () => this.#intake.waiting,
      finished: (_peer, vector) => {
        if (vector) this.#getReady()
        this.#author.open()
      }
    })
    this.#pulse = new Pulse({
      ...shared,
      members: this.#members,
      self: this.#self,
      connections: () => this.#syncs.connections,
      random: below,
      beat: () => this.#beat(),
      changed: (peer, from, to) => this.#stateChanged(peer, from, to),
      expire: () => this.#expire()
    })
    this.#commands = new Commands({
      ...rooms,
      random,
      author: this.#author,
      keeper: this.#keeper,
      planner: this.#planner,
      trustChanged: (op) => {
        this.#gossip.send('key-op', op)
        this.#trustChanged()
      }
    })
  }

  /** mono ms at which the next step is due at the latest; Infinity if nothing is. */
  get wakeAt(): number {
    return this.#agenda.wakeAt(this.#mono)
  }

  step(event: Event, now: Now): Effect[] {
    this.#mono = now.mono
    this.#outbox.open(now)
    this.#handle(event)
    this.#agenda.run(now.mono)
    this.#syncs.drained()
    this.#disk.flush()
    this.#gossip.flush()
    return this.#outbox.take()
  }

  // What anybody may look at between two steps.

  get policy(): Policy | undefined {
    return this.#facts.keyLog.policy
  }

  get roots(): { facts: Uint8Array; pinset: Uint8Array } {
    return { facts: this.#facts.root, pinset: this.#heads.root }
  }

  get space(): { budgetBytes: number; usedBytes: number } {
    return this.#keeper.jobs
  }

  /** Facts and claims of the others are in; duties are planned. */
  get ready(): boolean {
    return this.#keeper.ready
  }

  get isolated(): boolean {
    return this.#members.isolated
  }

  get braking(): boolean {
    return this.#members.braking
  }

  get isWriter(): boolean {
    return this.#facts.keyLog.writerOf(this.#init.self) !== undefined
  }

  members(): MemberReport[] {
    return this.#members.reports()
  }

  /** Where a member says that it can be reached. */
  addressesOf(peer: string): readonly string[] {
    return this.#facts.record(peer)?.addresses ?? []
  }

  /** Pins in the mesh, and those held here. */
  counts(): { pins: number; holding: number } {
    let pins = 0
    let holding = 0
    for (const bucket of this.#claims.buckets()) {
      const count = this.#claims.viewOf(bucket)?.count ?? 0
      pins += count
      for (let at = 0; at < count; at++) if (held(this.#claims.stateOf(this.#init.self, bucket, at))) holding++
    }
    return { pins, holding }
  }

  /** May this peer be given blocks and bandwidth: a member, or one that was vouched for? */
  isMember(peer: string): boolean {
    return this.#members.isMember(peer)
  }

  trusts(peer: string): boolean {
    return this.#members.trusted(peer)
  }

  #handle(event: Event): void {
    switch (event.kind) {
      case 'started':
        return this.#start(event)
      case 'woke':
        return
      case 'loaded':
        return this.#leaves.loaded(event.leaf, event.entries, event.holds)
      case 'load-failed':
        return this.#leaves.loadFailed(event.leaf, event.code)
      case 'written':
        return this.#disk.written(event.batch)
      case 'write-failed':
        return this.#disk.failed(event.batch, event.code)
      case 'gossiped': {
        const take = (kind: ItemKind, bytes: Uint8Array): ItemOutcome => this.#takeItem(kind, bytes, event.from)
        this.#outbox.emit({ kind: 'judge', verdict: this.#gossip.receive(event.topic, event.bytes, take) })
        return
      }
      case 'connected':
        this.#pulse.connected(event.peer)
        return this.#syncs.connected(event.peer)
      case 'disconnected':
        return this.#syncs.disconnected(event.peer)
      case 'addressed':
        return this.#self.setAddresses(event.addresses)
      case 'asked':
        return this.#server.asked(event.id, event.peer, event.frame)
      case 'answered':
        return this.#syncs.answered(event.id, event.frame)
      case 'unanswered':
        return this.#syncs.unanswered(event.id, event.code)
      case 'commanded':
        return this.#commands.run(event.id, event.command)
      case 'acquired':
        return this.#keeper.jobs.acquired(event.job, event.bytes, event.usedBytes)
      case 'acquiring':
        return this.#keeper.jobs.progressed(event.job, event.bytes)
      case 'acquire-failed':
        return this.#keeper.jobs.acquireFailed(event.job, event.code, event.bytes)
      case 'released':
        return this.#keeper.jobs.setUsed(event.usedBytes)
      case 'release-failed':
        return this.#outbox.note('release-failed', 'Content that is no longer needed could not be deleted.', { cid: event.cid, reason: event.code })
      case 'probed':
        this.#self.store = event.store
        return this.#keeper.jobs.setUsed(event.usedBytes)
      case 'stopping':
    }
  }

  #start(event: Event & { kind: 'started' }): void {
    const meta = (key: Uint8Array): Uint8Array | undefined => event.meta.find((row) => equalBytes(row.key, key))?.value
    this.#facts.load(event.facts)
    for (const [, proof] of this.#facts.forks()) this.#void(proof)
    for (const row of event.leaves) {
      const { leaf, heads, buckets } = decodeSummary(row)
      this.#heads.set(leaf, heads)
      for (const { bucket, view, count } of buckets) {
        this.#claims.setView(bucket, view, count)
        this.#expect(bucket)
      }
    }
    for (const bucket of event.holdBuckets) this.#expect(bucket)
    this.#claimer.load(event.meta)
    const commit = meta(commitRowKey)
    if (commit !== undefined) {
      const from = new Reader(commit)
      this.#author.resume(from.v(), from.raw(32))
    }
    this.#keeper.jobs.setBudget(this.#init.spaceBytes)
    this.#keeper.jobs.setUsed(event.usedBytes)
    const stamp = meta(stampRowKey)
    if (stamp !== undefined) this.#self.setStamp(stamp)
    const before = meta(incarnationRowKey)
    const incarnation = (before === undefined ? 0 : new Reader(before).v()) + 1
    const row: Row = { table: 'meta', key: incarnationRowKey, value: new Writer().v(incarnation).finish() }
    this.#disk.write({ rows: [row], sync: true, done: () => this.#begin(incarnation, event.addresses) })
  }

  /** The incarnation is on disk: from here on this peer may be heard. */
  #begin(incarnation: number, addresses: readonly string[]): void {
    this.#members.factsChanged()
    this.#self.start(incarnation, addresses, this.#init.spaceBytes)
    this.#pulse.begin()
    this.#syncs.begin()
    const others = this.#members.candidates.some((candidate) => candidate.peer !== this.#init.self)
    const { timings } = this.#init
    const alone = !others && this.#facts.keyLog.policy !== undefined && this.isWriter
    this.#agenda.at(this.#outbox.mono + (alone ? 0 : timings.suspectMs), () => this.#getReady())
    this.#agenda.at(this.#outbox.mono + (alone ? 0 : firstWriteMs), () => this.#author.open())
  }

  #getReady(): void {
    if (this.#keeper.ready) return
    this.#keeper.begin()
    this.#outbox.note('ready', 'Facts and claims of the mesh are in; duties are planned.')
  }

  #expect(bucket: number): void {
    this.#claimer.expect(bucket)
    this.#keeper.mark(bucket)
  }

  #makeSelf(): Self {
    const { self, zone, version, ipfsPeer, timings, crypto } = this.#init
    return new Self({
      meshId: this.meshId,
      crypto,
      outbox: this.#outbox,
      agenda: this.#agenda,
      facts: this.#facts,
      settings: { peer: self, zone, version, ipfsPeer },
      recordLifeMs: timings.recordLifeMs,
      beatMs: timings.beatMs,
      signed: (bytes) => this.#takeFact('record', bytes, self),
      stamped: (bytes) => this.#disk.write({ rows: [{ table: 'meta', key: stampRowKey, value: bytes }] })
    })
  }

  // Gossip and facts.

  #takeItem(kind: ItemKind, bytes: Uint8Array, from: string): ItemOutcome {
    switch (kind) {
      case 'commit': {
        if (this.#intake.full) {
          this.#syncs.missing(from)
          return 'unknown'
        }
        const { known, jump } = this.#intake.takeCommit(decodeCommit(bytes, this.#init.crypto), (taken) => this.#taken(taken, from))
        if (!known || jump) this.#syncs.missing(from)
        return known ? 'new' : 'unknown'
      }
      case 'claim': {
        const outcome = this.#takeClaim(bytes)
        if (outcome === 'stranger') this.#syncs.missing(from)
        return outcome === 'stranger' ? 'unknown' : outcome
      }
      case 'beat': {
        const { outcome, beat } = this.#members.takeBeat(bytes)
        if (outcome === 'stranger') this.#syncs.missing(from)
        if (outcome !== 'new') return outcome === 'old' ? 'old' : 'unknown'
        this.#beatTaken(beat.peer)
        return 'new'
      }
      default:
        return this.#takeFact(kind, bytes, from)
    }
  }

  #takeFact(kind: 'record' | 'key-op' | 'fork', bytes: Uint8Array, from: string): ItemOutcome {
    const { self } = this.#init
    if (kind === 'record') {
      const { outcome, rows, record } = this.#facts.takeRecord(bytes, this.#outbox.wall)
      if (outcome === 'new') {
        const known = this.#members.candidate(record.peer) !== undefined
        this.#disk.write({ rows })
        this.#gossip.send('record', bytes)
        this.#membersChanged()
        if (!known) this.#outbox.note('member', 'A peer is a member now.', { peer: record.peer })
      }
      return outcome === 'new' ? 'new' : outcome === 'old' ? 'old' : 'unknown'
    }
    if (kind === 'key-op') {
      const { outcome, rows } = this.#facts.takeOp(bytes)
      if (outcome === 'new') {
        this.#disk.write({ rows, sync: true })
        this.#trustChanged()
      } else if (outcome === 'gap') this.#syncs.missing(from)
      return outcome === 'new' ? 'new' : outcome === 'old' ? 'old' : 'unknown'
    }
    const { outcome, rows, fork } = this.#facts.takeFork(bytes)
    if (outcome === 'new') {
      this.#disk.write({ rows, sync: true })
      if (from === self) this.#gossip.send('fork', bytes)
      this.#void(bytes)
      this.#leaves.with(fork.a.header.prefix >> 4, (leaf) => this.#forked(leaf, fork.a.header))
    }
    return outcome === 'new' ? 'new' : 'old'
  }

  /** A generation of a log is void. If it is mine, all it held is authored again in the next generation. */
  #forked(leaf: Leaf, log: LogId & { generation: number }): void {
    const { self } = this.#init
    this.#outbox.note('fork', 'A writer has signed two different histories of one log; that generation is void.', { writer: log.writer, leaf: leaf.id })
    if (log.writer === this.#facts.keyLog.writerOf(self)) {
      this.#author.change({ leaf: leaf.id, mapKey: '', anew: true, change: () => undefined, done: () => this.#refresh(leaf.id) })
    } else this.#refresh(leaf.id)
  }

  #refresh(id: number): void {
    this.#leaves.with(id, (leaf) => {
      const change = leaf.refresh()
      this.#leafChanged(leaf, change)
      leaf.pending++
      this.#disk.write({
        rows: change.rows,
        done: () => {
          leaf.pending--
          this.#leafWritten(leaf)
        }
      })
    })
  }

  #ownGeneration(leaf: number): number | undefined {
    const writer = this.#facts.keyLog.writerOf(this.#init.self)
    if (writer === undefined) return undefined
    const id: LogId = { writer, prefixLen: 12, prefix: leaf << 4 }
    const generation = this.#leaves.resident(leaf)?.log(id).head?.generation
    if (generation === undefined || !this.#facts.voided(id, generation)) return undefined
    return generation + 1
  }

  #void(proof: Uint8Array): void {
    const { a } = this.#facts.readFork(proof)
    this.#heads.setVoid(a.header, a.header.generation)
    this.#syncs?.rootChanged()
  }

  #trustChanged(): void {
    this.#outbox.note('trust', 'The key log has grown.', { seq: this.#facts.keyLog.seq })
    for (const writer of this.#facts.keyLog.writers()) {
      if (!writer.removed) continue
      for (const leaf of this.#heads.leavesOf(writer.id)) {
        this.#heads.touch(leaf)
        this.#refresh(leaf)
      }
    }
    this.#self.refresh()
    this.#membersChanged()
  }

  #membersChanged(): void {
    this.#members.factsChanged()
    this.#claims.retain((peer) => peer === this.#init.self || this.#members.isMember(peer))
    this.#keeper.markAll()
  }

  #expire(): void {
    const rows = this.#facts.expire(this.#outbox.wall)
    if (rows.length === 0) return
    this.#disk.write({ rows })
    this.#membersChanged()
  }

  // Beats, claims, states.

  #beat(): void {
    const { self } = this.#init
    if (this.#self.incarnation === 0) return
    const bytes = this.#self.beat(this.#heads.root, this.#keeper.jobs.free)
    this.#ownBeat = { bytes, n: ++this.#beats }
    if (this.#facts.record(self) !== undefined) this.#gossip.send('beat', bytes)
  }

  #takeBeats(beats: readonly Uint8Array[]): void {
    for (const bytes of beats) {
      const { outcome, beat } = this.#members.takeBeat(bytes)
      if (outcome === 'new') this.#beatTaken(beat.peer)
    }
  }

  #beatTaken(peer: string): void {
    const heard = this.#members.beat(peer)?.beat
    if (heard === undefined) return
    this.#syncs.rootsSeen(peer, undefined, heard.root)
    const hash = this.#facts.hash8(peer)
    if (hash === undefined || compareBytes(hash, heard.recordHash) !== 0) this.#syncs.missing(peer)
    this.#pulse.look()
  }

  #takeClaim(bytes: Uint8Array): 'new' | 'old' | 'stranger' {
    const taken = this.#claims.take(bytes, (peer) => this.#members.isMember(peer))
    if (taken === 'old' || taken === 'stranger') return taken
    for (const bucket of taken.changed) this.#keeper.mark(bucket)
    return 'new'
  }

  #stateChanged(peer: string, from: string, to: string): void {
    if (peer !== this.#init.self) this.#outbox.note('peer', `A peer is ${to}.`, { peer, from, to })
    this.#keeper.markAll()
  }

  // The pinset has changed in memory, or on disk.

  #leafChanged(leaf: Leaf, change: LeafChange): void {
    for (const { bucket, before, after } of change.buckets) {
      this.#claims.rowsChanged(bucket, before, after, viewHash(after, this.#init.crypto))
      this.#keeper.mark(bucket)
    }
  }

  #leafWritten(leaf: Leaf): void {
    if (leaf.drafts > 0) return
    this.#heads.set(leaf.id, leaf.heads())
    this.#syncs.rootChanged()
  }

  #taken(taken: Taken, from: string): void {
    if (taken === 'new') this.#newEntries++
    if (taken === 'behind') this.#syncs.missing(from)
  }

  #session(peer: string): SessionInit {
    return {
      facts: this.#facts,
      heads: this.#heads,
      claims: this.#claims,
      vector: () => this.#server.vector(),
      beatsFor: () => (this.#ownBeat === undefined ? [] : [this.#ownBeat.bytes]),
      takeFacts: (frame) => {
        let fresh = 0
        for (const [kind, list] of [['key-op', frame.ops], ['record', frame.records], ['fork', frame.forks]] as const) {
          for (const bytes of list) if (this.#takeFact(kind, bytes, peer) === 'new') fresh++
        }
        return fresh
      },
      takeRun: (run) => this.#intake.takeRun(run.map((bytes) => decodeStored(bytes, this.#init.crypto)), (taken) => this.#taken(taken === 'behind' ? 'old' : taken, peer)),
      takeBeats: (beats) => this.#takeBeats(beats),
      takeClaims: (claims) => {
        for (const bytes of claims) this.#takeClaim(bytes)
      },
      newEntries: () => this.#newEntries
    }
  }
}
