// The answering end of one sync stream. It takes up as many asks at once as it is allowed and leaves the rest unread,
// so that a peer that asks faster than we answer, or does not read its answers, is held by the stream's own
// flow control and not by our memory.

import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { messageBytesMax } from './bounds.ts'
import { FrameReader } from './frames.ts'
import { Outbox } from './outbox.ts'
import { tooLargeError } from './transport-error.ts'

export interface AnswererInit {
  stream: Stream
  /** The answer to a request; a rejection closes the stream. */
  answer: (request: Uint8Array) => Promise<Uint8Array>
  /** How many asks may be under way at once (read before each one). */
  openMax: () => number
  /** Ms to wait before writing that many bytes. */
  pace: (bytes: number) => number
  /** The stream is ended because what came over it broke the framing. */
  refused: () => void
}

/** Serves a stream until it closes. */
export class Answerer {
  readonly #init: AnswererInit
  readonly #reader = new FrameReader()
  readonly #outbox: Outbox
  #open = 0

  constructor(init: AnswererInit) {
    this.#init = init
    this.#outbox = new Outbox(init.stream, init.pace)
    init.stream.addEventListener('message', (event: StreamMessageEvent) => {
      this.#reader.push(event.data.subarray())
      this.#serve()
    })
    init.stream.addEventListener('remoteCloseWrite', () => {
      init.stream.close().catch((error: Error) => init.stream.abort(error))
    })
  }

  /** Resets the stream. */
  close(): void {
    this.#init.stream.abort(new Error('replaced'))
  }

  #serve(): void {
    const { stream } = this.#init
    try {
      while (stream.status === 'open' && this.#open < this.#init.openMax()) {
        const message = this.#reader.next()
        if (message === undefined) {
          if (stream.readStatus === 'paused') stream.resume()
          return
        }
        this.#open++
        void this.#answer(message.id, message.bytes)
      }
      if (stream.status === 'open' && stream.readStatus === 'readable') stream.pause()
    } catch (error) {
      this.#init.refused()
      stream.abort(error as Error)
    }
  }

  async #answer(id: number, request: Uint8Array): Promise<void> {
    try {
      const bytes = await this.#init.answer(request)
      if (bytes.length > messageBytesMax) throw tooLargeError(bytes.length, messageBytesMax)
      this.#outbox.add({ id, bytes }, () => {
        this.#open--
        this.#serve()
      })
    } catch (error) {
      this.#init.stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
