/*
 * CIDs as the mesh knows them: version 1 only (a CIDv0 is read as v1 dag-pb), varints in their shortest form, a digest of a
 * length that a hash can have. Bounds follow what Kubo accepts (verifcid): 20 to 128 bytes, identity up to 128.
 */
import { base32 } from 'multiformats/bases/base32'
import { base16 } from 'multiformats/bases/base16'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { Digest } from 'multiformats/hashes/digest'

import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'

export const digestBytesMin = 20
export const digestBytesMax = 128
export const cidTextMax = 512

const identityHash = 0
const dagPb = 0x70
const codeMax = 0xffffffff

/** Reads `codec:v multihash`, which is a CIDv1 without its first byte; the CID has bytes of its own. */
export function readCid(reader: Reader): CID {
  const start = reader.at
  const { codec, hash, hashStart, digest } = readParts(reader)
  const body = reader.since(start)
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = 1
  bytes.set(body, 1)
  const multihash = bytes.subarray(1 + hashStart - start)
  const own = multihash.subarray(multihash.length - digest.length)
  return new CID(1, codec, new Digest(hash, own.length, own, multihash), bytes)
}

/** The bytes of a CIDv1 after its version byte, checked; a view. Throws FormatError for a CIDv0. */
export function cidBody(cid: CID): Uint8Array {
  if (cid.version !== 1) throw new FormatError('a CID is not of version 1')
  const body = cid.bytes.subarray(1)
  const reader = new Reader(body)
  readParts(reader)
  reader.end()
  return body
}

function readParts(reader: Reader): { codec: number; hash: number; hashStart: number; digest: Uint8Array } {
  const codec = reader.v(codeMax)
  const hashStart = reader.at
  const hash = reader.v(codeMax)
  const size = reader.v(digestBytesMax)
  if (size < digestBytesMin && hash !== identityHash) throw new FormatError('the digest of a CID is too short')
  return { codec, hash, hashStart, digest: reader.raw(size) }
}

/** In base32. CID.toString() says the same, and keeps it for as long as there is the CID, which here is for ever. */
export function cidText(cid: CID): string {
  return base32.encode(cid.bytes)
}

/** Parses CID text in base58btc, base32, base36 or base16; a CIDv0 becomes v1 dag-pb. Throws FormatError. */
export function canonicalCid(text: string): CID {
  if (text.length > cidTextMax) throw new FormatError(`a CID has more than ${cidTextMax} characters`)
  const reader = new Reader(multibaseBytes(text))
  if (text.startsWith('Q')) {
    if (reader.left !== 34 || reader.u16() !== 0x1220) throw new FormatError('a CIDv0 is not a sha2-256 multihash')
    const digest = reader.raw(32)
    const multihash = reader.since(0)
    return new CID(1, dagPb, new Digest(0x12, 32, digest, multihash), Uint8Array.of(1, dagPb, ...multihash))
  }
  if (reader.v() !== 1) throw new FormatError('a CID is of an unknown version')
  const cid = readCid(reader)
  reader.end()
  return cid
}

function multibaseBytes(text: string): Uint8Array {
  try {
    switch (text[0]) {
      case 'Q':
        return base58btc.decode(`z${text}`)
      case 'z':
        return base58btc.decode(text)
      case 'b':
        return base32.decode(text)
      case 'k':
        return base36.decode(text)
      case 'f':
        return base16.decode(text)
    }
  } catch {
    throw new FormatError('the text of a CID holds characters outside its base')
  }
  throw new FormatError('a CID is not text in base58btc, base32, base36 or base16')
}
