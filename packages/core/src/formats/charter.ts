/*
 * The charter is what a mesh is: a name, a root key, a salt, and nothing that could ever change. Its SHA-256 is the mesh id.
 * People see the mesh id as one word in base58btc ('z…'), which a double click selects whole.
 */
import { base58btc } from 'multiformats/bases/base58'

import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { checkLength, checkText } from './check.ts'

/** Longest name of a mesh, in bytes. */
export const meshNameBytesMax = 64
/** Longest text form of a mesh id, in characters. */
export const meshIdTextMax = 45

export interface Charter {
  version: 1
  /** 1 to 64 bytes. */
  name: string
  /** The first root key, 32 bytes. */
  root: Uint8Array
  /** 16 random bytes: two meshes of one name and key differ. */
  salt: Uint8Array
}

const meshIdPattern = /^z[1-9A-HJ-NP-Za-km-z]{32,44}$/

export function encodeCharter(charter: Charter): Uint8Array {
  if (charter.version !== 1) throw new FormatError('a charter is of an unknown version')
  const writer = new Writer(128).u8(1).text(checkText(charter.name, 1, meshNameBytesMax, 'the name of a mesh'))
  writer.raw(checkLength(charter.root, 32, 'a root key')).raw(checkLength(charter.salt, 16, 'a salt'))
  return writer.finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeCharter(bytes: Uint8Array): Charter {
  const reader = new Reader(bytes)
  if (reader.u8() !== 1) throw new FormatError('a charter is of an unknown version')
  const name = checkText(reader.text(meshNameBytesMax), 1, meshNameBytesMax, 'the name of a mesh')
  const charter: Charter = { version: 1, name, root: reader.raw(32), salt: reader.raw(16) }
  reader.end()
  return charter
}

/** SHA-256 of the encoded charter, 32 bytes. */
export function meshIdOf(charterBytes: Uint8Array, crypto: Pick<Crypto, 'hash'>): Uint8Array {
  return crypto.hash(charterBytes)
}

/** 'z' and base58btc: one word of at most 45 characters. */
export function meshIdText(meshId: Uint8Array): string {
  return base58btc.encode(checkLength(meshId, 32, 'a mesh id'))
}

/** The inverse of meshIdText. Throws FormatError. */
export function parseMeshId(text: string): Uint8Array {
  if (!meshIdPattern.test(text)) throw new FormatError('a mesh id is not a word of base58 that begins with z')
  return checkLength(base58btc.decode(text), 32, 'a mesh id')
}
