/**
 * What every peer says it holds, as this peer can read it. A claim's nibbles stand for the claimant's own rows of a bucket;
 * they are read only where its rows are mine. Where they are not, the claim waits until I reach its view, and meanwhile the
 * earlier reading stands for repair and counts nothing for release. When my rows change, readings are carried over.
 * One table serves all peers, this one included.
 */
import { compareBytes, equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import { type Claim, claimBytes, decodeClaim, type PinState, pinStates } from '../formats/claim.ts'
import { keyOfPeer } from '../formats/peer-id.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { PinRow } from '../pinset/view.ts'
import { isHeld } from '../placement/pin-view.ts'

interface Reading {
  /** a nibble for each of my rows */
  states: Uint8Array
  /** the peer's newest claim speaks of exactly my rows */
  current: boolean
  pending: { view: Uint8Array; states: Uint8Array } | undefined
  /** mono ms of the last change */
  changedAt: number
}

export interface ShardClaim {
  readonly seq: number
  readonly holdUntil: number
  /** what it says of its buckets is read already */
  readonly bytes: Uint8Array
  /** low bytes of those */
  readonly lows: Uint8Array
}

const bucketsOfShard = 256

/** seq = incarnation × 2^32 + a counter, so that it is never used twice and tells the incarnation. */
export const claimsPerIncarnation: number = 2 ** 32

const none = 0
const unread = new Uint8Array(0)

export class Claims {
  readonly #meshId: Uint8Array
  readonly #crypto: Crypto
  readonly #outbox: Outbox
  /** my view hash of each bucket that has pins */
  readonly #views = new Map<number, { view: Uint8Array; count: number }>()
  readonly #readings = new Map<string, Map<number, Reading>>()
  readonly #claims = new Map<string, Map<number, ShardClaim>>()
  /** in all my buckets */
  #pins = 0
  /** pins of mine that a peer claims as held */
  readonly #heldBy = new Map<string, number>()

  constructor(init: { meshId: Uint8Array; crypto: Crypto; outbox: Outbox }) {
    this.#meshId = init.meshId
    this.#crypto = init.crypto
    this.#outbox = init.outbox
  }

  /** Sets what I see in a bucket: at start from the store's summary, then as it changes. */
  setView(bucket: number, view: Uint8Array, count: number): void {
    this.#pins += count - (this.#views.get(bucket)?.count ?? 0)
    if (count === 0) this.#views.delete(bucket)
    else this.#views.set(bucket, { view, count })
  }

  /** Pins in the mesh. */
  get pins(): number {
    return this.#pins
  }

  /** How many of them a peer claims as held, whatever it means to do with them. */
  heldBy(peer: string): number {
    return this.#heldBy.get(peer) ?? 0
  }

  /** Buckets that have pins. */
  buckets(): Iterable<number> {
    return this.#views.keys()
  }

  get bucketCount(): number {
    return this.#views.size
  }

  viewOf(bucket: number): { view: Uint8Array; count: number } | undefined {
    return this.#views.get(bucket)
  }

  /** My rows of a bucket have changed: carries every reading over, and reads claims that waited for this view. */
  rowsChanged(bucket: number, before: readonly PinRow[], after: readonly PinRow[], view: Uint8Array): void {
    const old = this.#views.get(bucket)?.view
    this.setView(bucket, view, after.length)
    const from = carry(before, after)
    for (const [peer, readings] of this.#readings) {
      const reading = readings.get(bucket)
      if (reading === undefined) continue
      const states = new Uint8Array(after.length)
      from.forEach((old, at) => (states[at] = old < 0 ? none : (reading.states[old] ?? none)))
      if (reading.current && !equalRows(before, after)) {
        // Should these rows come back (an own entry is rolled back, a writer goes on), the claim speaks of them again.
        if (old !== undefined) reading.pending = { view: old, states: reading.states }
        reading.current = false
      }
      const waited = reading.pending
      this.#show(peer, reading, states)
      if (waited !== undefined && equalBytes(waited.view, view) && waited.states.length === after.length) {
        this.#read(peer, reading, waited.states)
      }
    }
  }

  /**
   * Takes a claim of a member: the buckets whose reading has changed. `old`: not newer than what is held, or more than is
   * `allowed` of this peer now. Throws FormatError when it is malformed or forged.
   */
  take(
    bytes: Uint8Array,
    known: (peer: string) => boolean,
    allowed: (peer: string) => boolean
  ): { peer: string; buckets: number[] } | 'old' | 'stranger' {
    const claim = decodeClaim(bytes)
    if (!known(claim.peer)) return 'stranger'
    const held = this.#claims.get(claim.peer)?.get(claim.shard)
    if ((held !== undefined && held.seq >= claim.seq) || !allowed(claim.peer)) return 'old'
    const signed = signedBytes('pinmesh/claim/1', this.#meshId, claimBytes(claim))
    if (!this.#crypto.verify(keyOfPeer(claim.peer), signed, claim.sig))
      throw new FormatError('a claim is not signed by its peer')
    return { peer: claim.peer, buckets: this.keep(claim, bytes) }
  }

  /** Keeps a verified (or own) claim and reads it. */
  keep(claim: Claim, bytes: Uint8Array): number[] {
    const { seq, holdUntil } = claim
    const claims = shelf(this.#claims, claim.peer)
    const before = claims.get(claim.shard)?.lows ?? unread
    const lows = Uint8Array.from(claim.buckets, ({ low }) => low)
    // Not a part of the message that brought it.
    claims.set(claim.shard, { seq, holdUntil, bytes: bytes.slice(), lows })
    const readings = shelf(this.#readings, claim.peer)
    const changed: number[] = []
    for (const { low, view, states } of claim.buckets) {
      const bucket = claim.shard * bucketsOfShard + low
      let reading = readings.get(bucket)
      const mine = this.#views.get(bucket)
      if (reading === undefined) {
        reading = {
          states: new Uint8Array(mine?.count ?? 0),
          current: false,
          pending: undefined,
          changedAt: this.#outbox.mono
        }
        readings.set(bucket, reading)
      }
      if (mine !== undefined && mine.count === states.length && equalBytes(mine.view, view)) {
        const wasCurrent = reading.current
        if (this.#read(claim.peer, reading, states) || !wasCurrent) changed.push(bucket)
      } else {
        reading.pending = { view: view.slice(), states }
        reading.current = false
      }
    }
    // Buckets that were listed before and are not now hold nothing any more.
    for (const low of before) {
      const bucket = claim.shard * bucketsOfShard + low
      const reading = lows.includes(low) ? undefined : readings.get(bucket)
      if (reading === undefined) continue
      this.#show(claim.peer, reading, unread)
      readings.delete(bucket)
      changed.push(bucket)
    }
    return changed
  }

  /** What a peer says of the pin at `row` of `bucket`; `none` where it says nothing that can be read. */
  stateOf(peer: string, bucket: number, row: number): PinState {
    return pinStates[this.#readings.get(peer)?.get(bucket)?.states[row] ?? none] ?? 'none'
  }

  /** The same of all pins of a bucket, as places in `pinStates`; shorter where it says nothing of the rest. */
  statesOf(peer: string, bucket: number): Uint8Array {
    return this.#readings.get(peer)?.get(bucket)?.states ?? unread
  }

  /** mono ms of the last change of a peer's claim of this bucket; -Infinity if it has none. */
  changedAt(peer: string, bucket: number): number {
    return this.#readings.get(peer)?.get(bucket)?.changedAt ?? -Infinity
  }

  /** Until when (wall ms) this peer has promised to keep the pin; 0 if it has not, or speaks of other rows than mine. */
  promisedUntil(peer: string, bucket: number, row: number): { until: number; incarnation: number } {
    const reading = this.#readings.get(peer)?.get(bucket)
    const claim = this.#claims.get(peer)?.get(bucket >> 8)
    if (reading === undefined || claim === undefined || !reading.current) return { until: 0, incarnation: 0 }
    if (pinStates[reading.states[row] ?? none] !== 'promised') return { until: 0, incarnation: 0 }
    return { until: claim.holdUntil, incarnation: Math.floor(claim.seq / claimsPerIncarnation) }
  }

  /** Buckets in which a peer claims anything. */
  *bucketsOf(peer: string): Iterable<number> {
    for (const [bucket] of this.#readings.get(peer) ?? []) yield bucket
  }

  /** Everything held of a peer, by shard: for passing on. */
  of(peer: string): ReadonlyMap<number, ShardClaim> {
    return this.#claims.get(peer) ?? new Map()
  }

  /** 4 bytes over the (shard, seq) of all claims held of a peer; zeros if none. */
  digestOf(peer: string): Uint8Array {
    const rows = [...this.of(peer)].sort(([a], [b]) => a - b)
    if (rows.length === 0) return new Uint8Array(4)
    let text = ''
    for (const [shard, { seq }] of rows) text += `${shard}:${seq};`
    const bytes = new Uint8Array(text.length)
    for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n)
    return this.#crypto.hash(bytes).subarray(0, 4)
  }

  /** Forgets peers that are no longer members. */
  retain(known: (peer: string) => boolean): void {
    for (const peer of this.#claims.keys()) {
      if (known(peer)) continue
      this.#claims.delete(peer)
      this.#readings.delete(peer)
      this.#heldBy.delete(peer)
    }
  }

  #read(peer: string, reading: Reading, states: Uint8Array): boolean {
    const changed = !equalBytes(reading.states, states)
    if (changed) reading.changedAt = this.#outbox.mono
    this.#show(peer, reading, states)
    reading.current = true
    reading.pending = undefined
    return changed
  }

  #show(peer: string, reading: Reading, states: Uint8Array): void {
    this.#heldBy.set(peer, this.heldBy(peer) + heldIn(states) - heldIn(reading.states))
    reading.states = states
  }
}

/** How many of these states say that the pin is there. */
export function heldIn(states: Uint8Array): number {
  let held = 0
  for (const state of states) if (isHeld(pinStates[state])) held++
  return held
}

/** For each row of `after` its place in `before`, -1 where it is new. Both are sorted by key. */
function carry(before: readonly PinRow[], after: readonly PinRow[]): number[] {
  const from: number[] = []
  let old = 0
  for (const row of after) {
    while (old < before.length && compareBytes((before[old] as PinRow).key, row.key) < 0) old++
    const same = old < before.length && compareBytes((before[old] as PinRow).key, row.key) === 0
    from.push(same ? old : -1)
  }
  return from
}

function equalRows(a: readonly PinRow[], b: readonly PinRow[]): boolean {
  return (
    a.length === b.length &&
    a.every((row, at) => {
      const other = b[at] as PinRow
      return row.lamport === other.lamport && row.mode === other.mode && compareBytes(row.key, other.key) === 0
    })
  )
}

function shelf<T>(of: Map<string, Map<number, T>>, peer: string): Map<number, T> {
  const known = of.get(peer)
  if (known !== undefined) return known
  const made = new Map<number, T>()
  of.set(peer, made)
  return made
}

/** Place of a key in rows sorted by key, -1 if it is not there. */
export function findRow(rows: readonly PinRow[], key: Uint8Array): number {
  return rows.findIndex((row) => compareBytes(row.key, key) === 0)
}
