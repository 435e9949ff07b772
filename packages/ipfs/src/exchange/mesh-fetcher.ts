// Where the embedded content gets blocks: from members, over /pinmesh/blocks/1 and by bitswap; and from outside the mesh
// where that is wanted. mesh-session.ts has the order.

import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import type { BlockSession, Fetcher, LocalBlocks, Wanted } from '../fetcher.ts'
import type { OutsideSession } from '../outside/outside-session.ts'
import type { Outside, OutsideInit } from '../outside/outside.ts'
import { BackEnds, peerIn } from './back-ends.ts'
import { Bitswap } from './bitswap.ts'
import { Links } from './links.ts'
import { MeshSession } from './mesh-session.ts'
import { Provider } from './provider.ts'

export interface MeshFetcherInit {
  libp2p: Libp2p
  /** May this peer be given blocks? */
  allows(peer: string): boolean
  stallMs: number
  /** Multiaddrs of what holds a member's blocks, each ending in /p2p/<its IPFS peer>; none where that is the peer itself. */
  reach(peer: string): readonly string[]
  /** Default: nobody outside the mesh is asked. */
  outside?: OutsideInit | undefined
}

export class MeshFetcher implements Fetcher {
  readonly #init: MeshFetcherInit
  readonly #bitswap: Bitswap
  readonly #backEnds: BackEnds
  #links: Links
  #provider: Provider | undefined
  #outside: Promise<Outside> | undefined

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
    const outside = await this.#outside?.catch(() => undefined)
    this.#outside = undefined
    await outside?.stop()
  }

  session({ root, sources, origins }: Wanted): BlockSession {
    const { outside } = this.#init
    const asked = outside !== undefined && outside.routers.length + origins.length > 0
    const open = async (): Promise<OutsideSession> => (await this.#openOutside()).session(root, origins)
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
      meet: (addresses) => this.#backEnds.meet(addresses),
      outside: asked ? open : undefined
    })
  }

  announce(cid: CID): void {
    this.#bitswap.announce(cid)
  }

  /** Loaded when first needed: a closed mesh never does. */
  #openOutside(): Promise<Outside> {
    const { outside, stallMs } = this.#init
    if (outside === undefined) throw new ContentError('refused', 'Nobody outside the mesh is asked')
    if (this.#outside === undefined) {
      const opening = import('../outside/outside.ts').then(({ Outside }) => Outside.open(outside, stallMs))
      this.#outside = opening
      opening.catch(() => (this.#outside = undefined))
    }
    return this.#outside
  }
}
