// Where blocks that are not here come from: the seam between pins and network. The embedded content fetches from
// members and by bitswap, its memory sibling from a shared world.

import type { CID } from 'multiformats/cid'

export interface Fetcher {
  /** From now on blocks may be asked of us; `read` gives those that are here. */
  start(local: LocalBlocks): Promise<void>
  stop(): Promise<void>
  /** One acquisition's or reading's view: it remembers which sources failed it. */
  session(wanted: Wanted): BlockSession
  /** A block is here now: peers that asked for it in vain may be told. */
  announce(cid: CID): void
}

export interface Wanted {
  /** of the DAG whose blocks will be asked for */
  readonly root: CID
  /** members said to hold it, best first */
  readonly sources: readonly string[]
  /** multiaddrs of peers outside the mesh said to have it; asked last */
  readonly origins: readonly string[]
}

export interface BlockSession {
  /** The block, right by its hash. Settles within a bounded time without progress; ContentError else. */
  block(cid: CID, signal: AbortSignal): Promise<Uint8Array>
}

export interface LocalBlocks {
  size(multihash: Uint8Array): number | undefined
  read(multihash: Uint8Array): Promise<Uint8Array | undefined>
}
