/**
 * What this peer says of itself: its signed record (who, where, how much, until when) and its beats (still here, with this
 * root, in this state). In an open mesh a peer that nobody vouched for first does the work that its stamp proves, in small units that
 * delay nothing else: a newcomer takes the pinset in meanwhile.
 */
import { type Crypto, signedBytes } from '../crypto.ts'
import { textLength } from '../bytes/utf8.ts'
import { Writer } from '../bytes/writer.ts'
import type { Row } from '../effects.ts'
import { type Beat, beatBytes, encodeBeat } from '../formats/beat.ts'
import {
  addressBytesMax,
  encodeRecord,
  findStamp,
  type MemberRecord,
  recordBytes,
  stampBits,
  weightMax
} from '../formats/record.ts'
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from './members.ts'
import type { Facts } from '../trust/facts.ts'
import type { StoreState } from '../events.ts'

/** Hashes of one unit of work on the stamp: about 0.2 ms. */
const hashesPerUnit = 100
const gib = 1024 ** 3
/** What a record may carry. */
const addressesMax = 8
/** Beside everything else in a record of at most 1,024 bytes. */
const addressesBytesMax = 700

/** meta 'i': the incarnation. */
export const incarnationRowKey: Uint8Array = new Uint8Array([0x69])

export function incarnationRow(incarnation: number): Row {
  return { table: 'meta', key: incarnationRowKey, value: new Writer().v(incarnation).finish() }
}

export interface SelfSettings {
  readonly peer: string
  readonly zone: string
  readonly version: string
  /** peer id of the IPFS back end, '' = this peer's own */
  readonly ipfsPeer: string
}

export interface SelfInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly facts: Facts
  readonly members: Members
  readonly settings: SelfSettings
  readonly recordLifeMs: number
  readonly beatMs: number
  /** a record was signed: keep and spread it */
  readonly signed: (bytes: Uint8Array) => void
  /** begin this incarnation: `reborn` is called once it is on disk */
  readonly bear: (incarnation: number) => void
  /** the work is done: keep its stamp */
  readonly stamped: (stamp: Uint8Array) => void
}

export class Self {
  readonly #init: SelfInit
  #incarnation = 0
  #beats = 0
  #addresses: readonly string[] = []
  #declining = false
  #leave: 'no' | 'leaving' | 'left' = 'no'
  #syncing = false
  #stamp: Uint8Array = new Uint8Array(8)
  #working = false
  #spaceBytes = 0
  #until = 0
  store: StoreState = 'ok'

  constructor(init: SelfInit) {
    this.#init = init
  }

  get peer(): string {
    return this.#init.settings.peer
  }

  get incarnation(): number {
    return this.#incarnation
  }

  /** Beats sent since the start. */
  get beats(): number {
    return this.#beats
  }

  start(incarnation: number, addresses: readonly string[], spaceBytes: number): void {
    this.#incarnation = incarnation
    this.#addresses = addresses
    this.#spaceBytes = spaceBytes
    this.refresh()
  }

