// CIDs made from a word: of content that nobody has, and of tiny content that stands in the CID itself.

import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'

const raw = 0x55
const identity = 0x00
const sha256 = 0x12

/** Well-formed, and nobody has it. */
export function absentCid(word: string): string {
  const digest = createHash('sha256').update(`nobody has ${word}`).digest()
  return CID.createV1(raw, create(sha256, new Uint8Array(digest))).toString()
}

/** The CID is the content: nothing has to be fetched. */
export function inlineCid(word: string): string {
  return CID.createV1(raw, create(identity, new Uint8Array(Buffer.from(word)))).toString()
}
