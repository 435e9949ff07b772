// What the libp2p tests share: nodes on loopback with seeds of their own.

import { randomBytes } from 'node:crypto'
import type { Lab } from '../src/contract.ts'
import { createLibp2pTransport } from '../src/index.ts'
import type { Libp2pTransport, Libp2pTransportInit } from '../src/index.ts'

export function node(overrides: Partial<Libp2pTransportInit> = {}): Promise<Libp2pTransport> {
  return createLibp2pTransport({
    privateKeySeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gossip: true,
    isMember: () => true,
    ...overrides
  })
}

/** A lab of nodes that listen on one kind of address. Port 1 of loopback has no listener. */
export async function lab(listen: string): Promise<Lab> {
  return { transport: () => node({ listen: [listen] }), deadAddress: listen.replace('/tcp/0', '/tcp/1') }
}
