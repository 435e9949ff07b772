/*
 * The Crypto port over node:crypto, for tests: real SHA-256 and real ed25519 with keys from given seeds, so that a test is
 * repeatable. Hashing is the one-shot call and keys are parsed once, because tests hash and verify by the ten thousand.
 */
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  hash as hashOnce,
  sign as signOnce,
  verify as verifyOnce
} from 'node:crypto'

import { toHex } from '../src/bytes/compare.ts'
import type { Crypto } from '../src/crypto.ts'
import { peerOfKey } from '../src/formats/peer-id.ts'

const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const cachedKeysMax = 10_000
const publicKeys = new Map<string, KeyObject>()

export interface NodeCrypto extends Crypto {
  /** The identity's public key, 32 bytes. */
  key: Uint8Array
  /** Its peer id text. */
  peer: string
  /** Present when a root seed was given. */
  rootKey?: Uint8Array
}

/** `seed`: 32 bytes, or a number from which a seed is made; `rootSeed` alike, for signAsRoot. */
export function nodeCrypto(seed: Uint8Array | number = 1, rootSeed?: Uint8Array | number): NodeCrypto {
  const own = pairOf(seed)
  const crypto: NodeCrypto = { key: own.key, peer: peerOfKey(own.key), hash, sign: own.sign, verify }
  if (rootSeed === undefined) return crypto
  const root = pairOf(rootSeed)
  return { ...crypto, signAsRoot: root.sign, rootKey: root.key }
}

export function hash(bytes: Uint8Array): Uint8Array {
  return plain(hashOnce('sha256', bytes, 'buffer'))
}

function verify(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false
  try {
    return verifyOnce(null, bytes, publicKeyOf(key), signature)
  } catch {
    return false
  }
}

function publicKeyOf(key: Uint8Array): KeyObject {
  const name = toHex(key)
  const known = publicKeys.get(name)
  if (known !== undefined) return known
  if (publicKeys.size >= cachedKeysMax) publicKeys.clear()
  const parsed = createPublicKey({ key: Buffer.concat([publicPrefix, key]), format: 'der', type: 'spki' })
  publicKeys.set(name, parsed)
  return parsed
}

function pairOf(seed: Uint8Array | number): { key: Uint8Array; sign(bytes: Uint8Array): Uint8Array } {
  const bytes = typeof seed === 'number' ? hash(Buffer.from(`seed ${seed}`)) : seed
  const secret = createPrivateKey({ key: Buffer.concat([privatePrefix, bytes]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return {
    key: new Uint8Array(spki.subarray(publicPrefix.length)),
    sign: (message) => plain(signOnce(null, message, secret))
  }
}

/** Not a Buffer: Yjs refuses those, and a deep comparison tells them apart. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
