// A DAG as a CAR, version 1, as fast as it is taken: the root first, depth first in the order of the links, each block
// once. So the same CID gives the same bytes everywhere.

import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import { inlineBytes } from '../dag/digest.ts'
import { isLeaf, linksOf } from '../dag/links.ts'
import { walkBlocksMax } from '../dag/walk.ts'
import type { ReadBlock } from '../unixfs/export.ts'
import { carBlock, carHeader } from './car-frames.ts'

/** Blocks read ahead of the reader: bounds its memory to 64 MiB. */
const readsAhead = 16

export async function* writeCar(root: CID, read: ReadBlock): AsyncGenerator<Uint8Array> {
  const seen = new Set([root.toString()])
  const stack = [root]
  const ahead = new Ahead(read)
  yield carHeader([root])
  while (true) {
    ahead.begin(stack)
    const cid = stack.pop()
    if (cid === undefined) return
    const bytes = await ahead.take(cid)
    if (inlineBytes(cid) === undefined) yield carBlock(cid, bytes)
    if (isLeaf(cid)) continue
    for (const link of linksOf(cid, bytes).toReversed()) {
      if (seen.has(link.toString())) continue
      seen.add(link.toString())
      if (seen.size > walkBlocksMax) throw new ContentError('limit', `The DAG has more than ${walkBlocksMax} blocks`)
      stack.push(link)
    }
  }
}

/** Reads the next blocks of a stack, its top first. */
class Ahead {
  readonly #read: ReadBlock
  readonly #reading = new Map<string, Promise<Uint8Array>>()

  constructor(read: ReadBlock) {
    this.#read = read
  }

  begin(stack: readonly CID[]): void {
    for (const cid of stack.slice(-readsAhead).toReversed()) {
      if (this.#reading.size >= readsAhead) return
      const name = cid.toString()
      if (this.#reading.has(name)) continue
      const reading = this.#read(cid)
      // It is awaited in its turn; a reader that leaves before must not bring the process down.
      reading.catch(() => {})
      this.#reading.set(name, reading)
    }
  }

  async take(cid: CID): Promise<Uint8Array> {
    const reading = this.#reading.get(cid.toString())
    this.#reading.delete(cid.toString())
    return reading ?? this.#read(cid)
  }
}
