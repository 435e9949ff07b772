/**
 * The newest entry of every log that is on disk here, and the radix-16 tree of digests over them: root → 16 → 256 shards →
 * 4,096 leaves. Equal roots mean equal heads. A superseded generation counts for nothing; a void one is a fixed marker
 * (peers may know different proofs of one fork); a removed writer counts for nothing.
 * Nodes are hashed when they are asked for, after a change below them.
 */
import { compareBytes, concatBytes } from '../bytes/compare.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import type { LogId } from './log.ts'

export interface HeadRow extends LogId {
  readonly generation: number
  readonly seq: number
  readonly hash: Uint8Array
}

export const leaves = 4096
/** Nodes at level 0 (root) to 3 (leaves). */
export const levelSizes = [1, 16, 256, 4096] as const

const noHash = new Uint8Array(32)
const empty = new Uint8Array(16)

export class Heads {
  readonly #crypto: Crypto
  readonly #removed: (writer: number) => boolean
  readonly #rows: HeadRow[][] = Array.from({ length: leaves }, () => [])
  readonly #voids: HeadRow[][] = Array.from({ length: leaves }, () => [])
  readonly #digests: (Uint8Array | undefined)[][] = levelSizes.map((size) =>
    new Array<Uint8Array | undefined>(size).fill(empty)
  )

  constructor(init: { crypto: Crypto; removed: (writer: number) => boolean }) {
    this.#crypto = init.crypto
    this.#removed = init.removed
  }

  of(leaf: number): readonly HeadRow[] {
    return this.#rows[leaf] ?? []
  }

  find(id: LogId): HeadRow | undefined {
    return this.of(id.prefix >> 4).find((row) => sameLog(row, id))
  }

  set(leaf: number, rows: readonly HeadRow[]): void {
    this.#rows[leaf] = [...rows]
    this.touch(leaf)
  }

  /** Marks (log, generation) as void. */
  setVoid(id: LogId, generation: number): void {
    const leaf = id.prefix >> 4
    this.#voids[leaf]?.push({
      writer: id.writer,
      prefixLen: id.prefixLen,
      prefix: id.prefix,
      generation,
      seq: 0,
      hash: noHash
    })
    this.touch(leaf)
  }

  /** Leaves that hold anything of this writer. */
  leavesOf(writer: number): number[] {
    const found: number[] = []
    for (let leaf = 0; leaf < leaves; leaf++) if (this.of(leaf).some((row) => row.writer === writer)) found.push(leaf)
    return found
  }

  /** The digest of a leaf is out of date. */
  touch(leaf: number): void {
    for (let level = 3, id = leaf; level >= 0; level--, id >>= 4)
      (this.#digests[level] as (Uint8Array | undefined)[])[id] = undefined
  }

  /** 16 bytes. */
  get root(): Uint8Array {
    return this.digest(0, 0)
  }

  digest(level: number, id: number): Uint8Array {
    const known = this.#digests[level]?.[id]
    if (known !== undefined) return known
    const digest = level === 3 ? this.#leafDigest(id) : this.#nodeDigest(level, id)
    ;(this.#digests[level] as (Uint8Array | undefined)[])[id] = digest
    return digest
  }

  #nodeDigest(level: number, id: number): Uint8Array {
    const children: Uint8Array[] = []
    for (let n = 0; n < 16; n++) children.push(this.digest(level + 1, id * 16 + n))
    if (children.every((child) => child === empty)) return empty
    return this.#crypto.hash(concatBytes(...children)).subarray(0, 16)
  }

  #leafDigest(leaf: number): Uint8Array {
    const rows = [...this.#standing(leaf)].map(encodeHead).sort(compareBytes)
    return rows.length === 0 ? empty : this.#crypto.hash(concatBytes(...rows)).subarray(0, 16)
  }

  *#standing(leaf: number): Iterable<HeadRow> {
    const voids = this.#voids[leaf] ?? []
    for (const row of this.of(leaf)) {
      if (!this.#removed(row.writer) && !voids.some((v) => sameLog(v, row) && v.generation >= row.generation)) yield row
    }
    for (const v of voids) {
      const superseded = this.of(leaf).some((row) => sameLog(v, row) && row.generation > v.generation)
      const later = voids.some((other) => sameLog(v, other) && other.generation > v.generation)
      if (!superseded && !later && !this.#removed(v.writer)) yield v
    }
  }
}

export function sameLog(a: LogId, b: LogId): boolean {
  return a.writer === b.writer && a.prefixLen === b.prefixLen && a.prefix === b.prefix
}

export function encodeHead(row: HeadRow): Uint8Array {
  return new Writer()
    .u32(row.writer)
    .u8(row.prefixLen)
    .u16(row.prefix)
    .v(row.generation)
    .v(row.seq)
    .raw(row.hash)
    .finish()
}
