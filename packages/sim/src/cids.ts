/**
 * The CIDs of the simulated world: raw blocks with made-up digests, chosen so that they crowd into a few leaves and share
 * buckets, since a handful of pins spread over 65,536 buckets would never meet.
 */
import { bucketOf, canonicalCid, keyOfPin } from '@pinmesh/core'
import { simCrypto } from './crypto.ts'
import { SimRandom } from './random.ts'

const leavesUsed = 6
const pools = new Map<string, string[]>()

/** `count` CIDs for this mesh, always the same. */
export function cidsOf(meshId: Uint8Array, count: number): readonly string[] {
  const name = `${meshId.join()}/${count}`
  const known = pools.get(name)
  if (known !== undefined) return known
  const random = new SimRandom(0x51d)
  const crypto = simCrypto(new Uint8Array(32))
  const leaves = new Set<number>()
  const pool: string[] = []
  while (pool.length < count) {
    const text = cidText(random.bytes(32))
    const leaf = bucketOf(keyOfPin(meshId, canonicalCid(text), crypto)) >> 4
    if (!leaves.has(leaf) && leaves.size === leavesUsed) continue
    leaves.add(leaf)
    pool.push(text)
  }
  pools.set(name, pool)
  return pool
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** CIDv1, raw, SHA-256, base32. */
function cidText(digest: Uint8Array): string {
  const bytes = [0x01, 0x55, 0x12, 0x20, ...digest]
  let text = 'b'
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31]
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31]
}
