/**
 * One leaf while it is resident: the logs of its writers, the view merged from them, and the journal of what is held of it.
 * It is loaded whole, worked on synchronously and forgotten again. Every change hands back the rows to write and, for each
 * bucket that changed, the pins before and after, by which claims are carried over.
 */
import { compareBytes, fromText } from '../bytes/compare.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import type { Hold, Provenance } from '../content/hold.ts'
import { Holds } from '../content/holds.ts'
import type { Row } from '../effects.ts'
import type { KeyValue } from '../events.ts'
import { bucketOfMapKey, parseMapKey } from '../formats/key.ts'
import { encodeRegister, type Register } from '../formats/register.ts'
import { readStored, type Proof, type StoredEntry } from '../formats/stored.ts'
import { finish, type Slices } from '../loop/slices.ts'
import { logName } from '../trust/key-log.ts'
import type { HeadRow } from './heads.ts'
import { encodeHead } from './heads.ts'
import { Log, type LogId, type Place } from './log.ts'
import { LeafView, type Pins, type Seen } from './leaf-view.ts'
import { type BucketSummary, encodeSummary } from './summary.ts'
import type { PinRow } from './view.ts'

/** Map keys whose winner is found, and rows that are made, in one slice: about 4 µs each. */
const keysPerSlice = 64
/** Map keys sorted into buckets in one slice. */
const sortedPerSlice = 512

/** Measured with 20,000 pins in 4,054 leaves (heap and array buffers, Node 24): maps, buckets and what waits for the leaf. */
const leafBytes = 1500
/** A pin in the view: its winner, its row with its key, its bucket. */
const seenBytes = 1200
/** A hold in the journal, with the logs that ask for it. */
const holdBytes = 1600

export interface BucketChange {
  readonly bucket: number
  readonly before: readonly PinRow[]
  readonly after: readonly PinRow[]
}

export interface LeafChange {
  readonly rows: Row[]
  readonly buckets: BucketChange[]
}

/** An entry taken into its log and not yet into the view. */
export interface Entered {
  readonly rows: readonly Row[]
  readonly changed: readonly string[]
}

export interface LeafInit {
  readonly id: number
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  /** Does a log of this writer in this generation count (not removed, not void)? */
  readonly stands: (id: LogId, generation: number) => boolean
  readonly entries: readonly KeyValue[]
  readonly holds: readonly KeyValue[]
}

export class Leaf {
  readonly id: number
  /** The journal: what is held of this leaf, wanted or not. */
  readonly holds: Holds
  /** Groups of rows of this leaf that are not on disk yet: it must stay resident. */
  pending = 0
  /** Own entries appended in memory and not yet on disk; entries of others wait for these (`whenSettled`). */
  drafts = 0
  readonly #settled: (() => void)[] = []
  readonly #init: LeafInit
  readonly #logs = new Map<string, Log>()
  #view: LeafView | undefined
  #weight = 0

  constructor(init: LeafInit) {
    this.id = init.id
    this.#init = init
    this.holds = new Holds(init.holds)
    const stored = new Map<string, { id: LogId; entries: StoredEntry[] }>()
    for (const { value } of init.entries) {
      const entry = readStored(value, init.crypto)
      const { writer, prefixLen, prefix } = entry.entry
      const name = logName(entry.entry)
      const log = stored.get(name) ?? { id: { writer, prefixLen, prefix }, entries: [] }
      log.entries.push(entry)
      stored.set(name, log)
    }
    for (const [name, { id, entries }] of stored) this.#logs.set(name, Log.load(id, entries, init))
    this.#weigh()
  }

  /** Bytes of memory, about; counted where it changes, since whoever asks would have to touch all of it. */
  get weight(): number {
    return this.#weight + this.holds.size * holdBytes
  }

  logs(): Iterable<Log> {
    return this.#logs.values()
  }

  log(id: LogId): Log {
    const name = logName(id)
    const known = this.#logs.get(name)
    if (known !== undefined) return known
    // An entry may name its log: no more of it than that may be kept.
    const { writer, prefixLen, prefix } = id
    const log = new Log({ writer, prefixLen, prefix }, this.#init)
    this.#logs.set(name, log)
    return log
  }

  /** Appends one judged entry; throws FormatError and changes nothing when its body is not valid. */
  append(stored: StoredEntry): LeafChange {
    return finish(this.appending(stored))
  }

  /** The same in slices: until it ends nothing else may be done with the leaf. */
  *appending(stored: StoredEntry): Slices<LeafChange> {
    return yield* this.settling([yield* this.entering(stored)])
  }

  /**
   * Takes one judged entry into its log, as `appending` does, and leaves the view as it was: `settling` has to follow, once for
   * all entries of a run. Until then nothing else may be done with the leaf.
   */
  *entering(stored: StoredEntry): Slices<Entered> {
    yield* this.warming()
    const { entry } = stored
    const { dropped, changed, bytes } = yield* this.log(entry).appending(stored)
    const rows: Row[] = dropped.map((old) => ({ table: 'entry', key: entryRowKey(entry, old), value: null }))
    rows.push({ table: 'entry', key: entryRowKey(entry, entry), value: bytes })
    return { rows, changed }
  }

  /** Brings the view up to date with entries just taken. */
  *settling(entered: readonly Entered[]): Slices<LeafChange> {
    const view = yield* this.warming()
    const changed = new Set(entered.flatMap((one) => one.changed))
    return yield* this.#settle(
      view,
      [...changed],
      entered.flatMap(({ rows }) => rows)
    )
  }

