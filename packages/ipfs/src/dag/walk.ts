// The walk over a DAG: 32 blocks at once, each block once, bounded in blocks and bytes. It knows neither disk nor
// network: `visit` brings one block, from wherever. (Helia's own walkers take one block at a time, forget what they saw,
// and leave unhandled rejections behind.)

import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import { nameOf } from '../blocks/keys.ts'
import { inlineBytes } from './digest.ts'
import { isLeaf, linksOf } from './links.ts'

/** Blocks under way at once: more only cost memory. */
const concurrency = 32
/** Distinct CIDs of one DAG: about 4 TiB of 1 MiB chunks; bounds the memory a hostile DAG can take. */
export const walkBlocksMax: number = 1 << 22

export interface Visited {
  size: number
  /** Needed unless the block is a leaf. */
  bytes?: Uint8Array
}

export interface WalkInit {
  root: CID
  recursive: boolean
  bytesMax: number
  /** Default: walkBlocksMax. */
  blocksMax?: number
  signal: AbortSignal
  /** Brings one block; with its bytes if `withBytes`. Its own signal: it must settle soon after that aborts. */
  visit(cid: CID, withBytes: boolean, signal: AbortSignal): Promise<Visited>
  onProgress?: ((bytes: number) => void) | undefined
}

/** Resolves with the bytes of all distinct blocks; rejects with the first error, after every visit has settled. */
export async function walk(init: WalkInit): Promise<{ bytes: number }> {
  return new Walk(init).run()
}

class Walk {
  readonly #init: WalkInit
  readonly #stack: CID[] = []
  readonly #seen = new Set<string>()
  readonly #counted = new Set<string>()
  readonly #stop = new AbortController()
  #bytes = 0
  #active = 0
  #failed = false
  #settle: { resolve(): void; reject(error: unknown): void } | undefined
  #error: unknown

  constructor(init: WalkInit) {
    this.#init = init
  }

  async run(): Promise<{ bytes: number }> {
    const { signal, root } = this.#init
    const abort = (): void => this.#fail(new ContentError('aborted', 'The walk was aborted', { cause: signal.reason }))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject }
        try {
          this.#push(root)
        } catch (error) {
          this.#fail(error)
        }
        this.#pump()
      })
    } finally {
      signal.removeEventListener('abort', abort)
    }
    return { bytes: this.#bytes }
  }

  #pump(): void {
    while (!this.#failed && this.#active < concurrency && this.#stack.length > 0) {
      const cid = this.#stack.pop()
      if (cid === undefined) break
      this.#active++
      this.#one(cid)
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#active--
          this.#pump()
        })
    }
    if (this.#active > 0) return
    if (this.#failed) this.#settle?.reject(this.#error)
    else if (this.#stack.length === 0) this.#settle?.resolve()
  }

  async #one(cid: CID): Promise<void> {
    const withBytes = this.#init.recursive && !isLeaf(cid)
    const inline = inlineBytes(cid)
    const block = inline === undefined ? await this.#visit(cid, withBytes) : { size: 0, bytes: inline }
    if (!withBytes || this.#failed) return
    if (block.bytes === undefined) throw new ContentError('back-end', `The block ${cid} came without its bytes`)
    const links = linksOf(cid, block.bytes)
    // Reversed onto a stack: depth first, in the order of the file.
    for (let at = links.length - 1; at >= 0; at--) {
      const link = links[at]
      if (link !== undefined) this.#push(link)
    }
  }

  async #visit(cid: CID, withBytes: boolean): Promise<Visited> {
    const block = await this.#init.visit(cid, withBytes, this.#stop.signal)
    const name = nameOf(cid.multihash.bytes)
    // The same bytes may be linked under two codecs: decoded twice, counted once.
    if (this.#counted.has(name)) return block
    this.#counted.add(name)
    this.#bytes += block.size
    if (this.#bytes > this.#init.bytesMax) {
      throw new ContentError('limit', `The DAG is larger than the ${this.#init.bytesMax} bytes allowed`)
    }
    this.#init.onProgress?.(this.#bytes)
    return block
  }

  #push(cid: CID): void {
    const id = `${cid.code}.${nameOf(cid.multihash.bytes)}`
    if (this.#seen.has(id)) return
    if (this.#seen.size >= (this.#init.blocksMax ?? walkBlocksMax)) {
      throw new ContentError('limit', `The DAG has more than ${this.#init.blocksMax ?? walkBlocksMax} blocks`)
    }
    this.#seen.add(id)
    this.#stack.push(cid)
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#error = error
    this.#stack.length = 0
    this.#stop.abort(error)
    // A walk that has nothing under way has no other moment to settle.
    if (this.#active === 0) this.#pump()
  }
}
