// Where the embedded content gets blocks: from the listed sources over /pinmesh/blocks/1, in order; then by bitswap from
// whoever is connected. What a source sent is checked here, so a source that lies is noticed at once and not asked
// again.

import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import { matches } from '../dag/digest.ts'
import type { BlockSession, Fetcher, LocalBlocks } from '../fetcher.ts'
import { Bitswap } from './bitswap.ts'
import { Links } from './links.ts'
import { Provider } from './provider.ts'

export interface MeshFetcherInit {
  libp2p: Libp2p
  /** May this peer be given blocks? */
  allows(peer: string): boolean
  stallMs: number
}

export class MeshFetcher implements Fetcher {
  readonly #init: MeshFetcherInit
  readonly #bitswap: Bitswap
  #links: Links
  #provider: Provider | undefined

  constructor(init: MeshFetcherInit) {
    this.#init = init
    this.#bitswap = new Bitswap(init)
    this.#links = new Links(init.libp2p, init.stallMs)
  }

  async start(local: LocalBlocks): Promise<void> {
    this.#links = new Links(this.#init.libp2p, this.#init.stallMs)
    this.#provider = new Provider({ ...this.#init, local })
    await this.#provider.start()
    await this.#bitswap.start(local)
  }

  async stop(): Promise<void> {
    await this.#links.stop()
    await this.#bitswap.stop()
    await this.#provider?.stop()
  }

  session(sources: readonly string[]): BlockSession {
    const self = this.#init.libp2p.peerId.toString()
    return new MeshSession(
      sources.filter((peer) => peer !== self),
      this.#links,
      this.#bitswap
    )
  }

  announce(cid: CID): void {
    this.#bitswap.announce(cid)
  }
}

class MeshSession implements BlockSession {
  #sources: string[]
  readonly #links: Links
  readonly #bitswap: Bitswap

  constructor(sources: readonly string[], links: Links, bitswap: Bitswap) {
    this.#sources = [...sources]
    this.#links = links
    this.#bitswap = bitswap
  }

  async block(cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const lacking = new Set<string>()
    const order = this.#sources
    for (const peer of order) {
      if (!this.#sources.includes(peer)) continue
      const bytes = await this.#ask(peer, cid, signal)
      if (bytes === 'missing') {
        lacking.add(peer)
        // Asked last from now on: what lacks one block of a DAG often lacks the rest.
        this.#sources = [...this.#sources.filter((one) => one !== peer), peer]
      } else if (bytes !== undefined) return bytes
    }
    if (this.#bitswap.peers().some((peer) => !lacking.has(peer))) return this.#bitswap.want(cid, signal)
    throw new ContentError('unreachable', `No source gives the block ${cid}`)
  }

  /** undefined: the source failed and is out for this session. */
  async #ask(peer: string, cid: CID, signal: AbortSignal): Promise<Uint8Array | 'missing' | undefined> {
    try {
      const bytes = await this.#links.want(peer, cid, signal)
      if (bytes === undefined) return 'missing'
      if (matches(cid.multihash.bytes, bytes)) return bytes
      await this.#links.drop(peer, 'The source sent wrong bytes')
    } catch (error) {
      if (signal.aborted) throw error
    }
    this.#sources = this.#sources.filter((one) => one !== peer)
    return undefined
  }
}
