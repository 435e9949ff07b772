// Bitswap for blocks that no listed source gives, and for peers that speak nothing else. Helia in its light form, with
// bitswap and nothing more, on the libp2p node of the transport.
//
// What it must not do, and how that is prevented:
// - Create a libp2p node: withLibp2pLight would, so the given node is set in its place.
// - Serve strangers. Bitswap sees libp2p through a mask: a stream from a peer that is not allowed never reaches it, and
//   none is opened to such a peer. (The stream is heard out, not reset: a reset while it sends holds up all wants of a
//   Helia at the other end.) (libp2p's own middleware, `use`, cannot do this:
//   version 3.3.11 appends the handler to the registered list at each stream, so the second stream runs it twice.)
// - Fetch for others, store, delete: its block store is a read-only view of what is here, without Helia's own network
//   layer, which also announces before it stores.
// - Hang: a want without a signal never ends, and is asked of each peer once. Here each has a time limit, is given up
//   and asked again; not by its signal alone, for bitswap does not hear that while it sends its list to a slow peer.
//   A want given up stays in the list for a moment, and an equal one would end with it: equal wants
//   share one, and the next waits until the last is forgotten.

import { withBitswap } from '@helia/bitswap'
import type { HeliaWithLibp2p } from '@helia/libp2p'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { createHeliaLight } from 'helia'
import type { CID } from 'multiformats/cid'
import { settledOrAborted } from '../aborting.ts'
import { ContentError } from '../content-error.ts'
import { nameOf } from '../blocks/keys.ts'
import { matches } from '../dag/digest.ts'
import type { LocalBlocks } from '../fetcher.ts'
import { after, askRepeatedly } from './asking.ts'
import { BlockstoreView } from './blockstore-view.ts'

export const bitswapProtocol = '/ipfs/bitswap/1.2.0'
/** Askings within one time limit: an answer that was lost is not repeated unasked. */
const asksMax = 3
/** Ms after which a want that ended has left bitswap's list (its debounce is 10). */
const forgetMs = 50

export interface BitswapInit {
  libp2p: Libp2p
  allows(peer: string): boolean
  stallMs: number
}

/** Ms to send one message: one peer that takes nothing holds up the wants of all. */
const sendMs = 10_000
/** Bytes of a stranger's stream that are let pass unread. */
const unreadBytesMax = 1 << 20

interface Broker {
  name: string
  retrieve(cid: CID, options: { signal: AbortSignal }): Promise<Uint8Array>
  announce(cid: CID): Promise<void>
}

interface Wanted {
  block: Promise<Uint8Array>
  /** Settles when an equal want may be asked. */
  forgotten: Promise<void>
  callers: number
  stop: AbortController
}

export class Bitswap {
  readonly #init: BitswapInit
  readonly #peers = new Set<string>()
  /** Tells bitswap anew that a peer is connected. */
  readonly #introduce = new Map<string, () => void>()
  readonly #unreached = new Set<string>()
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>()
  readonly #wanted = new Map<string, Wanted>()
  #helia: HeliaWithLibp2p | undefined
  #broker: Broker | undefined

  constructor(init: BitswapInit) {
    this.#init = init
  }

  async start(local: LocalBlocks): Promise<void> {
    const view = new BlockstoreView(local)
    const helia = Object.defineProperties(createHeliaLight({ blockstore: view }), {
      libp2p: { value: this.#mask() },
      blockstore: { value: view }
    }) as unknown as HeliaWithLibp2p
    this.#helia = withBitswap(helia, {
      messageReceiveTimeout: 60_000,
      messageSendTimeout: sendMs,
      maxWantlistSize: 128
    })
    await this.#helia.start()
    await this.#noteConnected()
    const brokers = (helia as unknown as { blockBrokers: Broker[] }).blockBrokers
    this.#broker = brokers.find(({ name }) => name === 'bitswap')
    if (this.#broker === undefined) throw new ContentError('back-end', 'Helia came without bitswap')
  }

