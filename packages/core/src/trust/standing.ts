/**
 * What follows when a fact is learned: a key operation changes who may write and who is trusted, a record changes who is a
 * member, a fork proof voids a log. This room takes facts in, keeps them, and has everything that depends on them looked at again.
 */
import type { Claims } from '../content/claims.ts'
import type { Keeper } from '../content/keeper.ts'
import type { Bounds } from '../door/bounds.ts'
import type { ItemOutcome } from '../door/gossip.ts'
import type { GossipDoor } from '../door/gossip.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Self } from '../members/self.ts'
import type { PinRegister } from '../formats/register.ts'
import type { Author, Change } from '../pinset/author.ts'
import type { Heads } from '../pinset/heads.ts'
import type { Leaf, LeafChange } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { LogId } from '../pinset/log.ts'
import type { Rescue } from '../pinset/rescue.ts'
import type { Facts, Outcome } from './facts.ts'
import type { Invitations } from './invitations.ts'

export type FactKind = 'record' | 'key-op' | 'fork' | 'admission'

export interface StandingInit {
  readonly self: string
  readonly outbox: Outbox
  readonly disk: Disk
  readonly facts: Facts
  readonly heads: Heads
  readonly leaves: Leaves
  readonly members: Members
  readonly claims: Claims
  readonly gossip: GossipDoor
  readonly bounds: Bounds
  /** rooms that are built after this one */
  readonly keeper: () => Keeper
  readonly author: () => Author
  readonly rescue: () => Rescue
  readonly invitations: () => Invitations
  readonly own: () => Self
  /** something is missing that this peer could give */
  readonly missing: (from: string) => void
  readonly rootChanged: () => void
  readonly leafChanged: (leaf: Leaf, change: LeafChange) => void
  readonly leafWritten: (leaf: Leaf) => void
}

export class Standing {
  readonly #init: StandingInit
  #wasRemoved = false
  #wasTrusted = false
  #wasOpen = false
  #keyLogForked = false

  constructor(init: StandingInit) {
    this.#init = init
  }

  /** Since the start an operation came that contradicts the key log: the root key has signed twice. */
  get keyLogForked(): boolean {
    return this.#keyLogForked
  }

  /** The facts of the disk are in. */
  begin(): void {
    this.#tellOwnStanding()
  }

  /** Takes one fact. Throws FormatError if it is malformed or forged. */
  take(kind: FactKind, bytes: Uint8Array, from: string): ItemOutcome {
    if (kind === 'record') return this.#takeRecord(bytes, from)
    if (kind === 'admission') return this.#takeAdmission(bytes, from)
    return kind === 'key-op' ? this.#takeOp(bytes, from) : this.#takeFork(bytes, from)
  }

