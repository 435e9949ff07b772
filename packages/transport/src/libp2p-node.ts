// The libp2p node of a peer, closed by default: it listens only where told, dials only what it is told and announces
// itself nowhere. Settings that differ from libp2p's own say why.

import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { connectionsPendingMax } from './bounds.ts'
import type { Gossip } from './gossip.ts'
import { dialMembers, dialNew } from './local-peers.ts'
import { boundedWebSockets } from './web-sockets.ts'

export interface NodeInit {
  privateKey: PrivateKey
  listen: readonly string[]
  announce: readonly string[]
  gossip: Gossip | undefined
  mdns: boolean
  relay: 'off' | 'use' | 'serve'
  connectionsMax: number
  isMember: (peer: string) => boolean
  /** A stranger found no place. */
  denied: (peer: string) => void
  services: NonNullable<Libp2pOptions['services']>
}

/** Builds the node without starting it. */
export async function createNode(init: NodeInit): Promise<Libp2p> {
  const relayed = init.relay === 'off' ? [] : [circuitRelayTransport()]
  const node: Libp2p = await createLibp2p({
    start: false,
    privateKey: init.privateKey,
    nodeInfo: { name: 'pinmesh' },
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    transports: [tcp(), boundedWebSockets({ socketsMax: init.connectionsMax + connectionsPendingMax }), ...relayed],
    connectionEncrypters: [noise()],
    // A paused stream may still receive a whole window: it must fit into the 4 MiB that libp2p buffers before it resets.
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 4 * 1024 * 1024 } })],
    peerDiscovery: init.mdns
      ? [dialMembers(mdns({ serviceTag: '_pinmesh._udp.local' }), { ...init, node: () => node })]
      : [],
    connectionManager: {
      maxConnections: init.connectionsMax,
      // Labs, containers and homes: many honest peers behind one address, all back at once after a power cut.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: connectionsPendingMax,
      maxParallelDials: 16,
      // The owner decides whom to dial again, and when.
      reconnectRetries: 0
    },
    // libp2p's default (5 s) closes connections that are merely busy and loses what is in flight. Never closing them keeps a
    // vanished machine's connection for the kernel's quarter of an hour and with it a redial from reaching its new
    // address. A minute is far above any queue seen under load.
    connectionMonitor: { pingInterval: 30_000, pingTimeout: { minTimeout: 60_000, maxTimeout: 120_000 } },
    connectionGater: {
      denyInboundEncryptedConnection: (peer: PeerId) => {
        const denied = !init.isMember(peer.toString()) && strangersOf(node, init.isMember) >= init.connectionsMax / 2
        if (denied) init.denied(peer.toString())
        return denied
      },
      denyInboundRelayReservation: (peer: PeerId) => !init.isMember(peer.toString())
    },
    services: {
      ...init.services,
      identify: identify({ runOnLimitedConnection: true }),
      ...(init.gossip === undefined ? {} : { pinmeshGossip: init.gossip.service }),
      ...(init.relay === 'serve' ? { pinmeshRelay: circuitRelayServer() } : {})
    }
  })
  if (init.mdns) dialNew(node, init.connectionsMax)
  return node
}

/** Members always find a place: strangers get about half of the connections (those being set up are not counted). */
function strangersOf(node: Libp2p, isMember: (peer: string) => boolean): number {
  return node.getConnections().filter((connection) => !isMember(connection.remotePeer.toString())).length
}
