/**
 * The house: every room of the core with what it needs, and the few things that concern several rooms at once. Rooms know
 * one another only through what is handed to them here; what is built later is reached through a function.
 */
import { Claimer } from './content/claimer.ts'
import { Claims } from './content/claims.ts'
import { Collector } from './content/collector.ts'
import { fetchesMaxDefault } from './content/jobs.ts'
import { Keeper } from './content/keeper.ts'
import { Planner } from './content/planner.ts'
import type { Crypto, Random } from './crypto.ts'
import { Admitter } from './door/admitter.ts'
import { Bounds } from './door/bounds.ts'
import { Commands } from './door/commands.ts'
import { Receiver } from './door/receiver.ts'
import { Leaving } from './door/leaving.ts'
import { Status } from './door/status.ts'
import { GossipDoor } from './door/gossip.ts'
import { type OwnerRooms, ownerRooms } from './door/owner-rooms.ts'
import { type Charter, decodeCharter, meshIdOf } from './formats/charter.ts'
import { Agenda } from './loop/agenda.ts'
import { Disk } from './loop/disk.ts'
import { Outbox } from './loop/outbox.ts'
import { Members } from './members/members.ts'
import type { Timings } from './members/profiles.ts'
import { Pulse } from './members/pulse.ts'
import { incarnationRow, Self } from './members/self.ts'
import { Author } from './pinset/author.ts'
import { Heads } from './pinset/heads.ts'
import { Intake } from './pinset/intake.ts'
import { Rescue } from './pinset/rescue.ts'
import { type Leaf, type LeafChange } from './pinset/leaf.ts'
import { Leaves } from './pinset/leaves.ts'
import type { LogId } from './pinset/log.ts'
import { SyncServer } from './sync/server.ts'
import { Syncs } from './sync/syncs.ts'
import { Facts } from './trust/facts.ts'
import { Standing } from './trust/standing.ts'

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
  /** fetches that the back end takes at once. Default: 24 */
  readonly fetchesMax?: number
  /** false: gossip is off, beats and claims travel by sync */
  readonly gossip: boolean
}

/** meta 'w': the work done for the stamp. */
export const stampRowKey: Uint8Array = new Uint8Array([0x77])

/** What every room may be given. */
interface Rooms {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly self: string
  readonly timings: Timings
  readonly below: (n: number) => number
  readonly disk: Disk
  readonly leaves: Leaves
  readonly facts: Facts
  readonly members: Members
  readonly claims: Claims
  readonly heads: Heads
  readonly gossip: GossipDoor
  readonly bounds: Bounds
  readonly leafChanged: (leaf: Leaf, change: LeafChange) => void
  readonly leafWritten: (leaf: Leaf) => void
}

export class House {
  readonly charter: Charter
  readonly meshId: Uint8Array
  readonly #init: CoreInit
  readonly outbox: Outbox = new Outbox()
  readonly agenda: Agenda = new Agenda()
  readonly disk: Disk
  readonly facts: Facts
  readonly heads: Heads
  readonly leaves: Leaves
  readonly claims: Claims
  readonly members: Members
  readonly gossip: GossipDoor
  readonly author: Author
  readonly intake: Intake
  readonly self: Self
  readonly standing: Standing
  readonly receiver: Receiver
  readonly claimer: Claimer
  readonly keeper: Keeper
  readonly planner: Planner
  readonly server: SyncServer
  readonly syncs: Syncs
  readonly rescue: Rescue
  readonly pulse: Pulse
  readonly owner: OwnerRooms
  readonly commands: Commands
  readonly leaving: Leaving
  #ownBeat: { bytes: Uint8Array; n: number } | undefined
  #beats = 0

