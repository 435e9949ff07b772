// The block store as Helia and bitswap see it: interface-blockstore over the blocks that are here. Read only: what
// bitswap brings is checked, held and stored by whoever wanted it, and deleting is custody's alone.

import type { Blockstore, InputPair, Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import type { LocalBlocks } from '../fetcher.ts'

export class BlockstoreView implements Blockstore {
  readonly #local: LocalBlocks

  constructor(local: LocalBlocks) {
    this.#local = local
  }

  has(cid: CID): boolean {
    return this.#local.size(cid.multihash.bytes) !== undefined
  }

  async *get(cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = await this.#local.read(cid.multihash.bytes)
    if (bytes === undefined) throw new BlockNotFoundError(cid)
    yield bytes
  }

  async *getMany(cids: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<Pair> {
    for await (const cid of cids) yield { cid, bytes: this.get(cid) }
  }

  async put(): Promise<CID> {
    throw readOnly()
  }

  // oxlint-disable-next-line require-yield
  async *putMany(_blocks: Iterable<InputPair> | AsyncIterable<InputPair>): AsyncGenerator<CID> {
    throw readOnly()
  }

  async delete(): Promise<void> {
    throw readOnly()
  }

  // oxlint-disable-next-line require-yield
  async *deleteMany(_cids: Iterable<CID> | AsyncIterable<CID>): AsyncGenerator<CID> {
    throw readOnly()
  }

  /** Nothing needs it, and blocks have no CID of their own. */
  async *getAll(): AsyncGenerator<Pair> {}
}

/** Named as bitswap expects it: it answers "don't have" instead of failing. */
class BlockNotFoundError extends Error {
  override readonly name = 'NotFoundError'

  constructor(cid: CID) {
    super(`The block ${cid} is not here`)
  }
}

function readOnly(): ContentError {
  return new ContentError('refused', 'Blocks are written and deleted by pins only')
}
