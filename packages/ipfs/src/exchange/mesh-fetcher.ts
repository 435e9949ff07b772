// Where the embedded content gets blocks: from the listed sources over /pinmesh/blocks/1, in order; then by bitswap from
// whoever is connected. What a source sent is checked here, so a source that lies is noticed at once and not asked
// again. A source that keeps quiet is not waited for: the next is asked beside it, and the first to answer counts.

import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { settledOrAborted } from '../aborting.ts'
import { ContentError } from '../content-error.ts'
import { matches } from '../dag/digest.ts'
import type { BlockSession, Fetcher, LocalBlocks } from '../fetcher.ts'
import { BackEnds, peerIn } from './back-ends.ts'
import { Bitswap } from './bitswap.ts'
import { Links } from './links.ts'
import { Provider } from './provider.ts'

export interface MeshFetcherInit {
  libp2p: Libp2p
  /** May this peer be given blocks? */
  allows(peer: string): boolean
  stallMs: number
  /** Multiaddrs of what holds a member's blocks, each ending in /p2p/<its IPFS peer>; none where that is the peer itself. */
  reach(peer: string): readonly string[]
}

export class MeshFetcher implements Fetcher {
  readonly #init: MeshFetcherInit
  readonly #bitswap: Bitswap
  readonly #backEnds: BackEnds
  #links: Links
  #provider: Provider | undefined

  constructor(init: MeshFetcherInit) {
    this.#init = init
    this.#bitswap = new Bitswap(init)
    this.#backEnds = new BackEnds(init.libp2p, this.#bitswap)
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
    const others = sources.filter((peer) => peer !== self)
    const places = new Map(others.map((peer) => [peer, this.#init.reach(peer)]))
    const apart = (peer: string): boolean => places.get(peer)?.some((address) => peerIn(address) !== peer) === true
    const direct = others.filter((peer) => !apart(peer))
    return new MeshSession({
      sources: direct.toSorted((a, b) => Number(this.#links.isQuiet(a)) - Number(this.#links.isQuiet(b))),
      backEnds: others.filter(apart).map((peer) => places.get(peer) ?? []),
      links: this.#links,
      bitswap: this.#bitswap,
      meet: (addresses) => this.#backEnds.meet(addresses)
    })
  }

  announce(cid: CID): void {
    this.#bitswap.announce(cid)
  }
}

interface MeshSessionInit {
  sources: readonly string[]
  /** The addresses of each source that keeps its blocks elsewhere: asked by bitswap. */
  backEnds: readonly (readonly string[])[]
  links: Links
  bitswap: Bitswap
  meet(addresses: readonly string[]): Promise<void>
}

class MeshSession implements BlockSession {
  readonly #init: MeshSessionInit
  readonly #links: Links
  readonly #bitswap: Bitswap
  #sources: string[]
  #met: Promise<unknown> | undefined

  constructor(init: MeshSessionInit) {
    this.#init = init
    this.#links = init.links
    this.#bitswap = init.bitswap
    this.#sources = [...init.sources]
  }

  async block(cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const lacking = new Set<string>()
    const bytes = await this.#bySources(cid, lacking, signal)
    if (bytes !== undefined) return bytes
    // Once: what could not be reached is not dialled anew for each block.
    this.#met ??= Promise.all(this.#init.backEnds.map((addresses) => this.#init.meet(addresses)))
    await settledOrAborted(this.#met, signal)
    if (this.#bitswap.peers().some((peer) => !lacking.has(peer))) return this.#bitswap.want(cid, signal)
    throw new ContentError('unreachable', `No source gives the block ${cid}`)
  }

  /** One source after another; undefined when none gives it. Adds to `lacking` those that said so. */
  async #bySources(cid: CID, lacking: Set<string>, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const turns: Promise<void>[] = []
    let given: Uint8Array | undefined
    const first = Promise.withResolvers<void>()
    for (const peer of this.#sources) {
      if (!this.#sources.includes(peer)) continue
      const turn = this.#ask(peer, cid, signal).then((answer) => {
        if (answer === 'missing') {
          lacking.add(peer)
          // Asked last from now on: what lacks one block of a DAG often lacks the rest.
          this.#postpone(peer)
        } else if (answer !== undefined) {
          given ??= answer
          first.resolve()
        }
      })
      turns.push(turn)
      const quiet = Promise.withResolvers<void>()
      const heard = this.#links.whenQuiet(peer, () => {
        this.#postpone(peer)
        quiet.resolve()
      })
      await Promise.race([turn, first.promise, quiet.promise]).finally(heard)
      if (given !== undefined) return given
    }
    await Promise.race([Promise.all(turns), first.promise])
    return given
  }

  #postpone(peer: string): void {
    if (this.#sources.includes(peer)) this.#sources = [...this.#sources.filter((one) => one !== peer), peer]
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
