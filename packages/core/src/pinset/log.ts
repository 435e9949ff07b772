/**
 * One writer's log in one leaf (or, for a writer declared large, one bucket) while the core works on it: which entry
 * may come next, what the registers are, what the author's next entry is. It holds the last reset and the tail after
 * it; its items are read when registers are first asked for. Signatures, revocations and fork proofs are judged
 * elsewhere: what is appended here is verified.
 */

import { equalBytes } from '../bytes/compare.ts'
import type { Crypto } from '../crypto.ts'
import { zeroHash } from '../formats/check.ts'
import { makeEntry } from '../formats/entry.ts'
import type { Entry, EntryFields, EntryKind } from '../formats/entry.ts'
import { encodeRegister } from '../formats/register.ts'
import type { Register } from '../formats/register.ts'
import { encodeStored, storedBody, type StoredEntry } from '../formats/stored.ts'
import { finish, type Slices } from '../loop/slices.ts'
import { checkingBody, checkValue, noHistory } from './body.ts'
import type { BodyRules, Changes } from './body.ts'
import { checkHeader, judgeEntry } from './chain.ts'
import type { Verdict } from './chain.ts'
import { LogFullError, entrySize, firstGeneration, habitEntries, resetBytesMax, tailHasRoom } from './growth.ts'
import { Items, differing } from './items.ts'
import { keptBytes, Rows } from './rows.ts'
import { type Edit, type Update, updateOf } from './update.ts'

export { LogFullError, resetBytesMax, tailBytesMax, tailEntriesMax } from './growth.ts'
export type { Verdict } from './chain.ts'

export interface LogId {
  readonly writer: number
  readonly prefixLen: 12 | 16
  /** 16 bits, the low four zero for prefixLen 12. */
  readonly prefix: number
}

export interface LogContext {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  /** Whether the key log declares the writer large; only then may prefixLen be 16. Default: false. */
  readonly large?: boolean
}

export interface Head {
  readonly generation: number
  readonly seq: number
  readonly hash: Uint8Array
}

export interface AuthorInit {
  /** The author's position in the key log. */
  readonly keySeq: number
  /** Default: the head's, or 0. A higher one begins a new history with a reset. */
  readonly generation?: number
}

/** What an entry did: the rows it replaces, and the map keys whose register is no longer the same. */
export interface Appended {
  /** places of the rows that it replaces */
  readonly dropped: Place[]
  readonly changed: string[]
  /** what it is stored as */
  readonly bytes: Uint8Array
}

/** Of an entry in its log. */
export interface Place {
  readonly generation: number
  readonly seq: number
}

/** An edit, with the register that it makes. */
interface Change extends Edit {
  readonly register: Register | null
}

/** An entry of our own before it is appended. */
interface Authored {
  readonly entry: Entry
  readonly changes: Changes
}

export class Log {
  readonly id: LogId
  readonly #context: LogContext
  readonly #rules: BodyRules
  readonly #rows: Rows
  #items: Items | undefined
  /** An entry which `author` made and nobody has appended yet. */
  #authored: Authored | undefined

  constructor(id: LogId, context: LogContext) {
    this.id = id
    this.#context = context
    this.#rows = new Rows(context.crypto)
    this.#rules = { meshId: context.meshId, crypto: context.crypto, prefixLen: id.prefixLen, prefix: id.prefix }
  }

