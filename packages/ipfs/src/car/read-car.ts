// A CAR (version 1 or 2) into its roots and blocks, in the order in which they come, each right by its hash. Whatever does
// not fit is `bad-dag`. That a CAR is whole is more than its reading shows: whoever pins a root walks its DAG.

import { createDecoder } from '@ipld/car/decoder'
import type { CID } from 'multiformats/cid'
import { blockBytesMax } from '../blocks/block-store.ts'
import { ContentError } from '../content-error.ts'
import { checkedCid, inlineBytes, matches } from '../dag/digest.ts'
import { CarBytes } from './car-bytes.ts'

export const carRootsMax = 1000
/** Room for as many roots. */
const headerBytesMax: number = 64 << 10

export interface CarBlock {
  /** CIDv1, and none that carries its bytes in itself */
  cid: CID
  bytes: Uint8Array
}

export interface Car {
  /** CIDv1, each once */
  roots: CID[]
  blocks: AsyncIterable<CarBlock>
}

export async function readCar(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Car> {
  const bytes = new CarBytes(source, headerBytesMax)
  const decoder = createDecoder(bytes)
  const { roots } = await told(bytes, decoder.header())
  if (roots.length === 0) throw new ContentError('bad-dag', 'The CAR names no root')
  if (roots.length > carRootsMax) throw new ContentError('bad-dag', `The CAR names more than ${carRootsMax} roots`)
  bytes.bytesMax = blockBytesMax
  const distinct = new Map(roots.map((root) => [root.toV1().toString(), checkedCid(root.toV1())]))
  return { roots: [...distinct.values()], blocks: blocksOf(bytes, decoder.blocks()) }
}

async function* blocksOf(
  from: CarBytes,
  blocks: AsyncGenerator<{ cid: CID; bytes: Uint8Array }>
): AsyncGenerator<CarBlock> {
  while (true) {
    const next = await told(from, blocks.next())
    if (next.done === true) return
    const { bytes } = next.value
    const cid = checkedCid(next.value.cid.toV1())
    const inline = inlineBytes(cid)
    const right = inline === undefined ? matches(cid.multihash.bytes, bytes) : Buffer.compare(inline, bytes) === 0
    if (!right) throw new ContentError('bad-dag', `The CAR holds other bytes under ${cid} than its hash says`)
    if (inline === undefined) yield { cid, bytes }
  }
}

/** What the decoder gives; what it throws as `bad-dag`, unless the source itself failed. */
async function told<T>(from: CarBytes, task: Promise<T>): Promise<T> {
  try {
    return await task
  } catch (error) {
    if (from.failure !== undefined) throw from.failure.error
    const why = error instanceof Error ? error.message : String(error)
    throw new ContentError('bad-dag', `It is not a CAR that can be read: ${why}`, { cause: error })
  }
}