  /** The use of an invitation that was witnessed here. */
  admit(bytes: Uint8Array, written: () => void): void {
    const { rows } = this.#init.facts.takeAdmission(bytes)
    this.#init.disk.write({
      rows,
      sync: true,
      done: () => {
        this.#init.gossip.send('admission', bytes)
        written()
      }
    })
    this.#admissionsChanged()
  }

  /** Marks what a kept proof voids. */
  applyFork(proof: Uint8Array): void {
    const { header } = this.#init.facts.readFork(proof).a
    this.#init.heads.setVoid(header, header.generation)
    this.#init.rootChanged()
  }

  /** The key log has grown. */
  trustChanged(): void {
    const { outbox, facts, heads } = this.#init
    outbox.note('trust', 'The key log has grown.', { seq: facts.keyLog.seq })
    this.#forget()
    this.#tellOwnStanding()
    for (const writer of facts.keyLog.writers()) {
      if (!writer.removed) continue
      for (const leaf of heads.leavesOf(writer.id)) {
        heads.touch(leaf)
        this.refresh(leaf)
      }
    }
    this.#init.own().refresh()
    this.#membersChanged()
    this.#init.invitations().look()
  }

  /** Forgets records that are out of date. */
  expire(): void {
    if (this.#forget()) this.#membersChanged()
  }

  /** The generation in which this peer has to write a leaf's log, where the one it is in is void. */
  ownGeneration(leaf: number): number | undefined {
    const { facts, self, leaves } = this.#init
    const writer = facts.keyLog.writerOf(self)
    if (writer === undefined) return undefined
    const id: LogId = { writer, prefixLen: 12, prefix: leaf << 4 }
    const generation = leaves.resident(leaf)?.log(id).head?.generation
    return generation !== undefined && facts.voided(id, generation) ? generation + 1 : undefined
  }

  #takeRecord(bytes: Uint8Array, from: string): ItemOutcome {
    const { facts, outbox, members, disk, gossip, self } = this.#init
    const { outcome, rows, record } = facts.takeRecord(bytes, from === self ? undefined : members.clock.date)
    if (outcome !== 'new') return judged(outcome)
    // Asked first: the candidates may be collected anew, with this record, by whoever asks for them next.
    const moved = members.moved(record.peer)
    const known = members.candidate(record.peer) !== undefined
    disk.write({ rows })
    if (record.peer === self) gossip.send('record', bytes)
    if (record.peer === self && from !== self) this.#init.own().outrun(record.incarnation)
    // The daily renewal of a record moves nothing.
    if (moved) this.#membersChanged({ duties: !members.comingIn(record.peer) })
    if (!known) outbox.note('member', 'A peer is a member now.', { peer: record.peer })
    return 'new'
  }

  #takeOp(bytes: Uint8Array, from: string): ItemOutcome {
    const { outcome, rows } = this.#init.facts.takeOp(bytes)
    if (outcome === 'gap') this.#init.missing(from)
    if (outcome === 'fork') this.#tellKeyFork()
    if (outcome !== 'new') return judged(outcome)
    this.#init.disk.write({ rows, sync: true })
    this.trustChanged()
    return 'new'
  }

  #takeAdmission(bytes: Uint8Array, from: string): ItemOutcome {
    const { facts, disk } = this.#init
    const { outcome, rows } = facts.takeAdmission(bytes)
    if (outcome === 'gap') this.#init.missing(from)
    if (outcome !== 'new') return judged(outcome)
    disk.write({ rows, sync: true })
    this.#admissionsChanged()
    return 'new'
  }

  #admissionsChanged(): void {
    this.#forget()
    this.#tellOwnStanding()
    this.#init.own().refresh()
    this.#membersChanged()
    this.#init.invitations().look()
  }

  /** Of facts those that count no more; true if there were any. */
  #forget(): boolean {
    const { facts, members, disk, self } = this.#init
    const rows = facts.expire(members.clock.date, self)
    if (rows.length > 0) disk.write({ rows })
    return rows.length > 0
  }

  #tellKeyFork(): void {
    if (this.#keyLogForked) return
    this.#keyLogForked = true
    this.#init.outbox.note(
      'key-log-fork',
      'The root key has signed two different operations with one number; here the one that came first stands.',
      { seq: this.#init.facts.keyLog.seq }
    )
  }

  #tellOwnStanding(): void {
    const { outbox, facts, self } = this.#init
    const removed = facts.keyLog.removedPeer(self)
    if (removed && !this.#wasRemoved)
      outbox.note('removed', 'The owner has removed this peer from the mesh: its copies count for nothing any more.')
    this.#wasRemoved = removed
    const trusted = facts.trusted(self)
    if (this.#wasTrusted && !trusted && !removed)
      outbox.note(
        'displaced',
        'This peer is trusted no longer: that was withdrawn, or its invitation was ended or used earlier by others.'
      )
    const open = facts.keyLog.policy?.admission === 'open'
    if (this.#wasOpen && !open && !this.#wasTrusted && !trusted && !removed)
      outbox.note('displaced', 'The mesh is open no longer, and nobody has vouched for this peer: it is no member now.')
    this.#wasTrusted = trusted
    this.#wasOpen = open
  }

  #takeFork(bytes: Uint8Array, from: string): ItemOutcome {
    const { facts, disk, gossip, leaves, self } = this.#init
    const { outcome, rows, fork } = facts.takeFork(bytes)
    if (outcome !== 'new') return judged(outcome)
    disk.write({ rows, sync: true })
    if (from === self) gossip.send('fork', bytes)
    this.applyFork(bytes)
    leaves.with(fork.a.header.prefix >> 4, (leaf) => this.#forked(leaf, idOf(fork.a.header)))
    return 'new'
  }

  /** A generation of a log is void. If it is mine, the pins of every branch are authored again in the next generation. */
  #forked(leaf: Leaf, log: LogId & { readonly generation: number }): void {
    const { outbox, facts, self } = this.#init
    outbox.note('fork', 'A writer has signed two different histories of one log; that generation is void.', {
      writer: log.writer,
      leaf: leaf.id
    })
    if (log.writer === facts.keyLog.writerOf(self)) {
      this.#init.rescue().fetch(log, (pins) => this.#reauthor(leaf.id, log, pins))
    } else this.refresh(leaf.id)
  }

  /** An unpin counts only if no branch has the pin. */
  #reauthor(leaf: number, log: LogId, pins: ReadonlyMap<string, PinRegister>): void {
    const author = this.#init.author()
    for (const [mapKey, register] of pins) {
      const change: Change = (resident) =>
        resident.log(log).registers().get(mapKey)?.op === 'pin' ? undefined : register
      author.change({ leaf, mapKey, change, done: () => {} })
    }
    author.change({ leaf, mapKey: '', anew: true, change: () => undefined, done: () => this.refresh(leaf) })
  }

  /** Reads a leaf anew: whether one of its logs counts has changed. */
  refresh(id: number): void {
    const { leaves, disk, leafChanged, leafWritten } = this.#init
    leaves.slices(id, function* (leaf) {
      const change = yield* leaf.refreshing()
      leafChanged(leaf, change)
      leaf.pending++
      const done = (): void => {
        leaf.pending--
        leafWritten(leaf)
      }
      disk.write({ rows: change.rows, done })
    })
  }

  /** `duties`: who is asked to hold what may be another now. */
  #membersChanged({ duties } = { duties: true }): void {
    const { members, claims, bounds, self } = this.#init
    members.factsChanged()
    bounds.retain((peer) => members.record(peer) !== undefined)
    claims.retain((peer) => peer === self || members.isMember(peer))
    if (duties) this.#init.keeper().markAll()
  }
}

function judged(outcome: Outcome): ItemOutcome {
  return outcome === 'new' ? 'new' : outcome === 'old' ? 'old' : 'unknown'
}

function idOf({
  writer,
  prefixLen,
  prefix,
  generation
}: LogId & { generation: number }): LogId & { generation: number } {
  return { writer, prefixLen, prefix, generation }
}
