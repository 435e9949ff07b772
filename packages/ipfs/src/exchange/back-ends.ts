// Members that keep their blocks in a Kubo beside them: it has its own peer id and its own addresses, and speaks bitswap
// to whoever is connected.

import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Bitswap } from './bitswap.ts'

/** Ms to connect, and to learn what it speaks. */
const meetMs = 10_000

export class BackEnds {
  readonly #libp2p: Libp2p
  readonly #bitswap: Bitswap
  readonly #meeting = new Map<string, Promise<void>>()

  constructor(libp2p: Libp2p, bitswap: Bitswap) {
    this.#libp2p = libp2p
    this.#bitswap = bitswap
  }

  /** Resolves when it is connected, or cannot be. */
  async meet(addresses: readonly string[]): Promise<void> {
    const peer = peerIn(addresses[0] ?? '')
    if (peer === undefined || this.#bitswap.peers().includes(peer)) return
    const meeting =
      this.#meeting.get(peer) ??
      this.#meet(peer, addresses)
        .catch(() => {})
        .finally(() => this.#meeting.delete(peer))
    this.#meeting.set(peer, meeting)
    await meeting
  }

  async #meet(peer: string, addresses: readonly string[]): Promise<void> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), meetMs)
    try {
      await this.#libp2p.dial(
        addresses.map((address) => multiaddr(address)),
        { signal: limit.signal }
      )
      await this.#bitswap.meet(peer, limit.signal)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The peer id at the end of an address. */
export function peerIn(address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1]
}
