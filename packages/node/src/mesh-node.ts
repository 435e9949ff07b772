// The programming API of a running peer: what the HTTP API, the command line and any other program may ask of it.
// Only plain data crosses it, so that the same methods can be offered over a socket. CIDs are text (v1, base32, where
// we give them); peers are libp2p peer id text; sizes are bytes; times are wall-clock milliseconds.
// Every rejection is a MeshError, but for an aborted signal: then it is the signal's reason. Whatever can wait takes one. Of a
// stream, `break` is enough. Calls that a stop overtakes reject with MESH_STOPPING.

import type { CallOptions } from './mesh-call.ts'
import type { MeshContent } from './mesh-content.ts'
import type { MeshLeave } from './mesh-leave.ts'
import type { MeshPins } from './mesh-pins.ts'
import type { Told } from './notes.ts'
import type { MeshTrust } from './mesh-trust.ts'

export interface PeerInfo {
  peer: string
  self: boolean
  state: 'alive' | 'suspect' | 'down' | 'unheard'
  since?: number
  class: 'trusted' | 'volunteer'
  backend: 'helia' | 'kubo'
  writer: boolean
  /** It hands its duties on. */
  leaving: boolean
  /** Ms that its clock is ahead of this peer's; only where that is more than five minutes. */
  clockAheadMs?: number
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
  /** waiting: not admitted yet · removed: by the owner, its copies count for nothing */
  role: 'writer' | 'trusted' | 'volunteer' | 'waiting' | 'removed'
  admission: 'open' | 'invite'
  spaceBytes: number
  usedBytes: number
  version: string
  /** Hex: equal roots mean equal facts, equal pinset. */
  roots: { facts: string; pinset: string }
  store: string
  /** `inDoubt`: the others' clocks say otherwise; by `offsetMs` (0 where they do not agree) they are ahead of this one. */
  clock: { inDoubt: boolean; offsetMs: number }
  /** Since its start it was heard that the root key has signed two histories: see MESH_KEY_LOG_FORKED. */
  keyLogForked: boolean
  /** It hands its duties on. */
  leaving: boolean
  /** Peers that are connected, and those of them that opened the connection themselves: to them this peer can be dialed. */
  connections: { all: number; dialers: number }
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

export interface MeshNode extends MeshLeave {
  readonly pins: MeshPins
  readonly content: MeshContent
  readonly trust: MeshTrust

  info(): NodeInfo
  peers(): PeerInfo[]

  /** What happens from now on, as long as the peer runs: a lone note at once, those that come in bulk together. */
  notes(options?: CallOptions): AsyncIterable<Note>

  /** Adds a note, for what stands in front of the peer, such as its API. */
  say(note: Told): void

  /** Changes the budget at once, and keeps it in the home: resolves with the bytes that hold now. Default: as at the first start. */
  setSpace(bytes?: number, options?: CallOptions): Promise<number>

  /** Resolves when this peer has left the mesh: it should be stopped then. */
  readonly left: Promise<void>

  /** Leaves nothing half-written. May be called twice. */
  stop(): Promise<void>
}
