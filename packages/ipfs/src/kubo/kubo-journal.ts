// Which pins of a Kubo are this peer's business, on disk. Kubo keeps one pin for a CID, whoever asked for it; so what
// must be known later is written down before Kubo is told anything: a pin without a row is none of ours.

import { CID } from 'multiformats/cid'
import { key, number48, pinPrefix, readNumber48 } from '../blocks/keys.ts'
import { slices } from '../blocks/rows.ts'
import type { Rows } from '../blocks/rows.ts'
import type { PinMode } from '../content.ts'

export interface KuboRecord {
  /** `partial`: Kubo may or may not have the pin. */
  state: 'pinned' | 'partial'
  mode: PinMode
  /** of the blocks of the DAG; 0 while partial */
  bytes: number
  /** Whose pin it is in Kubo: one that was there before us is never removed. */
  maker: 'us' | 'others'
  /** The name of somebody's direct pin of the same CID that had to make way for ours: put back when ours goes. */
  replaced: string | undefined
}

export class KuboJournal {
  readonly #rows: Rows
  #usedBytes = 0

  constructor(rows: Rows) {
    this.#rows = rows
  }

  async open(): Promise<void> {
    await this.#rows.open()
    this.#usedBytes = 0
    for await (const { record } of this.records()) this.#usedBytes += record.bytes
  }

  async close(): Promise<void> {
    await this.#rows.close()
  }

  /** Bytes of all pins, blocks that pins share counted once for each. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#rows.last(key(pinPrefix))) === undefined
  }

  record(cid: CID): KuboRecord | undefined {
    const value = this.#rows.get(key(pinPrefix, cid.bytes))
    return value === undefined ? undefined : decode(value)
  }

  async *records(): AsyncGenerator<{ cid: CID; record: KuboRecord }> {
    for await (const slice of slices(this.#rows, key(pinPrefix))) {
      for (const row of slice) yield { cid: CID.decode(row.key.subarray(1)), record: decode(row.value) }
    }
  }

  /** `before`: the bytes of the row that it replaces, 0 where there is none; read if they are not given. */
  async write(cid: CID, record: KuboRecord, before?: number): Promise<void> {
    await this.#change(cid, encode(record), { bytes: record.bytes, before })
  }

  async remove(cid: CID): Promise<void> {
    await this.#change(cid, null, { bytes: 0 })
  }

  /** Calls for one CID never overlap (see turns.ts). */
  async #change(
    cid: CID,
    value: Uint8Array | null,
    { bytes, before = this.record(cid)?.bytes ?? 0 }: { bytes: number; before?: number | undefined }
  ): Promise<void> {
    await this.#rows.write([{ key: key(pinPrefix, cid.bytes), value }])
    this.#usedBytes += bytes - before
  }
}

/** state u8, mode u8, maker u8, replaced u8, bytes u48, the name of what was replaced */
function encode({ state, mode, maker, replaced, bytes }: KuboRecord): Uint8Array {
  const flags = [state === 'pinned', mode === 'recursive', maker === 'us', replaced !== undefined]
  return new Uint8Array([...flags.map(Number), ...number48(bytes), ...Buffer.from(replaced ?? '')])
}

function decode(value: Uint8Array): KuboRecord {
  return {
    state: value[0] === 1 ? 'pinned' : 'partial',
    mode: value[1] === 1 ? 'recursive' : 'direct',
    maker: value[2] === 1 ? 'us' : 'others',
    replaced: value[3] === 1 ? new TextDecoder().decode(value.subarray(nameAt)) : undefined,
    bytes: readNumber48(value.subarray(4))
  }
}

const nameAt = 10
