/**
 * A store that is put together from what could still be read of a damaged one, where no other peer can be asked. Of each log what
 * still is a chain is taken up; what the index shows besides, and the logs no longer do, this peer wishes for anew where it may
 * write. It goes on in the same generation: should somebody hold more of its logs after all, that is a fork like that of any
 * restored backup, and ends with all pins of both branches (DESIGN section 5).
 */
import { compareBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import type { Row } from '../effects.ts'
import type { KeyValue } from '../events.ts'
import { decodeCharter, meshIdOf } from '../formats/charter.ts'
import { bucketOf, mapKeyOf } from '../formats/key.ts'
import { merkleRoot } from '../formats/merkle.ts'
import type { Register } from '../formats/register.ts'
import { type Seal, sealedBytes } from '../formats/seal.ts'
import { readStored, type StoredEntry } from '../formats/stored.ts'
import { Facts, isOpBeyond } from '../trust/facts.ts'
import { LogFullError } from './growth.ts'
import { Leaf } from './leaf.ts'
import { type ListedPin, readPinRow } from './listing.ts'

export interface SalvageInit {
  readonly charter: Uint8Array
  /** rows of table `fact` as far as they are left, in the order of their keys */
  readonly facts: readonly KeyValue[]
  readonly self: string
  readonly crypto: Crypto
}

/** What came of one leaf. */
export interface SalvagedLeaf {
  readonly rows: Row[]
  /** pins that are there again */
  readonly pins: number
  /** of these, wished for anew */
  readonly renewed: number
  /** known from the index and lost: this peer may not write */
  readonly lost: number
}

export class Salvage {
  /** Rows of table `fact` to go on with. */
  readonly rows: Row[]
  readonly #init: SalvageInit
  readonly #facts: Facts
  readonly #meshId: Uint8Array

  constructor(init: SalvageInit) {
    const { charter, crypto, facts } = init
    this.#init = init
    this.#meshId = meshIdOf(charter, crypto)
    this.#facts = new Facts({ meshId: this.#meshId, root: decodeCharter(charter).root, crypto })
    this.#facts.load(facts)
    const { seq } = this.#facts.keyLog
    this.rows = facts.filter((row) => !isOpBeyond(row, seq)).map((row) => ({ table: 'fact', ...row }))
  }

  /** Is enough of the key log left for a mesh to go on? */
  get usable(): boolean {
    return this.#facts.keyLog.policy !== undefined
  }

  /** `entries`, `pins`: rows of these tables as far as they are left, in any order. */
  leaf(id: number, entries: readonly KeyValue[], pins: readonly KeyValue[]): SalvagedLeaf {
    const { crypto } = this.#init
    const stands = (log: { writer: number; prefixLen: number; prefix: number }, generation: number): boolean =>
      this.#facts.keyLog.writer(log.writer)?.removed === false && !this.#facts.voided(log, generation)
    const leaf = new Leaf({ id, meshId: this.#meshId, crypto, stands, entries: [], holds: [] })
    const rows: Row[] = []
    for (const stored of provable(sorted(entries).flatMap((row) => readEntry(row, crypto)))) {
      const verdict = leaf.log(stored.entry).judge(stored.entry)
      if (verdict === 'next' || verdict === 'reset') rows.push(...orNothing(() => leaf.append(stored).rows))
    }
    const gone = pins.flatMap(readPin).filter((pin) => this.#isGone(leaf, pin))
    const anew = this.#renew(leaf, gone)
    const renewed = anew.length > 0 ? gone.length : 0
    return { rows: [...rows, ...anew], pins: leaf.view().size, renewed, lost: gone.length - renewed }
  }

  /** Does the index know of a later wish than the logs? */
  #isGone(leaf: Leaf, { key, slot, register }: ListedPin): boolean {
    if (bucketOf(key) >> 4 !== leaf.id) return false
    for (const known of leaf.registers(mapKeyOf(key, slot)))
      if (known.register.lamport >= register.lamport) return false
    return true
  }

  #renew(leaf: Leaf, pins: readonly ListedPin[]): Row[] {
    const { self, crypto } = this.#init
    const { keyLog } = this.#facts
    const writer = keyLog.writerOf(self)
    if (writer === undefined || pins.length === 0) return []
    const log = leaf.log({ writer, prefixLen: 12, prefix: leaf.id << 4 })
    const head = log.head
    const generation =
      head !== undefined && this.#facts.voided(log.id, head.generation) ? { generation: head.generation + 1 } : {}
    const wishes = new Map(pins.map(({ key, slot, register }): [string, Register] => [mapKeyOf(key, slot), register]))
    return orNothing(() => {
      const entry = log.author(wishes, { keySeq: keyLog.seq, ...generation })
      const root = merkleRoot([entry.hash], crypto)
      const unsigned: Seal = { writer, commit: 1, prevCommit: new Uint8Array(32), n: 1, root, sig: new Uint8Array(64) }
      const sig = crypto.sign(signedBytes('pinmesh/seal/1', this.#meshId, sealedBytes(unsigned)))
      return leaf.append({ entry, proof: { seal: { ...unsigned, sig }, index: 0, path: [] } }).rows
    })
  }
}

function sorted(rows: readonly KeyValue[]): KeyValue[] {
  return rows.toSorted((a, b) => compareBytes(a.key, b.key))
}

/** Those that another peer would take: of a run the last entry carries the proof for those before it. */
function provable(entries: readonly StoredEntry[]): StoredEntry[] {
  return entries.filter((stored, at) => {
    for (let n = at; ; n++) {
      const one = entries[n]
      if (one === undefined || !isSameLog(one.entry, stored.entry) || one.entry.seq !== stored.entry.seq + n - at)
        return false
      if (one.proof !== undefined) return true
    }
  })
}

function isSameLog(a: StoredEntry['entry'], b: StoredEntry['entry']): boolean {
  return a.writer === b.writer && a.prefix === b.prefix && a.prefixLen === b.prefixLen && a.generation === b.generation
}

function readEntry({ value }: KeyValue, crypto: Crypto): StoredEntry[] {
  return orNothing(() => [readStored(value, crypto)])
}

function readPin(row: KeyValue): ListedPin[] {
  return orNothing(() => [readPinRow(row)].filter((pin) => pin !== undefined))
}

/** Nothing of what breaks a rule, or would make a log too large: it is as good as unreadable. */
function orNothing<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof FormatError || error instanceof LogFullError) return []
    throw error
  }
}