  constructor(init: CoreInit) {
    const { crypto, self, timings, random } = init
    this.#init = init
    this.charter = decodeCharter(init.charter)
    this.meshId = meshIdOf(init.charter, crypto)
    const shared = { meshId: this.meshId, crypto, outbox: this.outbox, agenda: this.agenda, self, timings }
    this.disk = new Disk(this.outbox, this.agenda)
    this.facts = new Facts({ ...shared, root: this.charter.root })
    this.heads = new Heads({ crypto, removed: (writer) => this.facts.keyLog.writer(writer)?.removed !== false })
    const stands = (id: LogId, generation: number): boolean =>
      this.facts.keyLog.writer(id.writer)?.removed === false && !this.facts.voided(id, generation)
    this.leaves = new Leaves({
      ...shared,
      leaf: { meshId: this.meshId, crypto, stands },
      isEmpty: (id) => this.heads.of(id).length === 0
    })
    this.claims = new Claims(shared)
    this.members = new Members({
      ...shared,
      facts: this.facts,
      startedAt: init.startedAt,
      ownStore: () => this.self.store,
      storeChanged: () => this.keeper.markAll()
    })
    this.gossip = new GossipDoor(this.outbox)
    const rooms: Rooms = {
      ...shared,
      below: (n) => random.below(n),
      disk: this.disk,
      leaves: this.leaves,
      facts: this.facts,
      members: this.members,
      claims: this.claims,
      heads: this.heads,
      gossip: this.gossip,
      bounds: new Bounds(shared),
      leafChanged: (leaf, change) => this.#leafChanged(leaf, change),
      leafWritten: (leaf) => this.#leafWritten(leaf)
    }
    this.self = this.#buildSelf(rooms)
    this.standing = this.#buildStanding(rooms)
    this.author = this.#buildAuthor(rooms)
    const forked = (proof: Uint8Array): void => void this.standing.take('fork', proof, self)
    this.intake = new Intake({ ...rooms, forked, overtaken: (leaf) => this.standing.refresh(leaf) })
    this.claimer = this.#buildClaimer(rooms)
    this.planner = new Planner(rooms)
    this.keeper = this.#buildKeeper(rooms)
    this.server = this.#buildServer(rooms)
    this.receiver = this.#buildReceiver(rooms)
    this.syncs = this.#buildSyncs(rooms)
    this.rescue = this.#buildRescue(rooms)
    this.pulse = this.#buildPulse(rooms)
    this.owner = this.#buildOwner(rooms)
    this.leaving = this.#buildLeaving(rooms)
    this.commands = this.#buildCommands(rooms)
  }

  /** Facts and claims of the others are in: duties may be planned. */
  getReady(): void {
    if (this.keeper.ready) return
    this.self.setSyncing(false)
    this.keeper.begin()
    this.outbox.note('ready', 'Facts and claims of the mesh are in; duties are planned.')
  }

  /**
   * Nobody has told all of it yet. While pins are still coming in they come first: duties would be planned over and over as they do.
   * That may take half of the time after which others step in for a target that does nothing.
   */
  readyOnceSynced(waitedMs = 0): void {
    const { settleMs, acquireGraceMs } = this.#init.timings
    if (!this.syncs.bringing || waitedMs >= acquireGraceMs / 2) return this.getReady()
    this.agenda.at(this.outbox.mono + settleMs, () => this.readyOnceSynced(waitedMs + settleMs))
  }

  // Each room with what it needs; what is built later is reached through a function.

