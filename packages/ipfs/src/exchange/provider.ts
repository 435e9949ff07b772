// Gives blocks to members over /pinmesh/blocks/1: each stream's wants in order, a few read ahead, never more written
// than the stream takes.

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { LocalBlocks } from '../fetcher.ts'
import {
  blocksProtocol,
  decodeRequest,
  encodeAnswer,
  FrameCutter,
  requestBytesMax,
  WireError,
  wantsMax
} from './wire.ts'

/** Blocks read before the one being sent is out. */
const readsAhead = 8
/** Small answers are sent together up to so many bytes. */
const sendBytes = 64 << 10
/** Streams of one peer. */
const streamsMax = 4

export interface ProviderInit {
  libp2p: Libp2p
  local: LocalBlocks
  /** May this peer be given blocks? Asked for each request, for membership changes. */
  allows(peer: string): boolean
  /** A reader that takes nothing for so long loses the stream. */
  stallMs: number
}

export class Provider {
  readonly #init: ProviderInit
  readonly #streams = new Set<Stream>()

  constructor(init: ProviderInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    await this.#init.libp2p.handle(blocksProtocol, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: streamsMax
    })
  }

  async stop(): Promise<void> {
    for (const stream of this.#streams) stream.abort(new Error('The provider was stopped'))
    await this.#init.libp2p.unhandle(blocksProtocol)
  }

  #accept(stream: Stream, connection: Connection): void {
    const peer = connection.remotePeer.toString()
    if (!this.#init.allows(peer)) {
      stream.abort(new Error('Blocks are given to members only'))
      return
    }
    this.#streams.add(stream)
    stream.addEventListener('close', () => this.#streams.delete(stream), { once: true })
    new Giving(stream, peer, this.#init).begin()
  }
}

class Giving {
  readonly #stream: Stream
  readonly #peer: string
  readonly #init: ProviderInit
  readonly #wants: CID[] = []
  readonly #closed = new AbortController()
  #busy = false
  #ended = false

  constructor(stream: Stream, peer: string, init: ProviderInit) {
    this.#stream = stream
    this.#peer = peer
    this.#init = init
  }

  begin(): void {
    const cutter = new FrameCutter(requestBytesMax, (body) => this.#ask(decodeRequest(body)))
    this.#stream.addEventListener('close', () => this.#closed.abort(), { once: true })
    this.#stream.addEventListener('remoteCloseWrite', () => {
      this.#ended = true
      this.#wake()
    })
    this.#stream.addEventListener('message', (event) => {
      try {
        cutter.push(event.data)
      } catch (error) {
        this.#stream.abort(asError(error))
      }
    })
  }

  #ask(cids: readonly CID[]): void {
    if (!this.#init.allows(this.#peer)) throw new WireError('Blocks are given to members only')
    this.#wants.push(...cids)
    if (this.#wants.length > 2 * wantsMax) throw new WireError('More wants than agreed')
    this.#wake()
  }

  #wake(): void {
    if (this.#busy) return
    this.#busy = true
    this.#give()
      .catch((error: unknown) => this.#stream.abort(asError(error)))
      .finally(() => {
        this.#busy = false
        if (this.#wants.length > 0 && !this.#closed.signal.aborted) this.#wake()
      })
  }

  async #give(): Promise<void> {
    const ahead: Promise<Uint8Array | undefined>[] = []
    let parts: Uint8Array[] = []
    let bytes = 0
    while (!this.#closed.signal.aborted && (this.#wants.length > 0 || ahead.length > 0)) {
      while (ahead.length < readsAhead) {
        const cid = this.#wants.shift()
        if (cid === undefined) break
        const reading = this.#init.local.read(cid.multihash.bytes)
        reading.catch(() => {})
        ahead.push(reading)
      }
      const answer = encodeAnswer(await ahead.shift())
      parts.push(answer)
      bytes += answer.length
      if (bytes < sendBytes && (this.#wants.length > 0 || ahead.length > 0)) continue
      await this.#send(parts.length === 1 ? answer : Buffer.concat(parts))
      parts = []
      bytes = 0
    }
    if (this.#ended && !this.#closed.signal.aborted) await this.#stream.close()
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (this.#closed.signal.aborted || this.#stream.send(bytes)) return
    const stalled = new AbortController()
    const timer = setTimeout(() => stalled.abort(new Error('The reader takes nothing')), this.#init.stallMs)
    try {
      // Without the signal a stream that closed a moment ago would leave this waiting for ever.
      await this.#stream.onDrain({ signal: AbortSignal.any([stalled.signal, this.#closed.signal]) })
    } finally {
      clearTimeout(timer)
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
