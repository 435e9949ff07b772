/*
 * The draw: 64 bits that a peer gets for a bucket (or a shard), the same at every peer and unlike any other's. A peer's seed
 * is the first 8 bytes of SHA-256(purpose ‖ mesh id ‖ peer key); the draw is HalfSipHash-2-4 (64-bit output) of the two bytes
 * of the bucket under that seed (J.-P. Aumasson, D. J. Bernstein, SipHash). So one SHA-256 a peer serves for all 65,536
 * buckets, and the draw itself is 32-bit integer work: some 25 ns, where a SHA-256 a draw would take a microsecond. Seeds are
 * public; what they give is even and independent draws, and no better way to seek a key that wins buckets than trying keys.
 */
import { concatBytes, fromText } from '../bytes/compare.ts'
import type { Crypto } from '../crypto.ts'

export type Purpose = 'order' | 'candidates'

interface Seeded {
  readonly meshId: Uint8Array
  /** two words for each peer */
  readonly seeds: Uint32Array
}

/** Seeds by list: a list of peers is asked for hundreds of buckets and never changed. */
const known: { readonly [Name in Purpose]: WeakMap<readonly unknown[], Seeded> } = {
  order: new WeakMap(),
  candidates: new WeakMap()
}

/** The seeds of these peers, two little-endian words each, in their order. The list must not be changed afterwards. */
export function seedsOf(
  purpose: Purpose,
  peers: readonly { readonly key: Uint8Array }[],
  meshId: Uint8Array,
  crypto: Crypto
): Uint32Array {
  const found = known[purpose].get(peers)
  if (found !== undefined && found.meshId === meshId && found.seeds.length === 2 * peers.length) return found.seeds
  const seeds = new Uint32Array(2 * peers.length)
  const tag = fromText(purpose)
  peers.forEach(({ key }, i) => {
    const digest = crypto.hash(concatBytes(tag, meshId, key))
    seeds[2 * i] = word(digest, 0)
    seeds[2 * i + 1] = word(digest, 4)
  })
  known[purpose].set(peers, { meshId, seeds })
  return seeds
}

/** Draws for all seeds at once: u = high × 2^32 + low. `place`: 0..65535, hashed as two bytes, big-endian. */
export function drawAll(seeds: Uint32Array, place: number, high: Uint32Array, low: Uint32Array): void {
  const block = (2 << 24) | ((place & 255) << 8) | (place >> 8) | 0
  for (let i = 0; i < high.length; i++) {
    const k0 = seeds[2 * i] as number
    const k1 = seeds[2 * i + 1] as number
    let v0 = k0 | 0
    let v1 = k1 ^ 0xee
    let v2 = k0 ^ 0x6c796765
    let v3 = k1 ^ 0x74656462 ^ block
    // 2 rounds on the block, then 4 for each word of the output.
    for (let round = 0; round < 10; round++) {
      if (round === 2) {
        v0 ^= block
        v2 ^= 0xee
      } else if (round === 6) {
        high[i] = v1 ^ v3
        v1 ^= 0xdd
      }
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    low[i] = v1 ^ v3
  }
}

function word(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}
