// Peers of the local network, dialled while there is room. libp2p reports what mDNS finds once, when it is new to it: a dial
// that fails then, or an address that changes later, would leave two peers apart that hear each other all the time. So a
// member that is not connected is dialled whenever it is heard, and a stranger once.

import type { Libp2p, PeerInfo } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

const dialMs = 10_000

type Discovery = NonNullable<Libp2pOptions['peerDiscovery']>[number]

export interface LocalPeersInit {
  /** Asked for once the node runs. */
  node: () => Pick<Libp2p, 'getConnections' | 'dial'>
  isMember: (peer: string) => boolean
  connectionsMax: number
}

/** The same discovery, with a dial for every time that it hears a member. */
export function dialMembers(discovery: Discovery, init: LocalPeersInit): Discovery {
  return (components) => {
    const found = discovery(components)
    found.addEventListener('peer', ({ detail: { id, multiaddrs } }) => {
      const node = init.node()
      if (!init.isMember(id.toString()) || !hasRoom(node, init.connectionsMax)) return
      if (node.getConnections(id).length > 0) return
      dial(
        node,
        multiaddrs.map((address) => address.encapsulate(`/p2p/${id.toString()}`))
      )
    })
    return found
  }
}

/** Dials whoever is new. */
export function dialNew(node: Libp2p, connectionsMax: number): void {
  node.addEventListener('peer:discovery', ({ detail }) => {
    if (hasRoom(node, connectionsMax)) dial(node, detail.id)
  })
}

function hasRoom(node: Pick<Libp2p, 'getConnections'>, connectionsMax: number): boolean {
  return node.getConnections().length < connectionsMax / 2
}

function dial(node: Pick<Libp2p, 'dial'>, to: PeerInfo['id'] | PeerInfo['multiaddrs']): void {
  node.dial(to, { signal: AbortSignal.timeout(dialMs) }).catch(() => {
    // a member is heard again with the next query
  })
}
