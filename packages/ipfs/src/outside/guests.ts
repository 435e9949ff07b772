// Strangers that are asked for blocks: dialled because a router or a pin named them, kept while blocks are
// wanted of them and a little longer (the next pin often comes from the same place), never more than a bounded number.

import type { Libp2p, PeerInfo } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { bitswapProtocol } from '../exchange/bitswap.ts'

/** Guests in all. */
const guestsMax = 48
/** Ms to connect to one and agree on bitswap. */
const dialMs = 10_000
/** Ms that one is kept when nothing is wanted of it. */
const idleMs = 15_000

interface Guest {
  uses: number
  leaving: NodeJS.Timeout | undefined
}

export class Guests {
  readonly #node: Libp2p
  readonly #guests = new Map<string, Guest>()

  constructor(node: Libp2p) {
    this.#node = node
  }

  has(peer: string): boolean {
    return this.#guests.has(peer)
  }

  /** Connects to one that speaks bitswap. undefined: it cannot be had, or there is no place. */
  async invite(target: PeerInfo | string): Promise<string | undefined> {
    if (this.#guests.size >= guestsMax) return undefined
    const signal = AbortSignal.timeout(dialMs)
    // In use from now on: bitswap tells whoever connects at once what is wanted.
    let peer = typeof target === 'string' ? undefined : this.#use(target.id.toString())
    try {
      if (typeof target !== 'string') await this.#node.peerStore.merge(target.id, { multiaddrs: target.multiaddrs })
      const { remotePeer } = await this.#node.dial(typeof target === 'string' ? multiaddr(target) : target.id, {
        signal
      })
      peer ??= this.#use(remotePeer.toString())
      const stream = await this.#node.dialProtocol(remotePeer, bitswapProtocol, { signal })
      await stream.close({ signal })
      return peer
    } catch {
      return undefined
    } finally {
      if (peer !== undefined) this.release(peer)
    }
  }

  /** Keeps it until release(). False: it has left. */
  hold(peer: string): boolean {
    if (!this.#guests.has(peer)) return false
    this.#use(peer)
    return true
  }

  release(peer: string): void {
    const guest = this.#guests.get(peer)
    if (guest === undefined || --guest.uses > 0) return
    guest.leaving = setTimeout(() => this.#dismiss(peer), idleMs).unref()
  }

  stop(): void {
    for (const { leaving } of this.#guests.values()) clearTimeout(leaving)
    this.#guests.clear()
  }

  #use(peer: string): string {
    const guest = this.#guests.get(peer) ?? { uses: 0, leaving: undefined }
    clearTimeout(guest.leaving)
    guest.uses++
    this.#guests.set(peer, guest)
    return peer
  }

  #dismiss(peer: string): void {
    this.#guests.delete(peer)
    const id = this.#node.getPeers().find((one) => one.toString() === peer)
    if (id !== undefined) this.#node.hangUp(id).catch(() => {})
  }
}
