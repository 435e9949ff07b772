// The transport on libp2p: wires the node, gossip, the asking side (an Asker a peer) and the answering side together
// and turns libp2p's events and errors into the port's.

import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2pOptions } from 'libp2p'
import { dialError, listenError, parseAddress } from './addresses.ts'
import { Asker } from './asker.ts'
import {
  connectionsMax,
  openMs,
  strangerGossipBurst,
  strangerGossipPatienceMs,
  strangerGossipPerSecond
} from './bounds.ts'
import { Buckets } from './buckets.ts'
import { Gossip } from './gossip.ts'
import { judge, tell } from './guard.ts'
import { keyOfSeed } from './identity.ts'
import type { Handlers, Refused, Topic, Transport, Verdict } from './index.ts'
import { createNode } from './libp2p-node.ts'
import { SyncServer } from './sync-server.ts'
import { abortedError, disconnectedError } from './transport-error.ts'

const syncProtocol = '/pinmesh/sync/1'

export interface Libp2pTransportInit {
  /** 32-byte ed25519 seed: the peer's identity. */
  privateKeySeed: Uint8Array
  /** Multiaddrs to listen on (tcp and ws; port 0 takes a free one). None: this peer only dials. */
  listen: readonly string[]
  /** false: no gossipsub at all; `join` and `publish` do nothing. */
  gossip: boolean
  /** Whether a peer is a member now; asked often, must be cheap. Strangers get fewer connections, fewer asks and 1 MiB/s. */
  isMember(peer: string): boolean
  /** Multiaddrs to tell others instead of those listened on. Default: none. */
  announce?: readonly string[]
  /** Look for peers in the local network and dial them. Default: false. */
  mdns?: boolean
  /** 'use': dial and listen through relays (/p2p-circuit). 'serve': be one, too. Default: 'off'. */
  relay?: 'off' | 'use' | 'serve'
  /** Connections in all, both directions. Default: 64. */
  connectionsMax?: number
  /** Further libp2p services for the same node. Protocols can also be registered on `libp2p` before `start`. Default: none. */
  services?: NonNullable<Libp2pOptions['services']>
}

export interface Libp2pTransport extends Transport {
  /** The node, built but started only by `start`: register own protocol handlers before that, so that identify reports them. */
  readonly libp2p: Libp2p
}

class Libp2pTransportNode implements Libp2pTransport {
  readonly libp2p: Libp2p
  readonly peer: string
  readonly #init: Libp2pTransportInit
  readonly #gossip: Gossip | undefined
  readonly #askers = new Map<string, Asker>()
  readonly #connected = new Set<string>()
  readonly #strangers = new Buckets({ perSecond: strangerGossipPerSecond, burst: strangerGossipBurst })
  #handlers: Handlers | undefined

  constructor(libp2p: Libp2p, init: Libp2pTransportInit, gossip: Gossip | undefined) {
    this.libp2p = libp2p
    this.peer = libp2p.peerId.toString()
    this.#init = init
    this.#gossip = gossip
  }

