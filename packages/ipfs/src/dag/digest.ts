// Whether bytes are what a CID says. Native hashes only, and each at its full length: a digest cut short is easier to
// forge.

import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { decode } from 'multiformats/hashes/digest'
import { ContentError } from '../content-error.ts'

const identityCode = 0x00
const algorithms = new Map<number, { name: string; length: number }>([
  [0x12, { name: 'sha256', length: 32 }],
  [0x13, { name: 'sha512', length: 64 }],
  [0x14, { name: 'sha3-512', length: 64 }],
  [0x15, { name: 'sha3-384', length: 48 }],
  [0x16, { name: 'sha3-256', length: 32 }],
  [0x20, { name: 'sha384', length: 48 }],
  [0xb240, { name: 'blake2b512', length: 64 }]
])
/** Bytes: a CID that carries more inline is an attempt to smuggle content past the limits. */
const identityBytesMax = 2048

/** The CID as v1; ContentError `bad-dag` for text that is none, or a hash that cannot be checked. */
export function parseCid(text: string): CID {
  let cid: CID
  try {
    cid = CID.parse(text).toV1()
  } catch (error) {
    throw new ContentError('bad-dag', `Not a CID: ${text.slice(0, 100)}`, { cause: error })
  }
  return checkedCid(cid)
}

/** The same CID if its hash can be checked, else `bad-dag`. */
export function checkedCid(cid: CID): CID {
  const { code, digest } = cid.multihash
  const known =
    code === identityCode ? digest.length <= identityBytesMax : algorithms.get(code)?.length === digest.length
  if (!known) throw new ContentError('bad-dag', `The hash of ${cid} (0x${code.toString(16)}) cannot be checked`)
  return cid
}

/** The bytes a CID carries in itself, if it is of that kind. */
export function inlineBytes(cid: CID): Uint8Array | undefined {
  return cid.multihash.code === identityCode ? cid.multihash.digest : undefined
}

/** Are these bytes the ones this multihash names? */
export function matches(multihash: Uint8Array, bytes: Uint8Array): boolean {
  const { code, digest } = decode(multihash)
  const algorithm = algorithms.get(code)
  if (algorithm === undefined) return false
  return createHash(algorithm.name).update(bytes).digest().equals(digest)
}
