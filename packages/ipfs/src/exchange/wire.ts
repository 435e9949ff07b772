// What members say on /pinmesh/blocks/1. The client asks for CIDs, many at a time and ahead of the answers; the provider
// answers each in the order asked, with the block or with "missing". The client walks the DAG, so nothing is sent twice
// and nothing that is already there, and a provider needs no state; asking ahead hides the distance, except along a
// chain, where each block must come before the next can be named.
//
//   frame    u32 length, body
//   request  repeated: u16 length, CID bytes
//   answer   u8 0 (missing), or u8 1 and the block's bytes

import { CID } from 'multiformats/cid'
import { blockBytesMax } from '../blocks/block-store.ts'

export const blocksProtocol = '/pinmesh/blocks/1'
/** Wants under way on one stream: with 1 MiB blocks 64 MiB, enough for 5 Gbit/s at 100 ms. Bounds unasked memory too. */
export const wantsMax = 64
/** Bytes of a request frame. */
export const requestBytesMax: number = 64 << 10
export const answerBytesMax: number = blockBytesMax + 1

export class WireError extends Error {}

/** What a message event of a stream carries: one array, or a list of them. */
export type Chunk = Uint8Array | Iterable<Uint8Array>

/** Cuts a stream into frames; `take` gets each body. Throws WireError for a frame over the bound. */
export class FrameCutter {
  readonly #bytesMax: number
  readonly #take: (body: Uint8Array) => void
  readonly #head: Buffer = Buffer.alloc(4)
  #headLength = 0
  #body: Buffer | undefined
  #bodyLength = 0

  constructor(bytesMax: number, take: (body: Uint8Array) => void) {
    this.#bytesMax = bytesMax
    this.#take = take
  }

  push(chunk: Chunk): void {
    if (!(chunk instanceof Uint8Array)) {
      for (const part of chunk) this.push(part)
      return
    }
    let at = 0
    while (at < chunk.length) at += this.#body === undefined ? this.#pushHead(chunk, at) : this.#pushBody(chunk, at)
  }

  #pushHead(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + 4 - this.#headLength)
    this.#head.set(part, this.#headLength)
    this.#headLength += part.length
    if (this.#headLength === 4) {
      const length = this.#head.readUInt32BE(0)
      if (length === 0 || length > this.#bytesMax) throw new WireError(`A frame of ${length} bytes`)
      this.#headLength = 0
      this.#body = Buffer.allocUnsafeSlow(length)
      this.#bodyLength = 0
    }
    return part.length
  }

  #pushBody(chunk: Uint8Array, at: number): number {
    const body = this.#body
    if (body === undefined) return 0
    const part = chunk.subarray(at, at + body.length - this.#bodyLength)
    body.set(part, this.#bodyLength)
    this.#bodyLength += part.length
    if (this.#bodyLength === body.length) {
      this.#body = undefined
      this.#take(body)
    }
    return part.length
  }
}

export function encodeRequest(cids: readonly CID[]): Uint8Array {
  return frame(
    ...cids.flatMap((cid) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(cid.bytes.length)
      return [length, cid.bytes]
    })
  )
}

/** Throws WireError. */
export function decodeRequest(body: Uint8Array): CID[] {
  const view = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const cids: CID[] = []
  for (let at = 0; at < view.length;) {
    const end = at + 2 <= view.length ? at + 2 + view.readUInt16BE(at) : Infinity
    if (end > view.length || cids.length >= wantsMax) throw new WireError('A request that is cut short or too long')
    try {
      cids.push(CID.decode(new Uint8Array(view.subarray(at + 2, end))))
    } catch (error) {
      throw new WireError('A request with a bad CID', { cause: error })
    }
    at = end
  }
  return cids
}

export function encodeAnswer(block: Uint8Array | undefined): Uint8Array {
  return block === undefined ? frame(new Uint8Array([0])) : frame(new Uint8Array([1]), block)
}

/** The block, or undefined for "missing". Throws WireError. */
export function decodeAnswer(body: Uint8Array): Uint8Array | undefined {
  if (body[0] === 1) return body.subarray(1)
  if (body[0] === 0 && body.length === 1) return undefined
  throw new WireError('An answer of unknown kind')
}

function frame(...parts: readonly Uint8Array[]): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0))
  return Buffer.concat([length, ...parts])
}
