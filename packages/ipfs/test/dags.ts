// DAGs made by hand, and nodes that give their blocks, honestly or not.

import { createHash } from 'node:crypto'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagPb from '@ipld/dag-pb'
import type { Libp2p, Stream } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { nameOf } from '../src/blocks/keys.ts'
import { blocksProtocol, decodeRequest, encodeAnswer, FrameCutter, requestBytesMax } from '../src/exchange/wire.ts'

export interface Block {
  cid: CID
  bytes: Uint8Array
}

export function block(code: number, bytes: Uint8Array): Block {
  const digest = new Uint8Array(createHash('sha256').update(bytes).digest())
  return { cid: CID.createV1(code, create(0x12, digest)), bytes }
}

export function raw(text: string | Uint8Array): Block {
  return block(0x55, typeof text === 'string' ? new Uint8Array(Buffer.from(text)) : text)
}

export function cbor(value: unknown): Block {
  return block(dagCbor.code, dagCbor.encode(value))
}

/** A UnixFS folder with whatever names. */
export function folder(entries: readonly { name: string; cid: CID }[]): Block {
  const links = entries.map(({ name, cid }) => ({ Name: name, Hash: cid, Tsize: 1 }))
  return block(dagPb.code, dagPb.encode(dagPb.prepare({ Data: new Uint8Array([8, 1]), Links: links })))
}

export function blocksOf(...blocks: readonly Block[]): Map<string, Uint8Array> {
  return new Map(blocks.map(({ cid, bytes }) => [nameOf(cid.multihash.bytes), bytes]))
}

export type Give = (cid: CID, stream: Stream) => Uint8Array | undefined | 'silence'

/** Speaks the blocks protocol as `give` says, for each CID in order. */
export async function serve(libp2p: Libp2p, give: Give): Promise<void> {
  await libp2p.handle(blocksProtocol, (stream) => {
    const cutter = new FrameCutter(requestBytesMax, (body) => {
      for (const cid of decodeRequest(body)) {
        const answer = give(cid, stream)
        if (answer !== 'silence' && stream.status === 'open') stream.send(encodeAnswer(answer))
      }
    })
    stream.addEventListener('message', (event) => cutter.push(event.data))
  })
}

export function from(blocks: ReadonlyMap<string, Uint8Array>): Give {
  return (cid) => blocks.get(nameOf(cid.multihash.bytes))
}

/** Bytes that differ for each seed and do not repeat. */
export function noise(length: number, seed: number): Uint8Array {
  const parts: Buffer[] = []
  for (let at = 0; at < length; at += 32) parts.push(createHash('sha256').update(`${seed} ${at}`).digest())
  return new Uint8Array(Buffer.concat(parts).subarray(0, length))
}