  /** Gives an appended entry its proof. Returns the row to write. */
  seal(stored: StoredEntry, proof: Proof): Row {
    stored.proof = proof
    const { entry } = stored
    const value = this.log(entry).seal(stored)
    this.#weigh()
    return { table: 'entry', key: entryRowKey(entry, entry), value }
  }

  draftDone(): void {
    this.drafts--
    if (this.drafts === 0) for (const run of this.#settled.splice(0)) run()
  }

  /** Runs `run` as soon as no own entry is on its way to disk. */
  whenSettled(run: () => void): void {
    if (this.drafts === 0) run()
    else this.#settled.push(run)
  }

  /** Reads every log anew: a writer was removed or a generation voided. */
  *refreshing(): Slices<LeafChange> {
    const view = yield* this.warming()
    return yield* this.#settle(view, [...this.#keys(view.keys())], [])
  }

  /** Is the view made? Until then it is made at once by whoever asks first. */
  get warm(): boolean {
    return this.#view !== undefined
  }

  /** Makes the view in slices. */
  *warming(): Slices<LeafView> {
    if (this.#view !== undefined) return this.#view
    for (const log of this.#logs.values()) yield* log.warming()
    const view = new LeafView(this.#init.crypto)
    let work = 0
    for (const mapKey of this.#keys([])) {
      view.set(mapKey, this.#winner(mapKey))
      if (++work % keysPerSlice === 0) yield
    }
    for (let low = 0; low < 16 && view.size > 0; low++) {
      view.hash(this.id * 16 + low)
      if (view.size > 4 * keysPerSlice) yield
    }
    this.#view = view
    this.#weigh()
    return view
  }

  /** The merged view: highest (lamport, writer) of each map key, where that is a pin. */
  view(): Pins {
    return this.#shown()
  }

  /** The pins of one bucket, slots merged, sorted by key: the order that claims use. */
  rows(bucket: number): readonly PinRow[] {
    return this.#shown().rows(bucket)
  }

  /** The hash of a bucket's rows, by which claims say which pins they speak of. */
  viewHash(bucket: number): Uint8Array {
    return this.#shown().hash(bucket)
  }

  /** Every register of a map key in the logs that count, for writers and for provenance. */
  registers(mapKey: string): { log: Log; register: Register }[] {
    const found: { log: Log; register: Register }[] = []
    for (const log of this.#logs.values()) {
      const head = log.head
      if (head === undefined || !this.#init.stands(log.id, head.generation)) continue
      const register = log.registers().get(mapKey)
      if (register !== undefined) found.push({ log, register })
    }
    return found
  }

  /** Every log that asks for this key now, with the head at which it was seen asking. */
  provenance(row: PinRow): Provenance[] {
    const found: Provenance[] = []
    for (const mapKey of row.mapKeys) {
      for (const { log, register } of this.registers(mapKey)) {
        const head = log.head
        if (register.op !== 'pin' || head === undefined) continue
        if (found.some((p) => logName(p) === logName(log.id))) continue
        found.push({ ...log.id, generation: head.generation, seq: head.seq })
      }
    }
    return found
  }

  /**
   * How a held pin that is not in the view came to be out of it. `ended`: every log that asked for it has a later valid entry
   * that no longer asks, or a later wish of another writer took it back. `void`: a log or writer that asked is void.
   * `unknown`: the evidence is not here; keep.
   */
  fate(hold: Hold): 'ended' | 'void' | 'unknown' {
    let unknown = false
    for (const p of hold.provenance) {
      const log = this.#logs.get(logName(p))
      const head = log?.head
      if (this.#isVoid(p, head)) return 'void'
      if (log === undefined || head === undefined) unknown = true
      else if (!this.#tookBack(log, head, p, hold)) unknown = true
    }
    return unknown || hold.provenance.length === 0 ? 'unknown' : 'ended'
  }

  /** Writers of the void logs that asked for it. */
  voiders(hold: Hold): number[] {
    return hold.provenance.filter((p) => this.#isVoid(p, this.#logs.get(logName(p))?.head)).map(({ writer }) => writer)
  }

  heads(): HeadRow[] {
    const rows: HeadRow[] = []
    for (const log of this.#logs.values()) if (log.head !== undefined) rows.push({ ...log.id, ...log.head })
    return rows.sort((a, b) => compareBytes(encodeHead(a), encodeHead(b)))
  }

  /** The row of table `leaf`: heads, and the view hash and size of each bucket that has pins. */
  summary(): Row {
    return encodeSummary(this.id, this.heads(), this.buckets())
  }

  /** Buckets that have pins. */
  buckets(): BucketSummary[] {
    const found: BucketSummary[] = []
    for (let low = 0; low < 16; low++) {
      const bucket = this.id * 16 + low
      const rows = this.rows(bucket)
      if (rows.length > 0) found.push({ bucket, view: this.viewHash(bucket), count: rows.length })
    }
    return found
  }

  #weigh(): void {
    let weight = leafBytes + (this.#view?.size ?? 0) * seenBytes
    for (const log of this.#logs.values()) weight += log.weight
    this.#weight = weight
  }

  #shown(): LeafView {
    return this.#view ?? finish(this.warming())
  }

  /** These map keys and those of all logs, each once. */
  #keys(others: Iterable<string>): Set<string> {
    const keys = new Set(others)
    for (const log of this.#logs.values()) for (const key of log.registers().keys()) keys.add(key)
    return keys
  }

  *#settle(view: LeafView, changed: readonly string[], rows: Row[]): Slices<LeafChange> {
    const ofBucket = new Map<number, string[]>()
    let sorted = 0
    for (const mapKey of changed) {
      if (++sorted % sortedPerSlice === 0) yield
      const bucket = bucketOfMapKey(mapKey)
      const same = ofBucket.get(bucket)
      if (same === undefined) ofBucket.set(bucket, [mapKey])
      else same.push(mapKey)
    }
    const buckets: BucketChange[] = []
    let work = 0
    for (const [bucket, mapKeys] of ofBucket) {
      const before = view.rows(bucket)
      for (const mapKey of mapKeys) {
        if (work++ >= keysPerSlice) yield void (work = 0)
        const winner = this.#winner(mapKey)
        view.set(mapKey, winner)
        rows.push(pinRow(mapKey, winner))
      }
      if (work + before.length >= keysPerSlice) yield void (work = 0)
      const after = view.rows(bucket)
      view.hash(bucket)
      work += after.length
      buckets.push({ bucket, before, after })
    }
    rows.push(this.summary())
    this.#weigh()
    return { rows, buckets }
  }

  #winner(mapKey: string): Seen | undefined {
    let best: { register: Register; writer: number } | undefined
    for (const { log, register } of this.registers(mapKey)) {
      const writer = log.id.writer
      if (best === undefined || beats(register.lamport, writer, best.register.lamport, best.writer))
        best = { register, writer }
    }
    return best?.register.op === 'pin' ? { register: best.register, writer: best.writer } : undefined
  }

  #isVoid(p: Provenance, head: { generation: number } | undefined): boolean {
    const stands = this.#init.stands(p, head?.generation ?? p.generation) && this.#init.stands(p, p.generation)
    return !stands && !this.#reauthored(p, head)
  }

  /** A void generation whose author went on in a later one that counts. */
  #reauthored(p: Provenance, head: { generation: number } | undefined): boolean {
    return head !== undefined && head.generation > p.generation && this.#init.stands(p, head.generation)
  }

  #tookBack(log: Log, head: { generation: number; seq: number }, p: Provenance, hold: Hold): boolean {
    const later = head.generation > p.generation || (head.generation === p.generation && head.seq > p.seq)
    for (const [mapKey, register] of log.registers()) {
      if (register.op !== 'pin' || compareBytes(parseMapKey(mapKey).key, hold.key) !== 0) continue
      // It still asks. Only a later unpin of another writer may have ended that.
      const overruled = this.registers(mapKey).some(
        (other) =>
          other.register.op === 'unpin' &&
          beats(other.register.lamport, other.log.id.writer, register.lamport, p.writer)
      )
      if (!overruled) return false
      continue
    }
    return later || [...log.registers().keys()].some((mapKey) => compareBytes(parseMapKey(mapKey).key, hold.key) === 0)
  }
}

function beats(lamportA: number, writerA: number, lamportB: number, writerB: number): boolean {
  return lamportA > lamportB || (lamportA === lamportB && writerA > writerB)
}

function entryRowKey({ prefix, prefixLen, writer }: LogId, { generation, seq }: Place): Uint8Array {
  return new Writer().u16(prefix).u8(prefixLen).u32(writer).u32(generation).u32(seq).finish()
}

function pinRow(mapKey: string, seen: Seen | undefined): Row {
  const { key, slot } = parseMapKey(mapKey)
  const value = seen === undefined ? null : new Writer().u32(seen.writer).raw(encodeRegister(seen.register)).finish()
  return {
    table: 'pin',
    key: new Writer()
      .raw(key)
      .raw(fromText(slot ?? ''))
      .finish(),
    value
  }
}