  async start(handlers: Handlers): Promise<void> {
    this.#handlers = handlers
    const server = new SyncServer({
      isMember: (peer) => this.#init.isMember(peer),
      asked: async (peer, request) => {
        if (this.#handlers === undefined) throw disconnectedError(this.peer)
        return this.#handlers.asked(peer, request)
      },
      refused: (peer) => this.refused(peer, 'framing')
    })
    await this.libp2p.handle(syncProtocol, server.accept, { maxInboundStreams: 2, runOnLimitedConnection: true })
    this.libp2p.addEventListener('peer:connect', (event) => this.#opened(event.detail))
    this.libp2p.addEventListener('peer:disconnect', (event) => this.#closed(event.detail.toString()))
    this.libp2p.addEventListener('connection:close', (event) => this.#lost(event.detail))
    try {
      await this.libp2p.start()
    } catch (error) {
      throw listenError(error, this.#init.listen)
    }
  }

  async stop(): Promise<void> {
    this.#handlers = undefined
    for (const asker of this.#askers.values()) asker.close()
    this.#askers.clear()
    await this.libp2p.stop()
  }

  join(meshId: Uint8Array): void {
    this.#gossip?.join(meshId, (topic, bytes, from) => this.#gossiped(topic, bytes, from))
  }

  /** Tells the owner what was turned away. */
  refused(peer: string, what: Refused): void {
    tell(() => this.#handlers?.refused?.(peer, what))
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    this.#gossip?.publish(topic, bytes)
  }

  async ask(peer: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    if (!this.#connected.has(peer)) throw disconnectedError(peer)
    let asker = this.#askers.get(peer)
    if (asker === undefined) {
      asker = new Asker(peer, () => this.#openStream(peer))
      this.#askers.set(peer, asker)
    }
    return asker.ask(request, signal)
  }

  async dial(address: string, signal: AbortSignal): Promise<string> {
    const target = parseAddress(address)
    if (signal.aborted) throw abortedError(signal)
    try {
      const connection = await this.libp2p.dial(target, { signal })
      return connection.remotePeer.toString()
    } catch (error) {
      throw dialError(error, address, signal)
    }
  }

  addresses(): string[] {
    return this.libp2p.getMultiaddrs().map((address) => address.toString())
  }

  connections(): string[] {
    return [...this.#connected]
  }

  dialers(): string[] {
    const inbound = this.libp2p
      .getConnections()
      .filter(({ direction, limits, status }) => direction === 'inbound' && limits === undefined && status === 'open')
    return [...new Set(inbound.map(({ remotePeer }) => remotePeer.toString()))].filter((one) =>
      this.#connected.has(one)
    )
  }

  #gossiped(topic: Topic, bytes: Uint8Array, from: string): Verdict {
    if (this.#init.isMember(from)) return judge(this.#handlers, topic, bytes, from)
    const waitMs = this.#strangers.take(from, 1)
    if (waitMs === 0) return judge(this.#handlers, topic, bytes, from)
    this.refused(from, 'gossip')
    return waitMs > strangerGossipPatienceMs ? 'reject' : 'ignore'
  }

  async #openStream(peer: string): Promise<Stream> {
    const open = this.libp2p.getConnections(peerIdFromString(peer)).filter(({ status }) => status === 'open')
    const connection = open.find(({ limits }) => limits === undefined) ?? open[0]
    if (connection === undefined) throw disconnectedError(peer)
    return connection.newStream(syncProtocol, { signal: AbortSignal.timeout(openMs), runOnLimitedConnection: true })
  }

  #opened(id: PeerId): void {
    const peer = id.toString()
    if (this.#connected.has(peer)) return
    this.#connected.add(peer)
    if (this.#init.isMember(peer)) {
      // when connections must go, strangers go first
      this.libp2p.peerStore.merge(id, { tags: { 'pinmesh-member': { value: 60 } } }).catch(() => {})
    }
    tell(() => this.#handlers?.connected(peer))
  }

  #closed(peer: string): void {
    if (!this.#connected.delete(peer)) return
    this.#askers.get(peer)?.close()
    this.#askers.delete(peer)
    tell(() => this.#handlers?.disconnected(peer))
  }

  #lost(connection: Connection): void {
    // after libp2p has closed what ran over it
    setImmediate(() => {
      const other = this.libp2p.getConnections(connection.remotePeer).find(({ status }) => status === 'open')
      if (other !== undefined && this.#handlers !== undefined) this.#gossip?.reopen(other)
    })
  }
}

/** Builds a libp2p transport; nothing listens before `start`. Rejects with MESH_BAD_ADDRESS for a malformed address. */
export async function createLibp2pTransport(init: Libp2pTransportInit): Promise<Libp2pTransport> {
  for (const address of [...init.listen, ...(init.announce ?? [])]) parseAddress(address)
  const gossip = init.gossip ? new Gossip() : undefined
  const owner: { transport?: Libp2pTransportNode } = {}
  const libp2p = await createNode({
    privateKey: await keyOfSeed(init.privateKeySeed),
    listen: init.listen,
    announce: init.announce ?? [],
    gossip,
    mdns: init.mdns ?? false,
    relay: init.relay ?? 'off',
    connectionsMax: init.connectionsMax ?? connectionsMax,
    isMember: (peer) => init.isMember(peer),
    denied: (peer) => owner.transport?.refused(peer, 'connection'),
    services: init.services ?? {}
  })
  owner.transport = new Libp2pTransportNode(libp2p, init, gossip)
  return owner.transport
}
