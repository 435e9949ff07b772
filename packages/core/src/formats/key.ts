/*
 * The key of a pin, and where it belongs. Key = SHA-256(mesh id ‖ codec ‖ multihash), so that keys are spread evenly, differ
 * from mesh to mesh and do not depend on how a CID is written. Its first bits place it: bucket (16) for placement and claims,
 * leaf (12) for logs and digests, shard (8) for candidates.
 */
import type { CID } from 'multiformats/cid'

import { concatBytes, fromBase64url, toBase64url } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Crypto } from '../crypto.ts'
import { checkLength } from './check.ts'
import { cidBody } from './cid.ts'

export { canonicalCid } from './cid.ts'

/** Longest slot, in characters of [A-Za-z0-9_-]. */
export const slotMax = 16

const slotText = /^[A-Za-z0-9_-]{1,16}$/
const keyTextLength = 43

/** 32 bytes. `cid` must be of version 1 (see canonicalCid). */
export function keyOfPin(meshId: Uint8Array, cid: CID, crypto: Crypto): Uint8Array {
  return crypto.hash(concatBytes(checkLength(meshId, 32, 'a mesh id'), cidBody(cid)))
}

/** First 16 bits: 0..65535. */
export function bucketOf(key: Uint8Array): number {
  checkLength(key, 32, 'a pin key')
  return ((key[0] as number) << 8) | (key[1] as number)
}

/** The same of a map key that was checked, without decoding all of it. */
export function bucketOfMapKey(mapKey: string): number {
  const [high, low] = fromBase64url(mapKey.slice(0, 4)) as unknown as [number, number]
  return (high << 8) | low
}

/** First 12 bits: 0..4095. */
export function leafOf(key: Uint8Array): number {
  return bucketOf(key) >> 4
}

/** First 8 bits: 0..255. */
export function shardOf(key: Uint8Array): number {
  return bucketOf(key) >> 8
}

/** base64url(key), and with a slot '.' and the slot. Throws FormatError on a slot that is not 1 to 16 of [A-Za-z0-9_-]. */
export function mapKeyOf(key: Uint8Array, slot?: string): string {
  const text = toBase64url(checkLength(key, 32, 'a pin key'))
  if (slot === undefined || slot === '') return text
  if (!slotText.test(slot)) throw new FormatError('a slot is not 1 to 16 of the characters A-Z a-z 0-9 _ -')
  return `${text}.${slot}`
}

/** The inverse of mapKeyOf; `slot` is '' where none was given. Throws FormatError. */
export function parseMapKey(text: string): { key: Uint8Array; slot: string } {
  const key = fromBase64url(text.slice(0, keyTextLength))
  if (key.length !== 32) throw new FormatError('a map key does not begin with a pin key')
  if (text.length === keyTextLength) return { key, slot: '' }
  const slot = text.slice(keyTextLength + 1)
  if (text[keyTextLength] !== '.' || !slotText.test(slot)) throw new FormatError('the slot of a map key is malformed')
  return { key, slot }
}
