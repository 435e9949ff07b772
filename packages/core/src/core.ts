/**
 * The core of one peer in one mesh: an event and the time go in, effects come out. This file only sends each event to the
 * room that it concerns; every decision is made in a room. Nothing here waits, reads a clock or rolls dice.
 */
import { type CoreInit, House, stampRowKey } from './house.ts'
import { type ItemKind, type ItemOutcome } from './door/gossip.ts'
import { Reader } from './bytes/reader.ts'
import { equalBytes } from './bytes/compare.ts'
import type { Effect } from './effects.ts'
import type { Event, Now } from './events.ts'
import type { StoreState } from './formats/beat.ts'
import { type Charter } from './formats/charter.ts'
import { canonicalCid, keyOfPin } from './formats/key.ts'
import type { Policy } from './formats/key-op.ts'
import { placesOf, withPeer } from './formats/record.ts'
import { incarnationRow, incarnationRowKey } from './members/self.ts'
import { commitRowKey } from './pinset/author.ts'
import { leaves as leafCount } from './pinset/heads.ts'
import { rebuiltRowKey } from './pinset/rebuilt.ts'
import { decodeSummary } from './pinset/summary.ts'
import type { InvitationReport, MemberReport } from './reports.ts'
import type { Writer } from './trust/key-log.ts'

/** A write waits this long at most for a look at another member's roots after a start. */
const firstWriteMs = 5000

export class Core {
  readonly charter: Charter
  readonly meshId: Uint8Array
  readonly #init: CoreInit
  readonly #house: House
  #mono = 0

  constructor(init: CoreInit) {
    this.#init = init
    this.#house = new House(init)
    this.charter = this.#house.charter
    this.meshId = this.#house.meshId
  }

  /** mono ms at which the next step is due at the latest; Infinity if nothing is. */
  get wakeAt(): number {
    return this.#house.agenda.wakeAt(this.#mono)
  }

  step(event: Event, now: Now): Effect[] {
    this.#mono = now.mono
    this.#house.outbox.open(now)
    this.#handle(event)
    this.#house.agenda.run(now.mono)
    this.#house.syncs.drained()
    this.#house.disk.flush()
    this.#house.gossip.flush()
    return this.#house.outbox.take()
  }

  // What anybody may look at between two steps.

  get policy(): Policy | undefined {
    return this.#house.facts.keyLog.policy
  }

