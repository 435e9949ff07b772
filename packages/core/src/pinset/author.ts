/**
 * This peer's own writing: changes wait here, are gathered into one entry a leaf and up to 64 entries a commit, get one
 * signature, and are told to others and to the one who asked only when they are on disk. While one commit is being written
 * the next one gathers, so the batch grows with the load. If the write fails, the leaves forget what they were told.
 */
import type { Crypto } from '../crypto.ts'
import { signedBytes } from '../crypto.ts'
import { commitBytesMax, encodeCommit } from '../formats/commit.ts'
import type { Entry } from '../formats/entry.ts'
import type { Register } from '../formats/register.ts'
import { merklePaths, merkleRoot } from '../formats/merkle.ts'
import { type Seal, sealedBytes, sealHash } from '../formats/seal.ts'
import type { StoredEntry } from '../formats/stored.ts'
import type { Agenda } from '../loop/agenda.ts'
import type { Disk } from '../loop/disk.ts'
import { Front } from '../loop/front.ts'
import type { Outbox } from '../loop/outbox.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Row } from '../effects.ts'
import { Writer } from '../bytes/writer.ts'
import type { Leaf, LeafChange } from './leaf.ts'
import type { Leaves } from './leaves.ts'
import type { LogId } from './log.ts'
import { rebuiltRowKey } from './rebuilt.ts'
import type { PinRow } from './view.ts'

/** Entries a seal may cover. */
export const commitEntriesMax = 64
/** A commit is sealed when its entries reach this size, so that it fits a gossip message of 64 KiB. */
const draftBytesMax = 40 * 1024
/** Entries of the first commit after a rest; each one that follows may have twice as many. */
const commitEntriesFirst = 8
/** Ms without a commit that are a rest. */
const restMs = 100
/** Changes that may wait before new ones are refused. */
export const changesMax = 100_000

/** The new register of a key, null for a plain delete, undefined for no change. */
export type Change = (leaf: Leaf) => Register | null | undefined

export interface Waiting {
  readonly leaf: number
  readonly mapKey: string
  readonly change: Change
  /** rows that have to be on disk together with the change */
  readonly rows?: (leaf: Leaf) => Row[]
  /** write an entry even if nothing changes: the log has to be authored anew */
  readonly anew?: boolean
  readonly done: (code: string | undefined) => void
}

interface Drafted {
  readonly stored: StoredEntry
  readonly leaf: Leaf
  readonly change: LeafChange
  readonly rows: readonly Row[]
  readonly waiting: readonly Waiting[]
}

export interface AuthorInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly disk: Disk
  readonly leaves: Leaves
  /** this peer's writer id now, undefined when it may not write */
  readonly writer: () => number | undefined
  readonly keySeq: () => number
  /** the generation to write this leaf's log in, undefined to go on with the head's */
  readonly generation: (leaf: number) => number | undefined
  /** memory has changed: view and claims follow */
  readonly leafChanged: (leaf: Leaf, change: LeafChange) => void
  /** a commit is on disk: tell the others; undefined: it is too large for a message */
  readonly publish: (commit: Uint8Array | undefined) => void
  readonly leafWritten: (leaf: Leaf) => void
}

export class Author {
  readonly #init: AuthorInit
  readonly #ready = new Map<number, Waiting[]>()
  readonly #nextReady = new Front(this.#ready)
  #draft: Drafted[] = []
  #draftBytes = 0
  /** entries that the next commit may have: what comes in bulk is on disk, and its work begun, before all of it is drafted */
  #entriesMax = commitEntriesFirst
  /** mono ms */
  #sealedAt = -Infinity
  #writing = false
  #queued = false
  #waiting = 0
  #open = false
  #unsure = false
  #commit = 0
  #prevCommit: Uint8Array = new Uint8Array(32)

  constructor(init: AuthorInit) {
    this.#init = init
  }

  /** Takes up the commit numbers where they stood before the restart. */
  resume(commit: number, prevCommit: Uint8Array): void {
    this.#commit = commit
    this.#prevCommit = prevCommit
  }

  /** The store is not the one that the last life wrote: only a round with a member opens it. */
  doubt(): void {
    this.#unsure = true
  }

  /** Must changes be refused, since what was written before is not known? */
  get unsure(): boolean {
    return this.#unsure
  }

