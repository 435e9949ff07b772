/**
 * The rows of one log, its reset (if any) and the tail after it, as the bytes that they are stored and passed on as. Decoded they
 * would take five times the memory, so an entry is decoded where one is asked for, and of the newest only that by which the next
 * one is judged is at hand.
 */
import type { Crypto } from '../crypto.ts'
import type { Entry } from '../formats/entry.ts'
import { encodeStored, readStored, storedBody, type StoredEntry } from '../formats/stored.ts'
import type { Newest } from './chain.ts'
import { entrySize } from './growth.ts'

/** A row: an array, its buffer and what the engine keeps of both. */
const rowBytes = 320
/** What a store may read along with a row. */
const slackBytes = 64

export class Rows {
  readonly #crypto: Crypto
  #bytes: Uint8Array[] = []
  #newest: Newest | undefined
  #tail: { count: number; bytes: number } = { count: 0, bytes: 0 }
  #weight = 0

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  get newest(): Newest | undefined {
    return this.#newest
  }

  /** Entries since the last reset, and the bytes of their headers and bodies. */
  get tail(): { readonly count: number; readonly bytes: number } {
    return this.#tail
  }

  get length(): number {
    return this.#bytes.length
  }

  /** Bytes of memory, about. */
  get weight(): number {
    return this.#weight
  }

  /** Sequence number of the oldest; one more than the newest where there is none. */
  get firstSeq(): number {
    return (this.#newest?.seq ?? 0) - this.#bytes.length + 1
  }

  /** Takes an entry that was judged and checked: after the newest, or, a reset, in place of all. */
  hold(entry: Entry, bytes: Uint8Array): void {
    const { kind, generation, seq, hash, clock, count } = entry
    this.#newest = { generation, seq, hash, end: clock + count }
    if (kind === 'reset') {
      this.#bytes = [bytes]
      this.#tail = { count: 0, bytes: 0 }
      this.#weight = 0
    } else {
      this.#bytes.push(bytes)
      this.#tail = { count: this.#tail.count + 1, bytes: this.#tail.bytes + entrySize(entry) }
    }
    this.#weight += rowBytes + bytes.length
  }

  /** An entry that is held has its proof now; one that is not any more stays away. */
  replace({ generation, seq }: Entry, bytes: Uint8Array): void {
    const place = this.#newest?.generation === generation ? seq - this.firstSeq : -1
    const old = this.#bytes[place]
    if (old === undefined) return
    this.#bytes[place] = bytes
    this.#weight += bytes.length - old.length
  }

  /** The entry of a sequence number, where it is held. */
  at(seq: number): StoredEntry | undefined {
    const bytes = this.#bytes[seq - this.firstSeq]
    return bytes && this.#decoded(bytes)
  }

  all(): StoredEntry[] {
    return this.#bytes.map((bytes) => this.#decoded(bytes))
  }

  /** Those from one sequence number up to another, as they are stored. */
  stored(from: number, to: number): Uint8Array[] {
    const first = this.firstSeq
    return this.#bytes.slice(Math.max(0, from - first), Math.max(0, to + 1 - first))
  }

  bodies(): Uint8Array[] {
    return this.#bytes.map(storedBody)
  }

  #decoded(bytes: Uint8Array): StoredEntry {
    const { entry, proof } = readStored(bytes, this.#crypto)
    return proof === undefined ? { entry } : { entry, proof }
  }
}

/** What an entry is kept as: bytes of its own, not a part of the frame or message that it came in. */
export function keptBytes(stored: StoredEntry): Uint8Array {
  const bytes = stored.bytes ?? encodeStored(stored)
  return bytes.buffer.byteLength - bytes.length <= slackBytes ? bytes : bytes.slice()
}
