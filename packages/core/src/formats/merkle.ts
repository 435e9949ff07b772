/*
 * The Merkle tree of RFC 6962 (section 2.1) over the entry hashes of a commit, so that one signature covers up to 64 entries
 * and each can be kept and shown alone: leaf = SHA-256(0x00 ‖ hash), node = SHA-256(0x01 ‖ left ‖ right), and a tree of n
 * leaves is split at the largest power of two below n.
 */
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Crypto } from '../crypto.ts'

/** Root over at least one hash, 32 bytes. */
export function merkleRoot(hashes: readonly Uint8Array[], crypto: Crypto): Uint8Array {
  if (hashes.length === 0) throw new FormatError('a Merkle tree has no leaves')
  return rootOf(hashes, 0, hashes.length, crypto)
}

/** The audit path of leaf `index`, from the leaf up; empty for a tree of one. */
export function merklePath(hashes: readonly Uint8Array[], index: number, crypto: Crypto): Uint8Array[] {
  if (!(Number.isInteger(index) && index >= 0 && index < hashes.length)) {
    throw new FormatError('a Merkle path starts outside its tree')
  }
  const path: Uint8Array[] = []
  let from = 0
  let to = hashes.length
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      path.push(rootOf(hashes, middle, to, crypto))
      to = middle
    } else {
      path.push(rootOf(hashes, from, middle, crypto))
      from = middle
    }
  }
  return path.reverse()
}

/** The audit paths of all leaves, in one walk over the tree. */
export function merklePaths(hashes: readonly Uint8Array[], crypto: Crypto): Uint8Array[][] {
  const paths: Uint8Array[][] = hashes.map(() => [])
  const walk = (from: number, to: number): Uint8Array => {
    if (to - from === 1) return leafHash(hashes[from] as Uint8Array, crypto)
    const middle = from + splitOf(to - from)
    const left = walk(from, middle)
    const right = walk(middle, to)
    for (let at = from; at < to; at++) paths[at]?.push(at < middle ? right : left)
    return nodeHash(left, right, crypto)
  }
  if (hashes.length > 0) walk(0, hashes.length)
  return paths
}

/** How many hashes the path of leaf `index` in a tree of `n` has. */
export function merkleDepth(index: number, n: number): number {
  let depth = 0
  for (let at = index, size = n; size > 1; depth++) {
    const split = splitOf(size)
    if (at < split) size = split
    else {
      at -= split
      size -= split
    }
  }
  return depth
}

/** Whether `hash` is leaf `index` of the tree of `n` leaves with this root. False, never an error, for a path of another length. */
export function merkleVerify(
  hash: Uint8Array,
  index: number,
  n: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
  crypto: Crypto
): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= n || path.length !== merkleDepth(index, n)) return false
  let at = index
  let last = n - 1
  let sum = leafHash(hash, crypto)
  for (const beside of path) {
    while (at === last && at % 2 === 0) {
      // A node without a right neighbour rises unhashed.
      at /= 2
      last /= 2
    }
    sum = at % 2 === 1 ? nodeHash(beside, sum, crypto) : nodeHash(sum, beside, crypto)
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return equalBytes(sum, root)
}

function rootOf(hashes: readonly Uint8Array[], from: number, to: number, crypto: Crypto): Uint8Array {
  if (to - from === 1) return leafHash(hashes[from] as Uint8Array, crypto)
  const middle = from + splitOf(to - from)
  return nodeHash(rootOf(hashes, from, middle, crypto), rootOf(hashes, middle, to, crypto), crypto)
}

function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** The lowest nodes: hashes of the hashes of entries. */
export function leafHash(hash: Uint8Array, crypto: Crypto): Uint8Array {
  const bytes = new Uint8Array(1 + hash.length)
  bytes.set(hash, 1)
  return crypto.hash(bytes)
}

export function nodeHash(left: Uint8Array, right: Uint8Array, crypto: Crypto): Uint8Array {
  const bytes = new Uint8Array(65)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 33)
  return crypto.hash(bytes)
}
