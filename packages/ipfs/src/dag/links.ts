// What a block links to, by its codec. Bytes come from strangers: whatever a decoder throws is `bad-dag`.

import * as dagCbor from '@ipld/dag-cbor'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import { checkedCid } from './digest.ts'

/** A block of bytes, without links. */
export const rawCode = 0x55
const cborCode = 0x51
const jsonCode = 0x0200
const dagJsonCode = 0x0129

/** Can a block of this codec have links at all? `bad-dag` for a codec we cannot walk. */
export function isLeaf(cid: CID): boolean {
  switch (cid.code) {
    case rawCode:
    case cborCode:
    case jsonCode:
      return true
    case dagPb.code:
    case dagCbor.code:
    case dagJsonCode:
      return false
    default:
      throw new ContentError('bad-dag', `The codec of ${cid} (0x${cid.code.toString(16)}) is not known`)
  }
}

/** Distinct links in the order of the block, as CIDv1. */
export function linksOf(cid: CID, bytes: Uint8Array): CID[] {
  if (isLeaf(cid)) return []
  const found = new Map<string, CID>()
  for (const link of decodeLinks(cid, bytes)) {
    const v1 = checkedCid(link.toV1())
    found.set(v1.toString(), v1)
  }
  return [...found.values()]
}

function decodeLinks(cid: CID, bytes: Uint8Array): CID[] {
  try {
    if (cid.code === dagPb.code) return dagPb.decode(bytes).Links.map((link) => link.Hash as CID)
    if (cid.code === dagCbor.code) return cidsIn(dagCbor.decode(bytes))
    return jsonLinks(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch (error) {
    throw new ContentError('bad-dag', `The block ${cid} does not decode`, { cause: error })
  }
}

function cidsIn(value: unknown): CID[] {
  const found: CID[] = []
  eachValue(value, (one) => {
    const cid = CID.asCID(one)
    if (cid === null) return true
    found.push(cid)
    return false
  })
  return found
}

/** DAG-JSON writes a link as {"/": "cid"} and bytes as {"/": {"bytes": …}}. */
function jsonLinks(value: unknown): CID[] {
  const found: CID[] = []
  eachValue(value, (one) => {
    if (typeof one !== 'object' || one === null || !('/' in one)) return true
    if (typeof one['/'] === 'string') found.push(CID.parse(one['/']))
    return false
  })
  return found
}

/** Visits all values without recursion: hostile nesting must not exhaust the stack. */
function eachValue(root: unknown, visit: (value: unknown) => boolean): void {
  const stack = [root]
  while (stack.length > 0) {
    const value = stack.pop()
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || !visit(value)) continue
    const children = Object.values(value)
    for (let at = children.length - 1; at >= 0; at--) stack.push(children[at])
  }
}
