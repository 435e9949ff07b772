// The programming API of a running peer: what the HTTP API, the command line and any other program may ask of it.
// Only plain data crosses it, so that the same methods can be offered over a socket. CIDs are text (v1, base32, where
// we give them); peers are libp2p peer id text; sizes are bytes; times are wall-clock milliseconds.
// Every rejection is a MeshError, but for an aborted signal: then it is the signal's reason.

import type { MeshError } from './mesh-error.ts'

export interface PinRequest {
  /** A CID (v0 or v1) or the path `/ipfs/<cid>`, without a sub-path. */
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
  /** Accept it even if fewer peers than `min` are there to hold it. */
  anyway?: boolean
}

export interface PinAnswer {
  cid: string
  /** Copies wanted as of now; for 'all' the number of eligible peers. */
  want: number
  min: number
}

/** A pin as the index lists it: the wish, not its state. */
export interface ListedPin {
  cid: string
  name?: string
  want: number
  min: number
  expiry?: number
  meta?: Record<string, string>
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
  want: number
  min: number
  /** Copies that count now. */
  have: number
  peers: PeerStatus[]
  expiry?: number
  /** Voided by a revocation, kept for the owner. */
  limbo?: boolean
}

export interface PeerInfo {
  peer: string
  self: boolean
  state: 'alive' | 'suspect' | 'down' | 'unheard'
  since?: number
  class: 'trusted' | 'volunteer'
  backend: 'helia' | 'kubo'
  writer: boolean
  /** Share of its budget that is free, 0..1. */
  spaceFree?: number
  /** ok, read-only, full, failing. */
  store: string
  version: string
  /** Multiaddr text. */
  addresses: string[]
}

export interface NodeInfo {
  peer: string
  /** The mesh id as text. */
  mesh: string
  /** The mesh's name. */
  name: string
  addresses: string[]
  /** Commands that bring another peer into this mesh. */
  joinLines: string[]
  role: 'writer' | 'trusted' | 'volunteer' | 'waiting'
  admission: 'open' | 'invite'
  spaceBytes: number
  usedBytes: number
  version: string
  /** Hex: equal roots mean equal facts, equal pinset. */
  roots: { facts: string; pinset: string }
  store: string
  /** Pins in the mesh. */
  pins: number
  /** Pins held here. */
  holding: number
}

/** One fact about what happened here: feeds log, `mesh watch` and metrics. */
export interface Note {
  at: number
  code: string
  text: string
  [field: string]: unknown
}

/** One file or folder to add; a folder has no content. `path` is relative, '/' between names. */
export interface AddEntry {
  path: string
  content?: AsyncIterable<Uint8Array>
}

/** Content comes with its entry: read it before the next entry, or it is skipped. */
export interface ContentEntry {
  path: string
  kind: 'file' | 'folder'
  size: number
  content?: AsyncIterable<Uint8Array>
}

export interface AddOptions {
  /** Put a folder around what is added. */
  wrap: boolean
  /** Pin it in the mesh too; without, it stays a local copy. */
  pin?: Omit<PinRequest, 'cid'>
  /** Bytes read so far. */
  onProgress?(bytes: number): void
  signal?: AbortSignal
}

export interface MeshNode {
  readonly info: () => NodeInfo

  /** Resolves when durable here; answers in the order of the requests, each on its own: one refused pin refuses no other. */
  pin(requests: PinRequest[], signal?: AbortSignal): Promise<(PinAnswer | { cid: string; error: MeshError })[]>

  /** As `pin`. MESH_OTHERS_PIN where another writer's pin stands and `yes` is not set. */
  unpin(
    cids: string[],
    options?: { yes?: boolean; signal?: AbortSignal }
  ): Promise<({ cid: string } | { cid: string; error: MeshError })[]>

  /** Every pin, in chunks as the store's index gives them. */
  list(): AsyncIterable<ListedPin[]>

  /** Rejects with MESH_NOT_PINNED if unknown. */
  status(cid: string): Promise<PinStatus>
  statusAll(): AsyncIterable<PinStatus>

  /** Yields now and on every change, and ends once that many peers hold it. */
  waitFor(cid: string, holders: number, signal: AbortSignal): AsyncIterable<PinStatus>

  peers(): PeerInfo[]

  /** What happens from now on, until the signal. */
  notes(signal: AbortSignal): AsyncIterable<Note>

  /** Resolves when the blocks (and the pin, if asked for) are durable here. */
  addFile(
    entries: AsyncIterable<AddEntry>,
    options: AddOptions
  ): Promise<{ cid: string; bytes: number } & Partial<PinAnswer>>

  /** Reads verified blocks, local ones or from peers that hold them, without pinning. */
  get(cid: string, signal: AbortSignal): AsyncIterable<ContentEntry>

  /** Needs the root key here. Resolves with the writer's 32-bit client id. */
  addWriter(peer: string): Promise<{ writer: number }>
  vouch(peer: string): Promise<void>

  /** Leaves nothing half-written. May be called twice. */
  stop(): Promise<void>
}
