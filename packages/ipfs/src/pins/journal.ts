// Which pins there are and which blocks each needs, on disk.
//
// Not a count per block but the edges themselves, written from both ends: (pin number, multihash) and (multihash, pin
// number). A count must be right after every crash and cannot be checked; a set of edges can be written and erased
// again and again with the same outcome. So a pin of a million blocks is recorded in slices, no step reads what it
// writes, releasing a small pin costs three rows however many pins there are, and "who needs this block?" is one look
// at a prefix. A mark-and-sweep would read every pin to release one.
//
// Order: edges first, the pin's own row with the last slice; that row is the moment the pin exists. A release erases the
// pin's row first. In between, and after a crash in between, the pin number's row stays, so that the next start finds
// edges that belong to nobody (see repair.ts).

import { CID } from 'multiformats/cid'
import type { PinMode } from '../content.ts'
import {
  blockPrefix,
  doubtKey,
  edgePrefix,
  key,
  metaPrefix,
  number48,
  numberPrefix,
  ownerPrefix,
  pinPrefix,
  readNumber48
} from '../blocks/keys.ts'
import { slices } from '../blocks/rows.ts'
import type { RowChange, Rows } from '../blocks/rows.ts'

/** `pinned`: whole and durable. `partial`: an acquisition that did not get to its end, or a pin with a damaged block. */
export type PinState = 'pinned' | 'partial'

export interface PinRecord {
  number: number
  state: PinState
  mode: PinMode
  /** of the blocks of the DAG; 0 while partial */
  bytes: number
}

/** Edges of one batch. */
const sliceMax = 500

export class Journal {
  readonly #rows: Rows
  #next = 1
  /** As its row says; asked for each block that is collected. */
  #doubtful = false

  constructor(rows: Rows) {
    this.#rows = rows
  }

  async open(): Promise<void> {
    this.#doubtful = this.#rows.get(doubtKey) !== undefined
    const last = await this.#rows.last(key(numberPrefix))
    this.#next = last === undefined ? 1 : readNumber48(last.key.subarray(1)) + 1
  }

  record(cid: CID): PinRecord | undefined {
    const value = this.#rows.get(key(pinPrefix, cid.bytes))
    return value === undefined ? undefined : decodeRecord(value)
  }