  async stop(): Promise<void> {
    for (const { stop } of this.#wanted.values()) stop.abort()
    await this.#helia?.stop()
  }

  /** Connected peers that speak bitswap and may be asked. */
  peers(): string[] {
    return [...this.#peers].filter((peer) => this.#init.allows(peer))
  }

  /** Resolves when this peer is connected and known to speak bitswap. */
  async meet(peer: string, signal: AbortSignal): Promise<void> {
    if (this.#peers.has(peer)) return
    const awaited = this.#awaited.get(peer) ?? Promise.withResolvers<void>()
    this.#awaited.set(peer, awaited)
    await settledOrAborted(awaited.promise, signal)
  }

  /** Tells peers that asked in vain. */
  announce(cid: CID): void {
    void this.#broker?.announce(cid).catch(() => {})
  }

  /** The block, right by its hash; `unreachable` after stallMs. */
  async want(cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const name = nameOf(cid.multihash.bytes)
    let wanted = this.#wanted.get(name)
    while (wanted?.stop.signal.aborted === true) {
      await settledOrAborted(wanted.forgotten, signal)
      wanted = this.#wanted.get(name)
    }
    wanted ??= this.#begin(cid, name)
    wanted.callers++
    try {
      return await settledOrAborted(wanted.block, signal)
    } finally {
      if (--wanted.callers === 0) wanted.stop.abort()
    }
  }

  /** Peers that were identified before we registered are not reported. */
  async #noteConnected(): Promise<void> {
    const { libp2p } = this.#init
    for (const peer of libp2p.getPeers()) {
      const known = await libp2p.peerStore.get(peer).catch(() => undefined)
      if (known?.protocols.includes(bitswapProtocol) === true) this.#met(peer.toString())
    }
  }

  #met(peer: string): void {
    this.#peers.add(peer)
    this.#awaited.get(peer)?.resolve()
    this.#awaited.delete(peer)
  }

  #begin(cid: CID, name: string): Wanted {
    const stop = new AbortController()
    const block = this.#ask(cid, stop.signal)
    const forgotten = block
      .catch(() => {})
      .then(() => after(forgetMs))
      .then(() => void this.#wanted.delete(name))
    const wanted: Wanted = { block, forgotten, callers: 0, stop }
    this.#wanted.set(name, wanted)
    return wanted
  }

  async #ask(cid: CID, stop: AbortSignal): Promise<Uint8Array> {
    const bytes = await askRepeatedly({
      retrieve: (signal) => this.#retrieve(cid, signal),
      asksMax,
      limitMs: this.#init.stallMs / asksMax,
      forgetMs,
      stop
    })
    if (bytes !== undefined) return bytes
    throw new ContentError('unreachable', `No peer gives the block ${cid}`)
  }

  async #retrieve(cid: CID, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const retrieving = this.#broker?.retrieve(cid, { signal })
    // Only now that the want is in the list, which is sent along: what is wanted during that sending would be left out.
    this.#introduceAgain()
    const bytes = await retrieving
    return bytes !== undefined && matches(cid.multihash.bytes, bytes) ? bytes : undefined
  }

  /** Bitswap never asks a peer that it failed to reach when it connected: it may have become a member since. */
  #introduceAgain(): void {
    for (const peer of this.#unreached) {
      if (!this.#init.allows(peer)) continue
      this.#unreached.delete(peer)
      this.#introduce.get(peer)?.()
    }
  }

  /** The libp2p node as bitswap may see it. */
  #mask(): Libp2p {
    const { libp2p, allows } = this.#init
    const allowed = (peer: PeerId): boolean => allows(peer.toString())
    const mask: Partial<Libp2p> = {
      handle: (protocols, handler, options) =>
        libp2p.handle(
          protocols,
          (stream: Stream, connection: Connection) => {
            if (allowed(connection.remotePeer)) return handler(stream, connection)
            hearOut(stream)
          },
          options
        ),
      register: (protocol, topology, options) =>
        libp2p.register(
          protocol,
          {
            ...topology,
            onConnect: (peer, connection) => {
              this.#met(peer.toString())
              this.#introduce.set(peer.toString(), () => void topology.onConnect?.(peer, connection))
              return topology.onConnect?.(peer, connection)
            },
            onDisconnect: (peer) => {
              this.#peers.delete(peer.toString())
              this.#introduce.delete(peer.toString())
              this.#unreached.delete(peer.toString())
              return topology.onDisconnect?.(peer)
            }
          },
          options
        ),
      // Asked when sending, for a peer may become a member long after it connected.
      dialProtocol: async (peer, protocols, options) => {
        if (!('toCID' in peer)) throw new ContentError('refused', 'Not a peer')
        try {
          if (!allowed(peer)) throw new ContentError('refused', 'Not a member')
          return await libp2p.dialProtocol(peer, protocols, options)
        } catch (error) {
          if (this.#introduce.has(peer.toString())) this.#unreached.add(peer.toString())
          throw error
        }
      }
    }
    return new Proxy(libp2p, {
      get: (target, property) => {
        const value: unknown = Reflect.get(property in mask ? mask : target, property)
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
}

/** Takes what comes and answers nothing. */
function hearOut(stream: Stream): void {
  let bytes = 0
  stream.addEventListener('message', (event) => {
    bytes += event.data.byteLength
    if (bytes > unreadBytesMax) stream.abort(new Error('Blocks are given to members only'))
  })
  stream.close().catch(() => {})
}
