// The answering side for all peers: one stream each (a newer one replaces the older), and for strangers a rate that
// reopening a stream does not reset.

import type { Connection, Stream } from '@libp2p/interface'
import { Answerer } from './answerer.ts'
import {
  asksOpenMax,
  strangerAskCostBytes,
  strangerAsksMax,
  strangerBurstBytes,
  strangerBytesPerSecond
} from './bounds.ts'
import { Buckets } from './buckets.ts'

export class SyncServer {
  readonly #isMember: (peer: string) => boolean
  readonly #asked: (peer: string, request: Uint8Array) => Promise<Uint8Array>
  readonly #answerers = new Map<string, Answerer>()
  readonly #refused: (peer: string) => void
  readonly #strangers: Buckets = new Buckets({ perSecond: strangerBytesPerSecond, burst: strangerBurstBytes })

  constructor(init: {
    isMember(peer: string): boolean
    asked(peer: string, request: Uint8Array): Promise<Uint8Array>
    /** A stream of this peer's was ended because it broke the framing. */
    refused(peer: string): void
  }) {
    this.#isMember = (peer) => init.isMember(peer)
    this.#asked = (peer, request) => init.asked(peer, request)
    this.#refused = (peer) => init.refused(peer)
  }

  /** The protocol's stream handler. */
  readonly accept = (stream: Stream, connection: Connection): void => {
    const peer = connection.remotePeer.toString()
    this.#answerers.get(peer)?.close()
    const answerer = new Answerer({
      stream,
      answer: async (request) => {
        if (!this.#isMember(peer)) this.#strangers.take(peer, strangerAskCostBytes)
        return this.#asked(peer, request)
      },
      openMax: () => (this.#isMember(peer) ? asksOpenMax : strangerAsksMax),
      pace: (bytes) => (this.#isMember(peer) ? 0 : this.#strangers.take(peer, bytes)),
      refused: () => this.#refused(peer)
    })
    this.#answerers.set(peer, answerer)
    stream.addEventListener('close', () => {
      if (this.#answerers.get(peer) === answerer) this.#answerers.delete(peer)
    })
  }
}