  async *records(): AsyncGenerator<{ cid: CID; record: PinRecord }> {
    for await (const slice of slices(this.#rows, key(pinPrefix))) {
      for (const row of slice) yield { cid: CID.decode(row.key.subarray(1)), record: decodeRecord(row.value) }
    }
  }

  /** Every pin number in use, with its CID, whether or not a pin's row still names it. */
  async *numbers(): AsyncGenerator<{ number: number; cid: CID }> {
    for await (const slice of slices(this.#rows, key(numberPrefix))) {
      for (const row of slice) yield { number: readNumber48(row.key.subarray(1)), cid: CID.decode(row.value) }
    }
  }

  /** Records a pin with the blocks it needs. The number it had before keeps its edges: drop them with erase(). */
  async write(cid: CID, pin: Omit<PinRecord, 'number'>, blocks: Iterable<Uint8Array>): Promise<PinRecord> {
    const record: PinRecord = { ...pin, number: this.#next++ }
    const number = number48(record.number)
    let changes: RowChange[] = [{ key: key(numberPrefix, number), value: cid.bytes }]
    for (const multihash of blocks) {
      if (changes.length >= 2 * sliceMax) {
        await this.#rows.write(changes)
        changes = []
      }
      changes.push({ key: key(edgePrefix, number, multihash), value: nothing })
      changes.push({ key: key(ownerPrefix, multihash, number), value: nothing })
    }
    changes.push({ key: key(pinPrefix, cid.bytes), value: encodeRecord(record) })
    await this.#rows.write(changes)
    return record
  }

  /** Erases the pin's row and its edges, yielding the blocks of each erased slice: some may be needed by nobody now. */
  async *remove(cid: CID, record: PinRecord): AsyncGenerator<Uint8Array[]> {
    const first = await this.#edges(record.number)
    const pinRow: RowChange = { key: key(pinPrefix, cid.bytes), value: null }
    if (first.length < sliceMax) {
      await this.#rows.write([pinRow, ...erasures(record.number, first), numberRow(record.number)])
      yield first
      return
    }
    await this.#rows.write([pinRow])
    yield* this.erase(record.number)
  }

  /** Erases the edges of a number that no pin's row names any more. */
  async *erase(number: number): AsyncGenerator<Uint8Array[]> {
    while (true) {
      const blocks = await this.#edges(number)
      const last = blocks.length < sliceMax
      await this.#rows.write(last ? [...erasures(number, blocks), numberRow(number)] : erasures(number, blocks))
      yield blocks
      if (last) return
    }
  }

  /** The blocks a number has edges to. */
  async *blocks(number: number): AsyncGenerator<Uint8Array> {
    const prefix = key(edgePrefix, number48(number))
    for await (const slice of slices(this.#rows, prefix)) {
      for (const row of slice) yield row.key.slice(prefix.length)
    }
  }

  async needed(multihash: Uint8Array): Promise<boolean> {
    return (await this.#rows.range(key(ownerPrefix, multihash), undefined, 1)).length > 0
  }

  /** A block is gone: its pins are no pins any more, but keep what else they have. Returns which they are. */
  async demote(multihash: Uint8Array): Promise<CID[]> {
    const demoted: CID[] = []
    const prefix = key(ownerPrefix, multihash)
    for await (const slice of slices(this.#rows, prefix)) {
      const changes: RowChange[] = []
      for (const row of slice) {
        const number = row.key.subarray(prefix.length)
        const cidBytes = this.#rows.get(key(numberPrefix, number))
        if (cidBytes === undefined) continue
        const cid = CID.decode(cidBytes)
        const record = this.record(cid)
        if (record?.number !== readNumber48(number) || record.state !== 'pinned') continue
        changes.push({ key: key(pinPrefix, cidBytes), value: encodeRecord({ ...record, state: 'partial' }) })
        demoted.push(cid)
      }
      await this.#rows.write(changes)
    }
    return demoted
  }

  /** Bytes in use at the last clean stop; undefined when the last stop was none. Reading it opens a new run. */
  async beginRun(): Promise<number | undefined> {
    const value = this.#rows.get(key(metaPrefix, cleanName))
    if (value === undefined) return undefined
    await this.#rows.write([{ key: key(metaPrefix, cleanName), value: null }])
    return readNumber48(value)
  }

  /** May rows be missing of what it has held? Then nothing is deleted on its word. */
  get doubtful(): boolean {
    return this.#doubtful
  }

  async doubt(): Promise<void> {
    await this.#rows.write([{ key: doubtKey, value: new Uint8Array([1]) }])
    this.#doubtful = true
  }

  /** What it stands for was found again. */
  async trust(): Promise<void> {
    await this.#rows.write([{ key: doubtKey, value: null }])
    this.#doubtful = false
  }

  /** Has nothing ever been written in it? */
  async isNew(): Promise<boolean> {
    return (
      this.#rows.get(key(metaPrefix, cleanName)) === undefined &&
      (await this.#rows.last(key(blockPrefix))) === undefined
    )
  }

  async endRun(usedBytes: number): Promise<void> {
    await this.#rows.write([{ key: key(metaPrefix, cleanName), value: number48(usedBytes) }])
  }

  async #edges(number: number): Promise<Uint8Array[]> {
    const prefix = key(edgePrefix, number48(number))
    return (await this.#rows.range(prefix, undefined, sliceMax)).map((row) => row.key.slice(prefix.length))
  }
}

const nothing = new Uint8Array()
const cleanName = new Uint8Array(Buffer.from('clean'))

function numberRow(number: number): RowChange {
  return { key: key(numberPrefix, number48(number)), value: null }
}

function erasures(number: number, blocks: readonly Uint8Array[]): RowChange[] {
  const bytes = number48(number)
  return blocks.flatMap((multihash) => [
    { key: key(edgePrefix, bytes, multihash), value: null },
    { key: key(ownerPrefix, multihash, bytes), value: null }
  ])
}

/** state u8, mode u8, number u48, bytes u48 */
function encodeRecord(record: PinRecord): Uint8Array {
  const head = new Uint8Array([record.state === 'pinned' ? 1 : 0, record.mode === 'recursive' ? 1 : 0])
  return new Uint8Array([...head, ...number48(record.number), ...number48(record.bytes)])
}

function decodeRecord(value: Uint8Array): PinRecord {
  return {
    state: value[0] === 1 ? 'pinned' : 'partial',
    mode: value[1] === 1 ? 'recursive' : 'direct',
    number: readNumber48(value.subarray(2)),
    bytes: readNumber48(value.subarray(8))
  }
}