  /**
   * The first write after a start waits until the own logs are known to be as new as the others' (DESIGN section 5): `met`, after a
   * round with a member, or else after some time, unless the store was built anew.
   */
  open(met: boolean): void {
    if (this.#unsure && !met) return
    if (this.#unsure) {
      this.#unsure = false
      this.#init.disk.write({ rows: [{ table: 'meta', key: rebuiltRowKey, value: null }] })
      this.#init.outbox.note('store-level', 'What the lost store held has come back from the others.')
    }
    this.#open = true
    this.#wake()
  }

  get full(): boolean {
    return this.#waiting >= changesMax
  }

  change(waiting: Waiting): void {
    this.#waiting++
    this.#init.leaves.with(waiting.leaf, () => this.#gather(waiting))
  }

  /** As `change`, by whoever has the leaf in hand: what was asked for later does not get before it. */
  changeAtOnce(waiting: Waiting): void {
    this.#waiting++
    this.#gather(waiting)
  }

  #gather(waiting: Waiting): void {
    const same = this.#ready.get(waiting.leaf)
    if (same === undefined) this.#ready.set(waiting.leaf, [waiting])
    else same.push(waiting)
    this.#wake()
  }

  #wake(): void {
    if (this.#queued || !this.#open) return
    this.#queued = true
    this.#init.agenda.soon(() => {
      this.#queued = false
      this.#work()
    })
  }

  /** One unit: drafts one leaf's entry, or seals what is drafted. */
  #work(): void {
    if (this.#rested) this.#entriesMax = commitEntriesFirst
    if (this.#draft.length < this.#entriesMax && this.#draftBytes < draftBytesMax) {
      const leaf = this.#nextReady.next()
      if (leaf !== undefined) {
        const waiting = this.#ready.get(leaf) as Waiting[]
        const together = upToRepeated(waiting)
        this.#ready.delete(leaf)
        if (together.length < waiting.length) this.#ready.set(leaf, waiting.slice(together.length))
        this.#init.leaves.with(leaf, (resident) => this.#draftOne(resident, together))
        return
      }
    }
    if (!this.#writing && this.#draft.length > 0) this.#seal()
  }

  get #rested(): boolean {
    return this.#draft.length === 0 && !this.#writing && this.#init.outbox.mono > this.#sealedAt + restMs
  }

  #draftOne(leaf: Leaf, waiting: Waiting[]): void {
    try {
      this.#draftEntry(leaf, waiting)
    } catch (error) {
      const code = error instanceof FormatError ? error.code : (error as { code?: string }).code
      if (code === undefined) throw error
      this.#finish(waiting, code)
    }
    this.#wake()
  }

  #draftEntry(leaf: Leaf, waiting: Waiting[]): void {
    const writer = this.#init.writer()
    if (writer === undefined) {
      this.#finish(waiting, 'MESH_NOT_A_WRITER')
      return
    }
    const changes = new Map<string, Register | null>()
    for (const { mapKey, change } of waiting) {
      const register = change(leaf)
      if (register !== undefined) changes.set(mapKey, register)
    }
    if (changes.size === 0 && !waiting.some((one) => one.anew === true)) {
      if (leaf.drafts > 0) this.#again(leaf, waiting)
      else this.#unchanged(leaf, waiting)
      return
    }
    const log = leaf.log(ownLog(writer, leaf))
    const generation = this.#init.generation(leaf.id)
    const entry: Entry = log.author(changes, {
      keySeq: this.#init.keySeq(),
      ...(generation === undefined ? {} : { generation })
    })
    const stored: StoredEntry = { entry }
    const change = leaf.append(stored)
    leaf.pending++
    leaf.drafts++
    this.#draftBytes += entry.header.length + entry.body.length
    this.#init.leafChanged(leaf, change)
    this.#draft.push({ stored, leaf, change, rows: rowsOf(waiting, leaf), waiting })
  }

  /** What is wished for stands in memory only: it is asked again when that is on disk, or is not. */
  #again(leaf: Leaf, waiting: Waiting[]): void {
    leaf.whenSettled(() => {
      this.#waiting -= waiting.length
      for (const one of waiting) this.change(one)
    })
  }

  /** What is wished for stands already; what goes with it may still have to be kept. */
  #unchanged(leaf: Leaf, waiting: Waiting[]): void {
    const rows = rowsOf(waiting, leaf)
    if (rows.length === 0) {
      this.#finish(waiting, undefined)
      return
    }
    leaf.pending++
    this.#init.disk.write({
      rows,
      sync: true,
      done: () => {
        leaf.pending--
        this.#finish(waiting, undefined)
      }
    })
  }

  #seal(): void {
    const { crypto, meshId, disk } = this.#init
    const drafted = this.#draft
    this.#draft = []
    this.#draftBytes = 0
    const hashes = drafted.map(({ stored }) => stored.entry.hash)
    const writer = drafted[0]?.stored.entry.writer ?? 0
    const before = { commit: this.#commit, prevCommit: this.#prevCommit }
    const unsigned: Seal = {
      writer,
      commit: this.#commit + 1,
      prevCommit: this.#prevCommit,
      n: hashes.length,
      root: merkleRoot(hashes, crypto),
      sig: new Uint8Array(64)
    }
    const seal: Seal = { ...unsigned, sig: crypto.sign(signedBytes('pinmesh/seal/1', meshId, sealedBytes(unsigned))) }
    this.#commit = seal.commit
    this.#prevCommit = sealHash(seal, meshId, crypto)
    const rows: Row[] = [this.#counterRow()]
    const paths = merklePaths(hashes, crypto)
    drafted.forEach(({ stored, leaf, change, rows: others }, index) => {
      rows.push(...change.rows.filter((row) => row.table !== 'entry' || row.value === null))
      rows.push(leaf.seal(stored, { seal, index, path: paths[index] as Uint8Array[] }), ...others)
    })
    this.#writing = true
    this.#entriesMax = Math.min(2 * this.#entriesMax, commitEntriesMax)
    disk.write({ rows, sync: true, rollback: true, done: (code) => this.#sealed(drafted, seal, before, code) })
  }

  #sealed(
    drafted: Drafted[],
    seal: Seal,
    before: { commit: number; prevCommit: Uint8Array },
    code: string | undefined
  ): void {
    this.#writing = false
    this.#sealedAt = this.#init.outbox.mono
    if (code === undefined) {
      this.#publish(drafted, seal)
      for (const { leaf, waiting } of drafted) {
        leaf.pending--
        leaf.draftDone()
        this.#init.leafWritten(leaf)
        this.#finish(waiting, undefined)
      }
    } else {
      this.#rollBack([...drafted, ...this.#draft], before, code)
      this.#draft = []
      this.#draftBytes = 0
    }
    this.#wake()
  }

  /** A commit that does not fit a gossip message is announced by the root in the next beat and fetched by sync. */
  #publish(drafted: readonly Drafted[], seal: Seal): void {
    const entries = drafted.map(({ stored }) => stored.entry)
    let bytes = 256
    for (const entry of entries) bytes += entry.header.length + entry.body.length + 8
    this.#init.publish(bytes <= commitBytesMax ? encodeCommit({ seal, entries }) : undefined)
  }

  /** Nothing of these commits is on disk or has been told: the leaves forget it. */
  #rollBack(drafted: Drafted[], before: { commit: number; prevCommit: Uint8Array }, code: string): void {
    this.#commit = before.commit
    this.#prevCommit = before.prevCommit
    const { leaves, disk, leafChanged, leafWritten } = this.#init
    const shown = new Map<Leaf, Map<number, readonly PinRow[]>>()
    for (const { leaf, change } of drafted) {
      leaf.pending--
      const buckets = shown.get(leaf) ?? new Map<number, readonly PinRow[]>()
      for (const { bucket, after } of change.buckets) buckets.set(bucket, after)
      shown.set(leaf, buckets)
    }
    for (const [{ id }, rows] of shown) {
      leaves.forget(id)
      leaves.with(id, (reloaded) => {
        const buckets = [...rows].map(([bucket, before]) => ({ bucket, before, after: reloaded.rows(bucket) }))
        leafChanged(reloaded, { rows: [], buckets })
        leafWritten(reloaded)
      })
    }
    // What else is on its way to disk of these leaves must be there before they are read again.
    disk.write({ rows: [], done: () => [...shown.keys()].forEach(({ id }) => leaves.reload(id)) })
    for (const { leaf, waiting } of drafted) {
      leaf.draftDone()
      this.#finish(waiting, code)
    }
  }

  #finish(waiting: readonly Waiting[], code: string | undefined): void {
    for (const { done } of waiting) {
      this.#waiting--
      done(code)
    }
  }

  #counterRow(): Row {
    return { table: 'meta', key: commitRowKey, value: new Writer().v(this.#commit).raw(this.#prevCommit).finish() }
  }
}

/** What is made of a wish depends on the one for the same key before it: each gets an entry of its own. */
function upToRepeated(waiting: readonly Waiting[]): Waiting[] {
  const seen = new Set<string>()
  for (const { mapKey } of waiting) {
    if (seen.has(mapKey)) break
    seen.add(mapKey)
  }
  return waiting.slice(0, seen.size)
}

function ownLog(writer: number, leaf: Leaf): LogId {
  return { writer, prefixLen: 12, prefix: leaf.id << 4 }
}

function rowsOf(waiting: readonly Waiting[], leaf: Leaf): Row[] {
  return waiting.flatMap((one) => one.rows?.(leaf) ?? [])
}

/** meta 'c': own commit number and the hash of that commit's seal. */
export const commitRowKey: Uint8Array = new Uint8Array([0x63])
