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
import { Bucket } from './bucket.ts'

/** Strangers whose rate is remembered; the one met longest ago is forgotten first. */
const bucketsMax = 1024

export class SyncServer {
  readonly #isMember: (peer: string) => boolean
  readonly #asked: (peer: string, request: Uint8Array) => Promise<Uint8Array>
  readonly #answerers = new Map<string, Answerer>()
  readonly #buckets = new Map<string, Bucket>()

  constructor(init: {
    isMember(peer: string): boolean
    asked(peer: string, request: Uint8Array): Promise<Uint8Array>
  }) {
    this.#isMember = (peer) => init.isMember(peer)
    this.#asked = (peer, request) => init.asked(peer, request)
  }

  /** The protocol's stream handler. */
  readonly accept = (stream: Stream, connection: Connection): void => {
    const peer = connection.remotePeer.toString()
    this.#answerers.get(peer)?.close()
    const answerer = new Answerer({
      stream,
      answer: async (request) => {
        if (!this.#isMember(peer)) this.#bucketOf(peer).take(strangerAskCostBytes, performance.now())
        return this.#asked(peer, request)
      },
      openMax: () => (this.#isMember(peer) ? asksOpenMax : strangerAsksMax),
      pace: (bytes) => (this.#isMember(peer) ? 0 : this.#bucketOf(peer).take(bytes, performance.now()))
    })
    this.#answerers.set(peer, answerer)
    stream.addEventListener('close', () => {
      if (this.#answerers.get(peer) === answerer) this.#answerers.delete(peer)
    })
  }

  #bucketOf(peer: string): Bucket {
    const known = this.#buckets.get(peer)
    if (known !== undefined) return known
    const bucket = new Bucket({ perSecond: strangerBytesPerSecond, burst: strangerBurstBytes })
    this.#buckets.set(peer, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > bucketsMax && oldest !== undefined) this.#buckets.delete(oldest)
    return bucket
  }
}
