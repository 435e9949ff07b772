// The programming API of pins: what is wanted, and how far it is.

import type { CallOptions } from './mesh-call.ts'
import type { MeshError } from './mesh-error.ts'

export interface PinRequest {
  /** A CID (v0 or v1), or `/ipfs/<cid>`, or such with a path below it: then what lies there is pinned. */
  cid: string
  /** Copies wanted; 'all' = on every eligible peer. Default: the mesh's policy. */
  replicas?: number | 'all'
  /** Copies below which repair is urgent. Default: one less than wanted, at least one. */
  min?: number
  /** At most 255 bytes. */
  name?: string
  /** At most 512 bytes in all. */
  meta?: Record<string, string>
  /** From now until the pin lapses. Default: never. */
  expireInMs?: number
  /** The whole graph, or the one block. Default: recursive. */
  mode?: 'recursive' | 'direct'
  /** Peers that should hold it before all others, at most 16. They must be members, unless `anyway`. */
  chosen?: string[]
  /** What is fetched first, 0..255; larger is sooner. Default: 128. */
  priority?: number
  /** Multiaddrs of peers that have it, in the mesh or outside, at most 8. */
  origins?: string[]
  /** Requests for one CID in different slots stand side by side, 1 to 16 of A-Z a-z 0-9 _ -. Default: none. */
  slot?: string
  /** Accept it even if fewer peers than `min` are there to hold it, or chosen ones are no members. */
  anyway?: boolean
}

export interface PinAnswer {
  cid: string
  /** Copies wanted as of now; for 'all' the number of eligible peers. */
  want: number
  min: number
  /** Wanted on every peer. */
  everywhere?: boolean
  slot?: string
  /** As it was asked for, where that named a part below a CID. */
  path?: string
}

export interface UpdateOptions extends CallOptions {
  /** What is to be other than it was for the old one. */
  terms?: Omit<PinRequest, 'cid' | 'slot'>
  /** The slot of both. Default: none. */
  slot?: string
  /** Copies of the new one before the old one goes. Default: as many as are wanted, or as the old one has, if fewer. */
  held?: number | 'want'
  /** Let the mesh choose the peers anew, where the new one would go to those that hold the old one. */
  spread?: boolean
  /** End another writer's pin of the old one too. */
  yes?: boolean
}

/** How far an update is: the new one is pinned in every step, the old one until it is done. */
export interface UpdateStep {
  old: string
  cid: string
  want: number
  min: number
  /** Copies of the new one. */
  have: number
  /** Copies of the new one before the old one goes. */
  needed: number
  done: boolean
}

export interface UnpinAnswer {
  cid: string
  /** Slots that still want it; '' for the request without one. */
  slots?: string[]
}

/** A pin as the index lists it: the wish, not its state. One for each slot of a CID. */
export interface ListedPin {
  cid: string
  name?: string
  /** 0: every peer. */
  want: number
  min: number
  /** Wall clock, ms; it may have passed. */
  expiry?: number
  meta?: Record<string, string>
  slot?: string
  /** Absent: recursive. */
  mode?: 'direct'
  /** Absent: 128. */
  priority?: number
  chosen?: string[]
  origins?: string[]
}

/** What one peer says of one pin. */
export interface PeerStatus {
  peer: string
  /** 'held' covers holding and promised; the command line calls it "holding". */
  state: 'held' | 'fetching' | 'queued' | 'failed' | 'leaving' | 'none'
  since?: number
  /** Why it failed, in words. */
  reason?: string
  /** Whether the placement wants it there. */
  target: boolean
}

export interface PinStatus {
  cid: string
  name?: string
  /** Copies wanted as of now. */
  want: number
  min: number
  /** Wanted on every peer. */
  everywhere?: boolean
  /** The slots that want it, where one has a name; '' for the request without one. */
  slots?: string[]
  /** Copies that count now. */
  have: number
  /** Copies on trusted peers, where these are fewer than the trusted minimum of the pin. */
  trusted?: { have: number; want: number }
  peers: PeerStatus[]
  /** Wall clock, ms, of the request that lapses last. */
  expiry?: number
  /** Every request for it has lapsed. */
  expired?: boolean
  /** Voided by a revocation, kept for the owner. */
  limbo?: boolean
}

/** One request that was refused. It refuses no other. */
export interface Refused {
  cid: string
  error: MeshError
}

/** All that is given must fit. */
export interface ListFilter {
  /** `*` stands for any characters, `?` for one. */
  name?: string
  /** Each pair must be there as it is. */
  meta?: Record<string, string>
  slot?: string
  /** Held by this peer. */
  peer?: string
  /** Lapses within that time, or has lapsed. */
  expiringMs?: number
}

/** What a peer does about a pin, or how well it is kept: by as many as wanted, by fewer (also by fewer trusted ones), by fewer than its minimum. */
export type StatusFilter = PeerStatus['state'] | 'ok' | 'few' | 'at-risk' | 'lapsed' | 'limbo'

export interface StatusOptions extends CallOptions {
  /** Pins of which any of these is true. Default: every pin. */
  filter?: StatusFilter[]
  /** What this peer itself does, and only the pins of which it does anything. */
  local?: boolean
}

export interface RetryOptions extends CallOptions {
  /** Ask no other peer. */
  local?: boolean
}

/** What is tried again. */
export interface RetryAnswer {
  cid: string
  /** It had failed here and is tried now. */
  here: boolean
  /** Others that say they have failed. */
  failed: number
  /** They were asked to try now. That takes a writer, and its own pin. */
  asked: boolean
}

export interface UnpinOptions extends CallOptions {
  /** End another writer's pin too. */
  yes?: boolean
  /** Which request is ended. Default: the one without a slot. */
  slot?: string
  /** End the requests of every slot. */
  everySlot?: boolean
}

export interface MeshPins {
  /** Resolves when durable here; answers in the order of the requests, each on its own. */
  add(requests: PinRequest[], options?: CallOptions): Promise<(PinAnswer | Refused)[]>

  /**
   * Puts one CID in the place of another: the new one is pinned as the old one was, and held, before the old one goes.
   * Interrupted it leaves both pinned; asked for again it goes on. MESH_NOT_PINNED, MESH_OTHERS_PIN, MESH_SAME_CID.
   */
  update(old: string, cid: string, options?: UpdateOptions): AsyncIterable<UpdateStep>

  /** As `add`. MESH_OTHERS_PIN where another writer's pin stands and `yes` is not set. */
  rm(cids: string[], options?: UnpinOptions): Promise<(UnpinAnswer | Refused)[]>

  /**
   * Tries at once what has failed, here and, by wishing for it anew, elsewhere: these pins, or all that have failed.
   */
  retry(cids?: string[], options?: RetryOptions): AsyncIterable<(RetryAnswer | Refused)[]>

  /** Every pin, or those that pass, in chunks as the store's index gives them. MESH_UNKNOWN_PEER. */
  ls(filter?: ListFilter, options?: CallOptions): AsyncIterable<ListedPin[]>

  /** Rejects with MESH_NOT_PINNED if unknown. */
  status(cid: string, options?: CallOptions): Promise<PinStatus>
  /** In the order of `ls`; other work goes on between them. */
  statuses(options?: StatusOptions): AsyncIterable<PinStatus>

  /** Yields now and on every change, and ends once that many peers hold it. */
  waitFor(cid: string, holders: number, options?: CallOptions): AsyncIterable<PinStatus>
}
