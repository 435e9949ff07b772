// The libp2p node on which peers outside the mesh are asked for content. It listens nowhere, has an identity of its own
// for one run, and speaks nothing of the mesh's: who is dialled learns neither which peer this is nor of which mesh.

import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { outsideConnectionsMax } from './bounds.ts'

/** Builds and starts the node. */
export async function createOutsideNode(): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: outsideConnectionsMax, reconnectRetries: 0 },
    services: { identify: identify() }
  })
}