  #buildSelf(rooms: Rooms): Self {
    const { self, zone, version, ipfsPeer, timings } = this.#init
    return new Self({
      ...rooms,
      settings: { peer: self, zone, version, ipfsPeer },
      recordLifeMs: timings.recordLifeMs,
      beatMs: timings.beatMs,
      signed: (bytes) => void this.standing.take('record', bytes, self),
      bear: (incarnation) => this.#bear(incarnation),
      stamped: (bytes) => this.disk.write({ rows: [{ table: 'meta', key: stampRowKey, value: bytes }] })
    })
  }

  #bear(incarnation: number): void {
    const done = (): void => this.claimer.anew(() => this.self.reborn(incarnation))
    this.disk.write({ rows: [incarnationRow(incarnation)], sync: true, done })
  }

  #buildStanding(rooms: Rooms): Standing {
    return new Standing({
      ...rooms,
      keeper: () => this.keeper,
      author: () => this.author,
      rescue: () => this.rescue,
      invitations: () => this.owner.invitations,
      own: () => this.self,
      missing: (from) => this.syncs.missing(from),
      rootChanged: () => this.syncs.rootChanged()
    })
  }

  #buildAuthor(rooms: Rooms): Author {
    return new Author({
      ...rooms,
      writer: () => this.facts.keyLog.writerOf(rooms.self),
      keySeq: () => this.facts.keyLog.seq,
      generation: (leaf) => this.standing.ownGeneration(leaf),
      publish: (commit) => (commit === undefined ? this.beat() : this.gossip.send('commit', commit))
    })
  }

  #buildClaimer(rooms: Rooms): Claimer {
    return new Claimer({
      ...rooms,
      incarnation: () => this.self.incarnation,
      sizeClass: () => Math.floor(Math.log2(this.keeper.jobs.usedBytes + 1)),
      publish: (claim) => this.gossip.send('claim', claim)
    })
  }

  #buildKeeper(rooms: Rooms): Keeper {
    return new Keeper({
      ...rooms,
      claimer: this.claimer,
      planner: this.planner,
      fetchesMax: this.#init.fetchesMax ?? fetchesMaxDefault,
      random: rooms.below,
      peerOfWriter: (writer) => this.facts.keyLog.writer(writer)?.peer,
      inStep: () => this.#inStep(),
      dropped: (writer) => this.facts.keyLog.writer(writer)?.dropped === true,
      declining: (declining) => this.self.setDeclining(declining)
    })
  }

  #buildServer(rooms: Rooms): SyncServer {
    const admitter = new Admitter({
      ...rooms,
      admitted: (bytes, written) => this.standing.admit(bytes, written)
    })
    return new SyncServer({
      ...rooms,
      self: this.self,
      charter: this.#init.charter,
      ownBeat: () => this.#ownBeat,
      greeted: (peer, facts, pinset) => this.syncs.rootsSeen(peer, facts, pinset),
      takeBeats: (beats) => this.receiver.takeBeats(beats),
      admit: (peer, frame, answer) => admitter.admit(peer, frame, answer)
    })
  }

  #buildReceiver(rooms: Rooms): Receiver {
    return new Receiver({
      ...rooms,
      own: this.self,
      intake: this.intake,
      standing: this.standing,
      keeper: this.keeper,
      server: this.server,
      syncs: () => this.syncs,
      pulse: () => this.pulse,
      ownBeat: () => this.#ownBeat?.bytes
    })
  }

  #buildSyncs(rooms: Rooms): Syncs {
    return new Syncs({
      ...rooms,
      random: rooms.below,
      gossip: this.#init.gossip,
      session: (peer) => this.receiver.session(peer),
      waits: (wait) => (wait === 'judged' ? this.intake.busy : this.intake.waiting > 0),
      news: () => this.receiver.news,
      finished: (_peer, vector) => {
        if (vector) this.getReady()
        this.author.open(true)
      }
    })
  }

  #buildRescue(rooms: Rooms): Rescue {
    return new Rescue({
      ...rooms,
      connections: () => this.syncs.connections,
      ask: (peer, frame, answered) => this.syncs.ask(peer, frame, answered),
      verify: (run) => void this.intake.verifyRun(run)
    })
  }

  #buildPulse(rooms: Rooms): Pulse {
    return new Pulse({
      ...rooms,
      self: this.self,
      connections: () => this.syncs.connections,
      random: rooms.below,
      beat: () => this.beat(),
      changed: (peer, from, to) => this.#stateChanged(peer, from, to),
      late: () => this.syncs.late(),
      expire: () => this.standing.expire()
    })
  }

  #buildOwner(rooms: Rooms): OwnerRooms {
    const { author, syncs, standing } = this
    return ownerRooms({ ...rooms, random: this.#init.random, author, syncs, standing })
  }

  #buildLeaving(rooms: Rooms): Leaving {
    const { self: own, claimer, keeper, planner } = this
    return new Leaving({ ...rooms, own, claimer, keeper, planner, greetAll: () => this.syncs.greetAll() })
  }

  #buildCommands(rooms: Rooms): Commands {
    const { keeper, planner } = this
    return new Commands({
      ...rooms,
      status: new Status({ ...rooms, keeper, planner }),
      author: this.author,
      keeper: this.keeper,
      collector: new Collector({ ...rooms, keeper }),
      planner: this.planner,
      leaving: this.leaving,
      spaceSet: (bytes) => this.self.setSpace(bytes),
      owner: this.owner.owner
    })
  }

  /** Roots were equal with two other members, or with all if there are fewer, within the last two rounds. */
  #inStep(): boolean {
    const others = this.members.candidates.filter(
      ({ peer }) => peer !== this.#init.self && this.members.stateOf(peer) !== 'down'
    )
    return this.syncs.levelWith() >= Math.min(2, others.length)
  }

  /** Sends the next beat. */
  beat(): void {
    const { self } = this.#init
    if (this.self.incarnation === 0) return
    const bytes = this.self.beat(this.heads.root, this.keeper.jobs.free)
    this.#ownBeat = { bytes, n: ++this.#beats }
    if (this.facts.record(self) !== undefined) this.gossip.send('beat', bytes)
  }

  #stateChanged(peer: string, from: string, to: string): void {
    if (peer !== this.#init.self) this.outbox.note('peer', `A peer is ${to}.`, { peer, from, to })
    // Nothing is asked yet of one that is coming in, and it holds nothing.
    if (to !== 'alive' || !this.members.comingIn(peer)) this.keeper.markAll()
  }

  // The pinset has changed in memory, or on disk.

  #leafChanged(leaf: Leaf, change: LeafChange): void {
    for (const { bucket, before, after } of change.buckets) {
      this.claims.rowsChanged(bucket, before, after, leaf.viewHash(bucket))
      this.keeper.rowsChanged(bucket, before, after)
    }
  }

  #leafWritten(leaf: Leaf): void {
    // A leaf that was forgotten shows what never reached the disk; read anew it tells its heads itself.
    if (leaf.drafts > 0 || this.leaves.resident(leaf.id) !== leaf) return
    this.heads.set(leaf.id, leaf.heads())
    this.syncs.rootChanged()
  }
}
