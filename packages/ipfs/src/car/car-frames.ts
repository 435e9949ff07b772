// The two parts of a CAR, version 1: a header, then blocks.

import * as dagCbor from '@ipld/dag-cbor'
import { varint } from 'multiformats'
import type { CID } from 'multiformats/cid'

export function carHeader(roots: readonly CID[]): Uint8Array {
  return framed([dagCbor.encode({ roots, version: 1 })])
}

export function carBlock(cid: CID, bytes: Uint8Array): Uint8Array {
  return framed([cid.bytes, bytes])
}

function framed(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)))
  return new Uint8Array(Buffer.concat([head, ...parts]))
}
