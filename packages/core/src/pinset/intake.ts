/**
 * The door for entries of other writers, whether they come by gossip (a commit) or by sync (a run of one log).
 * A signature is checked before anything is decoded further; of a run only the newest seal is, the others by previous-hash.
 * What is validly signed but cannot be placed yet (a gap, a newer key log) is not kept: it is asked for by sync.
 */
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import type { Commit } from '../formats/commit.ts'
import type { Entry } from '../formats/entry.ts'
import { contradicts, encodeFork, makeFork } from '../formats/fork.ts'
import { keyOfPeer } from '../formats/peer-id.ts'
import { merklePaths } from '../formats/merkle.ts'
import { type Seal, sealedBytes, sealHash } from '../formats/seal.ts'
import { leadsToRoot, type Proof, type SealedHeader, type StoredEntry } from '../formats/stored.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Slices } from '../loop/slices.ts'
import type { Facts } from '../trust/facts.ts'
import type { Entered, Leaf, LeafChange } from './leaf.ts'
import type { Leaves } from './leaves.ts'
import type { LogId } from './log.ts'
import { Seals } from './seals.ts'

/** Entries that may wait for their leaves; above it gossip is left to sync. */
export const waitingEntriesMax = 4096
/** Entries of a run that may be on their way to disk while the next is worked on. */
const writingEntriesMax = 1024

/** Rows before and after whose claims are carried over in one slice. */
const rowsToldPerSlice = 128

/** What an entry came to. `behind`: it needs something that is not here yet. */
export type Taken = 'new' | 'old' | 'behind' | 'unfit'

/** An entry as it came, and as it is kept once it counts. */
interface Incoming {
  readonly stored: StoredEntry
  readonly kept: StoredEntry
}

export interface IntakeInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly disk: Disk
  readonly leaves: Leaves
  readonly facts: Facts
  readonly leafChanged: (leaf: Leaf, change: LeafChange) => void
  readonly leafWritten: (leaf: Leaf) => void
  /** two contradicting headers were met */
  readonly forked: (proof: Uint8Array) => void
  /** a writer was removed while an entry of it was on its way into this leaf */
  readonly overtaken: (leaf: number) => void
}

export class Intake {
  readonly #init: IntakeInit
  readonly #seals: Seals
  readonly #commits = new Map<number, { commit: number; hash: Uint8Array }>()
  #waiting = 0
  /** of those the ones that are not judged yet */
  #unjudged = 0

  constructor(init: IntakeInit) {
    this.#init = init
    this.#seals = new Seals(init.crypto)
  }

  /** Entries that wait for their leaves or the disk. */
  get waiting(): number {
    return this.#waiting
  }

  /** Is there enough to work on, so that more had better come later? */
  get busy(): boolean {
    return this.#unjudged > 0 || this.#waiting > writingEntriesMax
  }

  get full(): boolean {
    return this.#waiting >= waitingEntriesMax
  }

