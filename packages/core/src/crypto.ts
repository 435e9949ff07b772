/*
 * The cryptography and the randomness the core is handed, as synchronous ports, and the one rule for what a signature
 * covers: a tag (so that no signed object can pass for another kind), the mesh id (so that none passes into another mesh),
 * the bytes. The mesh id is signed and never sent.
 */
import { fromText } from './bytes/compare.ts'
import { FormatError } from './bytes/format-error.ts'

export interface Crypto {
  /** SHA-256, 32 bytes. */
  hash(bytes: Uint8Array): Uint8Array
  /** ed25519 by this peer's own identity key, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
  /** The same by the root key; present only where that key is. */
  signAsRoot?(bytes: Uint8Array): Uint8Array
  /** False for anything that is not a valid signature, also for malformed keys; never throws. */
  verify(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean
}

export interface Random {
  /** An integer from 0 to n - 1. */
  below(n: number): number
  bytes(n: number): Uint8Array
}

export type Tag =
  | 'pinmesh/entry/1'
  | 'pinmesh/seal/1'
  | 'pinmesh/key/1'
  | 'pinmesh/record/1'
  | 'pinmesh/beat/1'
  | 'pinmesh/claim/1'
  | 'pinmesh/fork/1'
  | 'pinmesh/invite/1'
  | 'pinmesh/admit/1'
  | 'pinmesh/admission/1'

/** What is signed: tag ‖ 0x00 ‖ mesh id ‖ bytes. */
export function signedBytes(tag: Tag, meshId: Uint8Array, bytes: Uint8Array): Uint8Array {
  return taggedBytes(tag, meshId, bytes)
}

/** tag ‖ 0x00 ‖ mesh id ‖ the parts, for hashes that stand in the same kind of domain. */
export function taggedBytes(tag: string, meshId: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  if (meshId.length !== 32) throw new FormatError('a mesh id has 32 bytes')
  const head = fromText(tag)
  let length = head.length + 33
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  whole.set(head)
  whole.set(meshId, head.length + 1)
  let at = head.length + 33
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
