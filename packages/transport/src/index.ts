// @pinmesh/transport: how peers reach each other. Gossip (three topics, a hint that may be lost) and asks (a message and
// its answer over one long-lived stream a pair, which carry correctness), on libp2p or, for tests, in memory.
//
//   const transport = await createLibp2pTransport({ privateKeySeed: seed, listen: ['/ip4/127.0.0.1/tcp/0'], gossip: true, isMember: () => true })
//   await transport.start({ gossiped: () => 'accept', asked: async (peer, request) => request, connected() {}, disconnected() {} })
//   transport.join(meshId)
//   const peer = await transport.dial('/ip4/192.0.2.7/tcp/4101', AbortSignal.timeout(10_000))
//   const answer = await transport.ask(peer, request, AbortSignal.timeout(10_000))
//   transport.publish('beats', beat)

export { parseAddress } from './addresses.ts'
export { gossipBytesMax, messageBytesMax } from './bounds.ts'
export { peerOfSeed } from './identity.ts'
export { createLibp2pTransport } from './libp2p-transport.ts'
export type { Libp2pTransport, Libp2pTransportInit } from './libp2p-transport.ts'
export { createMemoryNetwork } from './memory-network.ts'
export type { MemoryNetwork } from './memory-network.ts'
export { createOutsideNode } from './outside-node.ts'
export { TransportError } from './transport-error.ts'
export type { TransportCode } from './transport-error.ts'

export type Topic = 'beats' | 'facts' | 'pins'

/** accept: pass it on. ignore: do not. reject: do not, and count it against the neighbour that sent it. */
export type Verdict = 'accept' | 'reject' | 'ignore'

/** connection: strangers have taken all their places. framing: a stream that broke the rules. gossip: a stranger said too much. */
export type Refused = 'connection' | 'framing' | 'gossip'

/** What the owner of a transport is told. Bytes are plain Uint8Arrays and the receiver's own. All but `asked` are synchronous; a throw is swallowed and means 'ignore'. */
export interface Handlers {
  /** Called once for each distinct message (a repeat after some minutes may come through). `from` is the neighbour that handed it over, not its author. */
  gossiped(topic: Topic, bytes: Uint8Array, from: string): Verdict
  /** The answer to a peer's ask, at most `messageBytesMax` bytes. A rejection closes that peer's stream. */
  asked(peer: string, request: Uint8Array): Promise<Uint8Array>
  /** The first connection to a peer is open. */
  connected(peer: string): void
  /** The last connection to a peer is gone. */
  disconnected(peer: string): void
  /** Something of this peer's was turned away. It may be called very often. */
  refused?(peer: string, what: Refused): void
}

/** Errors are TransportErrors. After `stop` no handler is called any more; a transport is started once. */
export interface Transport {
  /** Own peer id text. */
  readonly peer: string
  /** Listens and serves. Rejects with MESH_PORT_TAKEN or MESH_BAD_ADDRESS when an address cannot be listened on. */
  start(handlers: Handlers): Promise<void>
  stop(): Promise<void>
  /** Subscribes the topics of a mesh (32-byte id), once, after `start`; before that only asks work. */
  join(meshId: Uint8Array): void
  /** Sends to the mesh. Never throws; dropped before `join`, above `gossipBytesMax` and while no subscriber is known. The bytes must not change afterwards. */
  publish(topic: Topic, bytes: Uint8Array): void
  /**
   * Asks a connected peer, at most `messageBytesMax` bytes either way; many may be under way, answers come in any order.
   * Rejects with MESH_DISCONNECTED (no connection, or the stream broke: all its asks reject and the next one
   * opens a new stream), MESH_BUSY, MESH_TOO_LARGE, MESH_ABORTED.
   */
  ask(peer: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /**
   * Connects to a multiaddr text, with or without /p2p/…, and resolves with the peer found there (at once when there is a
   * connection). Rejects with MESH_BAD_ADDRESS, MESH_UNREACHABLE, MESH_ABORTED. Nobody redials: the caller does.
   */
  dial(address: string, signal: AbortSignal): Promise<string>
  /** Own addresses as multiaddr texts with /p2p, for others to dial. */
  addresses(): string[]
  /** Peers with an open connection. */
  connections(): string[]
  /** Those of them that opened it themselves, and directly: proof that this peer can be dialed. */
  dialers(): string[]
}