  /**
   * Takes a commit whose root was checked in decoding. `jump`: commits of this writer before it have not been seen.
   * Throws FormatError if it is forged.
   */
  takeCommit(commit: Commit, judged: (taken: Taken) => void): { known: boolean; jump: boolean } {
    if (!this.#knows(commit.seal)) return { known: false, jump: false }
    const seal = this.#verify(commit.seal)
    const jump = this.#follow(commit.seal)
    const paths = merklePaths(
      commit.entries.map((entry) => entry.hash),
      this.#init.crypto
    )
    commit.entries.forEach((entry, index) => {
      const proof: Proof = { seal, index, path: paths[index] as Uint8Array[] }
      const stored = { entry, proof }
      this.#place([{ stored, kept: stored }], judged)
    })
    return { known: true, jump }
  }

  /** Takes a run of one log, oldest first, whose last entry carries the proof. Throws FormatError if it is forged. */
  takeRun(run: readonly StoredEntry[], judged: (taken: Taken) => void): void {
    if (!this.verifyRun(run)) return judged('behind')
    this.#place(
      run.map((stored) => ({ stored, kept: this.#vouched(stored) })),
      judged
    )
  }

  /** Is the run a chain under its writer's seal? False if the writer is not known yet; throws FormatError if it is forged. */
  verifyRun(run: readonly StoredEntry[]): boolean {
    const last = run.at(-1)
    if (last?.proof === undefined) throw new FormatError('a run of entries ends without a seal')
    const { entry, proof } = last
    for (let n = 1; n < run.length; n++)
      if (!follows(run[n - 1]!.entry, run[n]!.entry)) throw new FormatError('a run of entries is not a chain')
    if (proof.seal.writer !== entry.writer) throw new FormatError('an entry is not under its seal')
    if (!this.#knows(proof.seal)) return false
    this.#verify(proof.seal)
    if (!this.#seals.covers(entry.hash, proof)) throw new FormatError('an entry is not under its seal')
    return true
  }

  /** Of a run only the newest seal is checked: what others would refuse of us must not be kept. */
  #vouched(stored: StoredEntry): StoredEntry {
    const { entry, proof } = stored
    if (proof === undefined) return stored
    const seal = this.#seals.good(proof.seal)
    if (seal === undefined) return { entry }
    if (seal.writer !== entry.writer || !this.#seals.covers(entry.hash, proof))
      throw new FormatError('an entry is not under its seal')
    proof.seal = seal
    return stored
  }

  #knows(seal: Seal): boolean {
    return this.#init.facts.keyLog.writer(seal.writer) !== undefined
  }

  #verify(seal: Seal): Seal {
    const known = this.#seals.good(seal)
    if (known !== undefined) return known
    const writer = this.#init.facts.keyLog.writer(seal.writer)
    const signed = signedBytes('pinmesh/seal/1', this.#init.meshId, sealedBytes(seal))
    if (writer === undefined || !this.#init.crypto.verify(keyOfPeer(writer.peer), signed, seal.sig)) {
      throw new FormatError('a seal is not signed by its writer')
    }
    return this.#seals.add(seal)
  }

  /** Commit numbers only tell that something was missed; they decide nothing. */
  #follow(seal: Seal): boolean {
    const { crypto, meshId } = this.#init
    const before = this.#commits.get(seal.writer)
    if (before !== undefined && seal.commit <= before.commit) return false
    this.#commits.set(seal.writer, { commit: seal.commit, hash: sealHash(seal, meshId, crypto) })
    if (before === undefined) return seal.commit > 1
    return seal.commit > before.commit + 1 || !equalBytes(seal.prevCommit, before.hash)
  }

  #place(run: readonly Incoming[], judged: (taken: Taken) => void): void {
    const { entry } = (run[0] as Incoming).stored
    this.#waiting += run.length
    this.#unjudged += run.length
    const leafId = entry.prefix >> 4
    const init = this.#init
    const enter = function* (this: Intake, leaf: Leaf): Slices {
      if (leaf.drafts === 0) yield* this.#enter(leaf, run, judged)
      else leaf.whenSettled(() => init.leaves.slicesNow(leafId, entering))
    }
    const entering = enter.bind(this)
    init.leaves.slices(leafId, entering)
  }

  *#enter(leaf: Leaf, run: readonly Incoming[], judged: (taken: Taken) => void): Slices {
    const { writer } = (run[0] as Incoming).stored.entry
    let taken: Taken = 'old'
    const entered: Entered[] = []
    try {
      for (const one of run) {
        const came = yield* this.#enterOne(leaf, one, entered)
        if (came !== 'old') taken = came
        if (came === 'behind' || came === 'unfit') break
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      taken = 'unfit'
      this.#init.outbox.note('entry-refused', 'An entry was validly signed and broke a rule; its writer is at fault.', {
        writer,
        reason: error.message
      })
    }
    this.#unjudged -= run.length
    judged(taken)
    if (entered.length === 0) {
      this.#waiting -= run.length
      return
    }
    // Once for the whole run: what one of its entries shows the next may replace.
    const change = yield* leaf.settling(entered)
    yield* this.#changed(leaf, change)
    const { rows } = change
    leaf.pending++
    const done = (): void => {
      leaf.pending--
      this.#waiting -= run.length
      this.#init.leafWritten(leaf)
      if (this.#init.facts.keyLog.writer(writer)?.removed === true) this.#init.overtaken(leaf.id)
    }
    this.#init.disk.write({ rows, done })
  }

  *#enterOne(leaf: Leaf, { stored, kept }: Incoming, entered: Entered[]): Slices<Taken> {
    const { entry } = stored
    const { facts } = this.#init
    const id: LogId = { writer: entry.writer, prefixLen: entry.prefixLen, prefix: entry.prefix }
    if (entry.keySeq > facts.keyLog.seq) return 'behind'
    if (facts.keyLog.writer(entry.writer)?.removed === true || facts.voided(id, entry.generation)) return 'unfit'
    const log = leaf.log(id)
    const verdict = log.judge(entry)
    if (verdict === 'old') return 'old'
    if (verdict === 'gap') return 'behind'
    if (verdict === 'fork') {
      this.#prove(log.entries, stored)
      return 'unfit'
    }
    entered.push(yield* leaf.entering(kept))
    return 'new'
  }

  /** Says what has changed, so many rows in a slice. */
  *#changed(leaf: Leaf, { buckets }: LeafChange): Slices {
    let told = 0
    for (const bucket of buckets) {
      if (told > rowsToldPerSlice) yield void (told = 0)
      told += bucket.before.length + bucket.after.length
      this.#init.leafChanged(leaf, { rows: [], buckets: [bucket] })
    }
  }

  /** Makes the proof from an entry held and the one that contradicts it; both must be sealed. */
  #prove(held: readonly StoredEntry[], stored: StoredEntry): void {
    const { proof, entry } = stored
    const { crypto } = this.#init
    if (proof === undefined || !leadsToRoot(entry.hash, proof, crypto)) return
    const header = headerOf(entry, proof)
    for (const mine of held) {
      if (mine.proof === undefined || Math.abs(mine.entry.seq - entry.seq) > 1) continue
      const other = headerOf(mine.entry, mine.proof)
      if (contradicts(other, header)) return this.#init.forked(encodeFork(makeFork(other, header)))
    }
  }
}

function follows(before: Entry, entry: Entry): boolean {
  return (
    entry.writer === before.writer &&
    entry.prefix === before.prefix &&
    entry.prefixLen === before.prefixLen &&
    entry.generation === before.generation &&
    entry.seq === before.seq + 1 &&
    equalBytes(entry.prev, before.hash)
  )
}

function headerOf(entry: Entry, proof: Proof): SealedHeader {
  return { header: entry, bytes: entry.header, hash: entry.hash, ...proof }
}
