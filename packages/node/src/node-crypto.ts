/**
 * The core's crypto port over node:crypto: SHA-256 and ed25519. Hashing is the one-shot call and public keys are parsed once,
 * because a peer hashes and verifies by the ten thousand. What comes back is a plain Uint8Array: Yjs refuses Buffers.
 */
import {
  createPrivateKey,
  createPublicKey,
  hash as hashOnce,
  type KeyObject,
  sign as signOnce,
  verify as verifyOnce
} from 'node:crypto'
import { type Crypto, peerOfKey, toHex } from '@pinmesh/core'

/** PKCS #8 and SPKI framings of a raw ed25519 key (RFC 8410). */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const cachedKeysMax = 10_000
const publicKeys = new Map<string, KeyObject>()

export interface NodeCrypto extends Crypto {
  /** public key of the identity, 32 bytes */
  readonly key: Uint8Array
  /** its peer id text */
  readonly peer: string
  /** public root key, where the root key is here */
  readonly rootKey?: Uint8Array
}

/** The root key may be brought to a peer that runs. */
export interface MovableRoot {
  signAsRoot?: Crypto['sign']
  rootKey?: Uint8Array
}

/** `seed` and `rootSeed` are 32-byte ed25519 secrets. */
export function nodeCrypto(seed: Uint8Array, rootSeed?: Uint8Array): NodeCrypto {
  const own = keyPair(seed)
  const crypto: NodeCrypto = { key: own.key, peer: peerOfKey(own.key), hash, sign: own.sign, verify }
  if (rootSeed === undefined) return crypto
  const root = keyPair(rootSeed)
  return { ...crypto, signAsRoot: root.sign, rootKey: root.key }
}

/**
 * SHA-256. Node makes a short text in a third of the time that a Buffer with memory of its own takes it, and thousands of hashes
 * are kept: an array this small lives on the heap.
 */
export function hash(bytes: Uint8Array): Uint8Array {
  const text = hashOnce('sha256', bytes, 'binary')
  const digest = new Uint8Array(32)
  for (let n = 0; n < 32; n++) digest[n] = text.charCodeAt(n)
  return digest
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

/** The ed25519 key of a 32-byte secret. */
export function keyPair(seed: Uint8Array): { key: Uint8Array; sign(bytes: Uint8Array): Uint8Array } {
  const secret = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return {
    key: new Uint8Array(spki.subarray(publicPrefix.length)),
    sign: (message) => plain(signOnce(null, message, secret))
  }
}

function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