  /**
   * Others hold a record that I have signed and know nothing of: my store was lost, or restored from a backup. What I say counts
   * for them only in a later incarnation than that of the life which is gone.
   */
  outrun(incarnation: number): void {
    if (this.#incarnation === 0 || incarnation < this.#incarnation) return
    this.#init.outbox.note('outrun', 'Others know of a later life of this peer: its store is older than they are.', {
      incarnation
    })
    this.#init.bear(incarnation + 1)
  }

  /** As after a restart, but in the same life. */
  reborn(incarnation: number): void {
    if (incarnation <= this.#incarnation) return
    this.#incarnation = incarnation
    this.#until = 0
    this.refresh()
  }

  /** The work done before the restart. */
  setStamp(stamp: Uint8Array): void {
    this.#stamp = stamp
  }

  setAddresses(addresses: readonly string[]): void {
    if (addresses.join() === this.#addresses.join()) return
    this.#addresses = addresses
    this.refresh()
  }

  setSpace(bytes: number): void {
    this.#spaceBytes = bytes
    this.refresh()
  }

  setDeclining(declining: boolean): void {
    if (declining === this.#declining) return
    this.#declining = declining
    this.refresh()
  }

  /** `no`: it stays. */
  setLeave(leave: 'no' | 'leaving' | 'left'): void {
    if (leave === this.#leave) return
    this.#leave = leave
    this.refresh()
  }

  /** It takes the pinset in: until that is done nothing new is asked of it. */
  setSyncing(syncing: boolean): void {
    if (syncing === this.#syncing) return
    this.#syncing = syncing
    this.refresh()
  }

  /** Signs the record anew, after the work if work is asked for. */
  refresh(): void {
    const { facts, members, meshId, crypto, settings, recordLifeMs } = this.#init
    const policy = facts.keyLog.policy
    if (policy === undefined || this.#incarnation === 0) return
    const vouched = facts.trusted(settings.peer)
    const asked = vouched || policy.admission !== 'open' ? 0 : policy.workBits
    if (stampBits(settings.peer, meshId, this.#stamp, crypto) < asked) {
      this.#work(asked)
      return
    }
    const until = Math.floor((members.clock.ownDate + recordLifeMs) / 1000)
    // Signed while this clock was ahead: only a record of a new incarnation takes it back.
    if (this.#until > until + recordLifeMs / 1000) {
      this.#init.bear(this.#incarnation + 1)
      return
    }
    this.#until = Math.max(until, this.#until + 1)
    const record: MemberRecord = {
      peer: settings.peer,
      incarnation: this.#incarnation,
      class: vouched ? 'trusted' : 'volunteer',
      weight: weightOf(this.#spaceBytes),
      zone: settings.zone,
      flags: {
        declining: this.#declining,
        leaving: this.#leave !== 'no',
        maintenance: false,
        syncing: this.#syncing,
        left: this.#leave === 'left'
      },
      ipfsPeer: settings.ipfsPeer,
      addresses: fitting(this.#addresses),
      until: this.#until,
      stamp: this.#stamp,
      version: settings.version,
      sig: new Uint8Array(64)
    }
    const sig = crypto.sign(signedBytes('pinmesh/record/1', meshId, recordBytes(record)))
    this.#init.signed(encodeRecord({ ...record, sig }))
  }

  /** The next beat, signed. `free`: share of the budget that is free, 0..1. */
  beat(root: Uint8Array, free: number): Uint8Array {
    const { facts, meshId, crypto, settings, outbox } = this.#init
    const beat: Beat = {
      peer: settings.peer,
      incarnation: this.#incarnation,
      n: ++this.#beats,
      everyMs: this.#init.beatMs,
      recordHash: facts.hash8(settings.peer) ?? new Uint8Array(8),
      root,
      store: this.store,
      free: Math.max(0, Math.min(255, Math.round(free * 255))),
      wall: outbox.wall,
      sig: new Uint8Array(64)
    }
    return encodeBeat({ ...beat, sig: crypto.sign(signedBytes('pinmesh/beat/1', meshId, beatBytes(beat))) })
  }

  #work(bits: number): void {
    if (this.#working) return
    this.#working = true
    let from = 0
    const unit = (): void => {
      const { meshId, crypto, settings, agenda } = this.#init
      const stamp = findStamp({ peer: settings.peer, meshId, crypto }, { bits, from, tries: hashesPerUnit })
      from += hashesPerUnit
      if (stamp === undefined) {
        agenda.background(unit)
        return
      }
      this.#stamp = stamp
      this.#working = false
      this.#init.stamped(stamp)
      this.refresh()
    }
    this.#init.agenda.background(unit)
  }
}

/** The first of them that a record has room for. */
function fitting(addresses: readonly string[]): string[] {
  const found: string[] = []
  let bytes = 0
  for (const address of addresses) {
    const size = textLength(address) + 2
    if (found.length >= addressesMax || size > addressBytesMax + 2 || bytes + size > addressesBytesMax) continue
    found.push(address)
    bytes += size
  }
  return found
}

/** Log2 of the budget in GiB, 0..10: a coarse class, so that small changes move nothing. */
export function weightOf(spaceBytes: number): number {
  return Math.max(0, Math.min(weightMax, Math.floor(Math.log2(Math.max(1, spaceBytes / gib)))))
}
