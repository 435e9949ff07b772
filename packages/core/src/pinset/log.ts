/**
 * One writer's log in one leaf (or, for a writer declared large, one bucket) while the core works on it: which entry
 * may come next, what the registers are, what the author's next entry is. It holds the last reset and the tail after
 * it; its items are read when registers are first asked for, and only its author has a Y.Doc. Signatures, revocations and fork proofs are judged elsewhere: what is appended here is verified.
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
import { Fold } from './fold.ts'
import { LogFullError, entrySize, firstGeneration, habitEntries, resetBytesMax, tailHasRoom } from './growth.ts'
import { Items, differing } from './items.ts'
import { keptBytes, Rows } from './rows.ts'

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

/** One map key's new register, also as it is encoded; null deletes it. */
interface Change {
  readonly mapKey: string
  readonly register: Register | null
  readonly value: Uint8Array | null
}

/** An entry of our own before it is appended, with the fold that already holds it. */
interface Authored {
  readonly entry: Entry
  readonly fold: Fold
  readonly changes: Changes
}

export class Log {
  readonly id: LogId
  readonly #context: LogContext
  readonly #rules: BodyRules
  readonly #rows: Rows
  #items: Items | undefined
  /** Of its author: the document that holds what the rows hold. */
  #fold: Fold | undefined
  /** The fold that already holds an entry which `author` made and nobody has appended yet. */
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
    return this.#rows.weight + (this.#items?.weight ?? 0) + (this.#fold?.weight ?? 0)
  }

  /** The registers by map key, in no particular order; the map is live until the next `append`, `author` or `drop`. */
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
    const before = this.#fold ?? new Fold(this.id.writer, this.#rows.bodies())
    this.#fold = undefined // what follows changes it, and this entry may never be appended
    const clock = before.clock
    const body = before.edit(edits.map(({ mapKey, value }) => [mapKey, value]))
    const { live, bytes } = before.weigh()
    if (bytes > resetBytesMax) throw new LogFullError(bytes)
    const changed: Changes = new Map(edits.map(({ mapKey, register }) => [mapKey, register]))
    const make = (kind: EntryKind, at: number, fold: Fold, update: Uint8Array): Authored => {
      const fields = { ...place.fields, kind, clock: at, count: fold.clock - at, body: update }
      return { entry: makeEntry(fields, this.#context.crypto), fold, changes: changed }
    }
    if (body !== undefined && !place.begins && this.#rows.tail.count < Math.max(habitEntries, live)) {
      const set = make('set', clock, before, body)
      if (tailHasRoom(this.#rows.tail, entrySize(set.entry))) return this.#keep(set)
    }
    const fresh = new Fold(this.id.writer)
    const whole = fresh.edit(before.state()) ?? emptyBody
    return this.#keep(make('reset', 0, fresh, whole))
  }

  /** Makes in slices the document that `author` would have to make at once. */
  *opening(): Slices {
    if (this.#fold !== undefined) return
    const fold = new Fold(this.id.writer)
    yield* fold.folding(this.#rows.bodies())
    this.#fold = fold
  }

  /** Reads in slices what `registers` would have to read at once. */
  *warming(): Slices {
    if (this.#items === undefined) {
      const items = new Items()
      yield* items.taking(this.#rows.bodies())
      this.#items = items
    }
    yield* this.#items.decoding()
  }

  /** Forgets the document and the registers; they are made again when asked for. */
  drop(): void {
    this.#items = undefined
    this.#fold = undefined
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

  #keep(authored: Authored): Entry {
    this.#authored = authored
    return authored.entry
  }

  /** The own entry that `author` has just folded: nothing to check. */
  *#adopting(entry: Entry): Slices<string[] | undefined> {
    const authored = this.#authored
    if (authored === undefined || !equalBytes(authored.entry.hash, entry.hash)) return undefined
    const { fold, changes } = authored
    if (entry.kind === 'set') yield* this.#read().taking([entry.body], changes)
    else {
      const items = new Items()
      yield* items.taking([entry.body])
      this.#items = items
    }
    this.#fold = fold
    return [...changes.keys()]
  }

  /** Checks the body, then takes it; the map keys that changed. */
  *#checking(entry: Entry): Slices<string[]> {
    yield* this.warming()
    const old = this.#read()
    this.#fold = undefined
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
const emptyBody: Uint8Array = new Uint8Array(2)
