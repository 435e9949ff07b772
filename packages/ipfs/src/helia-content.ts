// The embedded content: pins over LevelDB and files in one folder, blocks exchanged on the libp2p node of the transport.

import { join } from 'node:path'
import type { Libp2p } from '@libp2p/interface'
import { DiskFiles } from './blocks/disk-files.ts'
import { LevelRows } from './blocks/level-rows.ts'
import type { Mended } from './blocks/open-level.ts'
import type { Content } from './content.ts'
import { MeshFetcher } from './exchange/mesh-fetcher.ts'
import type { OutsideInit } from './outside/outside.ts'
import { PinningContent } from './pinning-content.ts'
import type { FindHeld } from './pins/repair.ts'

/** Ms. */
const stallMsDefault = 30_000

export interface HeliaContentInit {
  /** Folder of this content alone; created if absent. */
  path: string
  /** The transport's node. Content neither starts nor stops it; protocols are registered by Content.start(). */
  libp2p: Libp2p
  /** May this peer be given blocks, and be asked by bitswap? Asked often and anew each time. */
  isMember(peer: string): boolean
  /** Give blocks to whoever asks. Default: false. */
  servePublic?: boolean
  /**
   * Multiaddrs of what holds a member's blocks where that is not the member itself but, say, a Kubo beside it; each ends
   * in /p2p/<its IPFS peer>. Default: none.
   */
  reach?(peer: string): readonly string[]
  /** How peers outside the mesh are asked, when no member gives a block. Default: they are not. */
  outside?: OutsideInit
  /** Ms without progress after which a source is given up. Default: 30,000. */
  stallMs?: number
  /** What all blocks together may take, pinned or not; asked before each block. Default: no bound. */
  budgetBytes?: () => number
  /** What the disk still has room for; asked before each block. Default: no bound. */
  roomBytes?: () => Promise<number>
  /**
   * Asked at a start after an unclean stop or a damage, and before a collection while rows may be missing: nothing is deleted until
   * it can say, and what it says is whole. Default: the table is taken at its word unless it was damaged, and is in doubt for good then.
   */
  held?: FindHeld
  /** The table of pins and blocks had to be mended. */
  mended?: (mended: Mended) => void
  /** A pin (CIDv1, base32) is one no longer: a block of it was found damaged. acquire() makes it whole again. */
  lost?: (cid: string) => void
}

export function createHeliaContent(init: HeliaContentInit): Content {
  const { libp2p, isMember, servePublic = false, outside, stallMs = stallMsDefault } = init
  return new PinningContent({
    rows: new LevelRows({ path: join(init.path, 'pins'), mended: init.mended }),
    files: new DiskFiles(join(init.path, 'blocks')),
    fetcher: new MeshFetcher({
      libp2p,
      stallMs,
      outside,
      allows: (peer) => servePublic || isMember(peer),
      reach: (peer) => init.reach?.(peer) ?? []
    }),
    budgetBytes: init.budgetBytes,
    roomBytes: init.roomBytes,
    held: init.held,
    mended: init.mended,
    lost: init.lost
  })
}
