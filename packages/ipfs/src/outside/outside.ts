// Blocks from outside the mesh: peers that a pin's origins or the routers name are dialled and asked by bitswap, on a
// libp2p node of its own. So strangers see neither the mesh's peer id nor its protocols, take none of the mesh's
// connections, and are given nothing: the bitswap here has an empty block store. Nothing of this is loaded, and the node
// is not built, before the first block is wanted from outside.

import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { Bitswap } from '../exchange/bitswap.ts'
import type { LocalBlocks } from '../fetcher.ts'
import { Guests } from './guests.ts'
import { HttpRouter } from './http-router.ts'
import { OutsideSession } from './outside-session.ts'
import { type RouterChange, Routers } from './router.ts'

export interface OutsideInit {
  /** Builds and starts the node; called when first needed. It is stopped here. */
  node(): Promise<Libp2p>
  /** URLs of Delegated Routing V1 servers; none: only origins are asked. */
  routers: readonly string[]
  /** A router stopped answering, or answers again. */
  routerChanged?: ((change: RouterChange) => void) | undefined
}

const nothingHere: LocalBlocks = { size: () => undefined, read: async () => undefined }

export class Outside {
  readonly #node: Libp2p
  readonly #guests: Guests
  readonly #bitswap: Bitswap
  readonly #routers: Routers

  private constructor(node: Libp2p, init: OutsideInit, stallMs: number) {
    this.#node = node
    this.#guests = new Guests(node)
    this.#bitswap = new Bitswap({ libp2p: node, stallMs, allows: (peer) => this.#guests.has(peer) })
    this.#routers = new Routers(
      init.routers.map((url) => new HttpRouter(url)),
      (change) => init.routerChanged?.(change)
    )
  }

  static async open(init: OutsideInit, stallMs: number): Promise<Outside> {
    const outside = new Outside(await init.node(), init, stallMs)
    await outside.#bitswap.start(nothingHere)
    return outside
  }

  async stop(): Promise<void> {
    this.#guests.stop()
    await this.#routers.stop()
    await this.#bitswap.stop()
    await this.#node.stop()
  }

  session(root: CID, origins: readonly string[]): OutsideSession {
    return new OutsideSession({ root, origins, guests: this.#guests, bitswap: this.#bitswap, routers: this.#routers })
  }
}