  /**
   * Takes up rows from the own disk, which were checked when they were stored: of the highest generation only, the
   * reset first (if any), then the tail. Throws if they are no chain: then the disk is damaged.
   */
  static load(id: LogId, stored: readonly StoredEntry[], context: LogContext): Log {
    const log = new Log(id, context)
    for (const row of stored) {
      const verdict = log.judge(row.entry)
      const fits = verdict === 'next' || (verdict === 'reset' && log.#rows.length === 0)
      if (!fits) throw new Error(`the stored rows of a log are no chain: ${verdict} at ${row.entry.seq}`)
      log.#rows.hold(row.entry, keptBytes(row))
    }
    return log
  }

  get head(): Head | undefined {
    const { newest } = this.#rows
    return newest && { generation: newest.generation, seq: newest.seq, hash: newest.hash }
  }

  /** The reset (if any) and the tail, decoded for the occasion. */
  get entries(): readonly StoredEntry[] {
    return this.#rows.all()
  }

  /** The entry of a sequence number, decoded for the occasion. */
  at(seq: number): StoredEntry | undefined {
    return this.#rows.at(seq)
  }

  /** Those from one sequence number up to another, as they are stored. */
  stored(from: number, to: number): Uint8Array[] {
    return this.#rows.stored(from, to)
  }

  /** Entries since the last reset. */
  get tailCount(): number {
    return this.#rows.tail.count
  }

  /** Bytes of headers and bodies since the last reset. */
  get tailBytes(): number {
    return this.#rows.tail.bytes
  }

  /** Bytes of memory, about. */
  get weight(): number {
    return this.#rows.weight + (this.#items?.weight ?? 0)
  }

  /** The registers by map key, in no particular order; the map is live until the next `append` or `drop`. */
  registers(): ReadonlyMap<string, Register> {
    return this.#read().registers()
  }

  /** Where an entry of this log stands; says nothing yet about its body. */
  judge(entry: Entry): Verdict {
    return judgeEntry(entry, this.#rows)
  }

  /**
   * Takes an entry that was judged `next` or `reset`. FormatError, and nothing changed, if the entry breaks a rule.
   * `dropped` are the rows that it replaces, `changed` the map keys whose register is no longer the same; with a new
   * generation these are all of the old and the new, because the old may have been void.
   */
  append(stored: StoredEntry): Appended {
    return finish(this.appending(stored))
  }

  /** The same in slices: until it ends nothing else may be done with the log. */
  *appending(stored: StoredEntry): Slices<Appended> {
    const { entry } = stored
    const verdict = this.judge(entry)
    if (verdict !== 'next' && verdict !== 'reset') throw new Error(`an entry judged ${verdict} cannot be appended`)
    const { newest, tail } = this.#rows
    checkHeader(entry, { ...this.id, large: this.#context.large === true, newest, tail })
    const bytes = keptBytes(stored)
    const kept = { ...entry, body: storedBody(bytes) }
    const renewed = newest !== undefined && newest.generation !== entry.generation
    const old = renewed ? [...this.registers().keys()] : []
    const changed = (yield* this.#adopting(kept)) ?? (yield* this.#checking(kept))
    const dropped = verdict === 'reset' ? this.#places() : []
    this.#authored = undefined
    this.#rows.hold(entry, bytes)
    return { dropped, bytes, changed: renewed ? [...new Set([...old, ...this.registers().keys()])] : changed }
  }

  /** An entry that was appended without its proof has it now. Returns what it is stored as. */
  seal(stored: StoredEntry): Uint8Array {
    const bytes = encodeStored(stored)
    this.#rows.replace(stored.entry, bytes)
    return bytes
  }

  /**
   * Makes the author's next entry; null deletes a key. It is a reset when the tail is due for one, when `generation`
   * is above the head's, and when nothing changes (so an idle log is compacted). It is not appended: `append` does
   * that once the entry has its seal. LogFullError if the pins would not fit into a reset; FormatError for a key
   * that is not of this log.
   */
  author(changes: ReadonlyMap<string, Register | null>, init: AuthorInit): Entry {
    const edits = this.#edits(changes)
    const place = this.#place(init)
    const before = this.#read()
    const { live, bytes } = before.after(edits)
    if (bytes > resetBytesMax) throw new LogFullError(bytes)
    const make = (kind: EntryKind, clock: number, update: Update): Entry =>
      makeEntry({ ...place.fields, kind, clock, ...update }, this.#context.crypto)
    const keep = (entry: Entry): Entry => {
      this.#authored = { entry, changes: new Map(edits.map(({ mapKey, register }) => [mapKey, register])) }
      return entry
    }
    const update = updateOf(this.id.writer, edits, before)
    if (update !== undefined && !place.begins && this.#rows.tail.count < Math.max(habitEntries, live)) {
      const set = make('set', before.clock, update)
      if (tailHasRoom(this.#rows.tail, entrySize(set))) return keep(set)
    }
    return keep(make('reset', 0, updateOf(this.id.writer, before.state(edits), new Items()) ?? emptyUpdate))
  }

  /** Reads in slices what `registers` and `author` would have to read at once. */
  *warming(): Slices {
    if (this.#items === undefined) {
      const items = new Items()
      yield* items.taking(this.#rows.bodies())
      this.#items = items
    }
    yield* this.#items.decoding()
  }

  /** Forgets the registers; they are made again when asked for. */
  drop(): void {
    this.#items = undefined
    this.#authored = undefined
  }

  #places(): Place[] {
    const { newest, firstSeq, length } = this.#rows
    return Array.from({ length }, (_, n) => ({ generation: newest?.generation ?? 0, seq: firstSeq + n }))
  }

  #read(): Items {
    if (this.#items !== undefined) return this.#items
    const items = new Items()
    finish(items.taking(this.#rows.bodies()))
    this.#items = items
    return items
  }

  /** The changes as encoded registers in the order of their keys; FormatError if one is not of this log. */
  #edits(changes: ReadonlyMap<string, Register | null>): Change[] {
    const edits: Change[] = []
    for (const [mapKey, register] of changes) {
      const value = register === null ? null : encodeRegister(register)
      edits.push({ mapKey, register: value && checkValue(mapKey, value, this.#rules), value })
    }
    return edits.sort((a, b) => (a.mapKey < b.mapKey ? -1 : 1))
  }

  /** Where the next entry stands in the chain, and whether it begins a generation and so has to be a reset. */
  #place(init: AuthorInit): { fields: Omit<EntryFields, 'kind' | 'clock' | 'count' | 'body'>; begins: boolean } {
    const head = this.head
    const generation = init.generation ?? head?.generation ?? firstGeneration
    if (head !== undefined && generation < head.generation) throw new Error('a generation cannot go back')
    const last = head?.generation === generation ? head : undefined
    const { seq, prev } = last === undefined ? { seq: 1, prev: zeroHash } : { seq: last.seq + 1, prev: last.hash }
    const fields = { ...this.id, generation, keySeq: init.keySeq, seq, prev }
    return { fields, begins: last === undefined && generation > firstGeneration }
  }

  /** The own entry that `author` has just made: nothing to check. */
  *#adopting(entry: Entry): Slices<string[] | undefined> {
    const authored = this.#authored
    if (authored === undefined || !equalBytes(authored.entry.hash, entry.hash)) return undefined
    const { changes } = authored
    if (entry.kind === 'set') yield* this.#read().taking([entry.body], changes)
    else {
      const items = new Items()
      yield* items.taking([entry.body])
      this.#items = items
    }
    return [...changes.keys()]
  }

  /** Checks the body, then takes it; the map keys that changed. */
  *#checking(entry: Entry): Slices<string[]> {
    yield* this.warming()
    const old = this.#read()
    if (entry.kind === 'set') {
      const changes = yield* checkingBody(entry, old, this.#rules)
      yield* old.taking([entry.body], changes)
      return [...changes.keys()]
    }
    const changes = yield* checkingBody(entry, noHistory, this.#rules)
    const items = new Items()
    yield* items.taking([entry.body], changes)
    this.#items = items
    return yield* differing(old, items)
  }
}

/** A Yjs v1 update of no structs and no deletes. */
const emptyUpdate: Update = { body: new Uint8Array(2), count: 0 }