  get roots(): { facts: Uint8Array; pinset: Uint8Array } {
    return { facts: this.#house.facts.root, pinset: this.#house.heads.root }
  }

  get space(): { budgetBytes: number; usedBytes: number; reservedBytes: number } {
    return this.#house.keeper.jobs
  }

  /** Facts and claims of the others are in; duties are planned. */
  get ready(): boolean {
    return this.#house.keeper.ready
  }

  get isolated(): boolean {
    return this.#house.members.isolated
  }

  /** `offsetMs`: how far the others' clocks are from mine, where they say otherwise and agree among themselves. */
  get clock(): { readonly inDoubt: boolean; readonly offsetMs: number } {
    return this.#house.members.clock
  }

  /** Since the start it was heard that the root key has signed two histories. */
  get keyLogForked(): boolean {
    return this.#house.standing.keyLogForked
  }

  get braking(): boolean {
    return this.#house.members.braking
  }

  /** Own peer id. */
  get self(): string {
    return this.#init.self
  }

  /** A leave is under way. */
  get leaving(): boolean {
    return this.#house.members.leaving(this.#init.self)
  }

  /** How disk and back end were when they were last looked at, also while this peer is no member. */
  get store(): StoreState {
    return this.#house.self.store
  }

  get isWriter(): boolean {
    return this.writerId !== undefined
  }

  /** Is the root key that is in force on this peer? */
  get hasRoot(): boolean {
    return this.#house.owner.trust.hasRoot
  }

  /** Was this peer removed by the owner? */
  get isRemoved(): boolean {
    return this.#house.facts.keyLog.removedPeer(this.#init.self)
  }

  /** Invitations made here, and those whose use was heard of. */
  invitations(): InvitationReport[] {
    return this.#house.owner.invitations.reports()
  }

  /** Operations of the key log that are held. */
  get keySeq(): number {
    return this.#house.facts.keyLog.seq
  }

  /** Everybody who may write or might once. */
  writers(): Iterable<Writer> {
    return this.#house.facts.keyLog.writers()
  }

  /** The id under which this peer writes, if it may. */
  get writerId(): number | undefined {
    return this.#house.facts.keyLog.writerOf(this.#init.self)
  }

  /** Leaves in which there are pins, or were, ascending. */
  leaves(): number[] {
    return [...new Array<undefined>(leafCount).keys()].filter((leaf) => this.#house.heads.of(leaf).length > 0)
  }

  members(): MemberReport[] {
    return this.#house.members.reports()
  }

  /** The key under which the journal keeps a CID. */
  holdKeyOf(cid: string): Uint8Array {
    return keyOfPin(this.meshId, canonicalCid(cid), this.#init.crypto)
  }

  /** Where a member says that it can be reached. */
  addressesOf(peer: string): readonly string[] {
    const record = this.#house.facts.record(peer)
    return record === undefined ? [] : placesOf(record).own
  }

  /** Where a member's blocks are to be had by IPFS: multiaddrs, each ending in /p2p/ and the id of whoever answers there. */
  reach(peer: string): readonly string[] {
    const record = this.#house.facts.record(peer)
    if (record === undefined) return []
    const { own, backEnd } = placesOf(record)
    if (record.ipfsPeer !== '') return backEnd
    return own.map((address) => withPeer(address, peer))
  }

  /** Is this the IPFS back end of a member? It may be given blocks as that member may. */
  isBackEnd(peer: string): boolean {
    return this.#house.members.isBackEnd(peer)
  }

  /** Pins in the mesh, and those held here. */
  counts(): { pins: number; holding: number } {
    const { claims } = this.#house
    return { pins: claims.pins, holding: claims.heldBy(this.#init.self) }
  }

  /** May this peer be given blocks and bandwidth: a member, or one that was vouched for? */
  isMember(peer: string): boolean {
    return this.#house.members.isMember(peer) || this.#house.members.trusted(peer)
  }

  trusts(peer: string): boolean {
    return this.#house.members.trusted(peer)
  }

  #handle(event: Event): void {
    switch (event.kind) {
      case 'started':
        return this.#start(event)
      case 'woke':
        return
      case 'loaded':
        return this.#house.leaves.loaded(event.leaf, event.entries, event.holds)
      case 'load-failed':
        return this.#house.leaves.loadFailed(event.leaf, event.code)
      case 'written':
        return this.#house.disk.written(event.batch)
      case 'write-failed':
        return this.#house.disk.failed(event.batch, event.code)
      case 'gossiped': {
        const take = (kind: ItemKind, bytes: Uint8Array): ItemOutcome =>
          this.#house.receiver.take(kind, bytes, event.from)
        this.#house.outbox.emit({ kind: 'judge', verdict: this.#house.gossip.receive(event.topic, event.bytes, take) })
        return
      }
      case 'connected':
        this.#house.pulse.connected(event.peer)
        return this.#house.syncs.connected(event.peer)
      case 'disconnected':
        return this.#house.syncs.disconnected(event.peer)
      case 'addressed':
        return this.#house.self.setAddresses(event.addresses)
      case 'asked':
        return this.#house.server.asked(event.id, event.peer, event.frame)
      case 'answered':
        return this.#house.syncs.answered(event.id, event.frame)
      case 'unanswered':
        return this.#house.syncs.unanswered(event.id, event.code)
      case 'commanded':
        return this.#house.commands.run(event.id, event.command)
      case 'acquired':
        return this.#house.keeper.jobs.acquired(event.job, event.bytes, event.usedBytes)
      case 'acquiring':
        return this.#house.keeper.jobs.progressed(event.job, event.bytes)
      case 'acquire-failed':
        return this.#house.keeper.jobs.acquireFailed(event.job, event.code, event.bytes, event.text)
      case 'released':
        this.#house.keeper.jobs.setUsed(event.usedBytes)
        return this.#house.keeper.deletions.released(event.cid)
      case 'release-failed':
        this.#house.keeper.deletions.failed(event.cid)
        return this.#house.outbox.note('release-failed', 'Content that is no longer needed could not be deleted.', {
          cid: event.cid,
          reason: event.code
        })
      case 'content-lost':
        return this.#house.keeper.lost(this.holdKeyOf(event.cid), event.cid)
      case 'probed':
        if (event.store !== this.#house.self.store) this.#house.keeper.markAll()
        this.#house.self.store = event.store
        return this.#house.keeper.jobs.setUsed(event.usedBytes)
      case 'stopping':
    }
  }

  #start(event: Event & { kind: 'started' }): void {
    const meta = (key: Uint8Array): Uint8Array | undefined => event.meta.find((row) => equalBytes(row.key, key))?.value
    this.#house.facts.load(event.facts)
    for (const [, proof] of this.#house.facts.forks()) this.#house.standing.applyFork(proof)
    for (const row of event.leaves) {
      const { leaf, heads, buckets } = decodeSummary(row)
      this.#house.heads.set(leaf, heads)
      for (const { bucket, view, count } of buckets) {
        this.#house.claims.setView(bucket, view, count)
        this.#expect(bucket)
      }
    }
    for (const bucket of event.holdBuckets) this.#expect(bucket)
    this.#house.claimer.load(event.meta)
    this.#house.leaving.load(event.meta)
    this.#house.owner.invitations.load(event.meta)
    const commit = meta(commitRowKey)
    if (meta(rebuiltRowKey) !== undefined) this.#house.author.doubt()
    if (commit !== undefined) {
      const from = new Reader(commit)
      this.#house.author.resume(from.v(), from.raw(32))
    }
    this.#house.keeper.jobs.setBudget(this.#init.spaceBytes)
    this.#house.keeper.jobs.setUsed(event.usedBytes)
    const stamp = meta(stampRowKey)
    if (stamp !== undefined) this.#house.self.setStamp(stamp)
    const before = meta(incarnationRowKey)
    const incarnation = (before === undefined ? 0 : new Reader(before).v()) + 1
    const lastUntil = (this.#house.facts.record(this.#init.self)?.until ?? 0) * 1000
    this.#house.members.clock.resume(lastUntil, this.#init.timings.recordLifeMs)
    this.#house.disk.write({
      rows: [incarnationRow(incarnation)],
      sync: true,
      done: () => this.#begin(incarnation, event.addresses)
    })
  }

  /** The incarnation is on disk: from here on this peer may be heard. */
  #begin(incarnation: number, addresses: readonly string[]): void {
    this.#house.members.factsChanged()
    this.#house.standing.begin()
    const others = this.#house.members.candidates.some((candidate) => candidate.peer !== this.#init.self)
    const alone = !others && this.#house.facts.keyLog.policy !== undefined && this.isWriter
    // A newcomer holds nothing, and there is a pinset to take in.
    if (incarnation === 1 && !alone) this.#house.self.setSyncing(true)
    this.#house.self.start(incarnation, addresses, this.#init.spaceBytes)
    this.#house.pulse.begin()
    this.#house.syncs.begin()
    this.#house.owner.invitations.begin()
    const { timings } = this.#init
    this.#house.agenda.at(this.#house.outbox.mono + (alone ? 0 : timings.suspectMs), () =>
      this.#house.readyOnceSynced()
    )
    this.#house.agenda.at(this.#house.outbox.mono + (alone ? 0 : firstWriteMs), () => this.#house.author.open(false))
  }

  #expect(bucket: number): void {
    this.#house.claimer.expect(bucket)
    this.#house.keeper.mark(bucket)
  }
}
