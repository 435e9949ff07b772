// The asking end of the sync protocol towards one peer: one long-lived stream, opened with the first ask and again after
// it broke. Requests carry an id, answers bring it back in any order. What a peer sends without having been
// asked breaks the stream.

import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { asksWaitingMax, messageBytesMax } from './bounds.ts'
import { FrameReader } from './frames.ts'
import { Gate } from './gate.ts'
import { Outbox } from './outbox.ts'
import { abortedError, disconnectedError, tooLargeError } from './transport-error.ts'

interface Ask {
  bytes: Uint8Array
  resolve(answer: Uint8Array): void
  reject(error: Error): void
}

export class Asker {
  readonly #peer: string
  readonly #open: () => Promise<Stream>
  readonly #gate = new Gate()
  readonly #asks = new Map<number, Ask>()
  /** Ids whose asker gave up; their late answers are dropped. Beyond a bound the peer counts as stuck. */
  readonly #abandoned = new Set<number>()
  #nextId = 0
  #stream: Stream | undefined
  #outbox: Outbox | undefined
  /** Grows with every stream, so that events of an earlier one are ignored. */
  #epoch = 0
  #opening = false

  constructor(peer: string, open: () => Promise<Stream>) {
    this.#peer = peer
    this.#open = open
  }

  /** Resolves with the answer; rejects with a TransportError (TOO_LARGE, BUSY, ABORTED, DISCONNECTED). */
  async ask(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    if (signal.aborted) throw abortedError(signal)
    if (bytes.length > messageBytesMax) throw tooLargeError(bytes.length, messageBytesMax)
    const place = this.#gate.enter(signal)
    if (place !== undefined) await place
    try {
      return await this.#exchange(bytes, signal)
    } finally {
      this.#gate.leave()
    }
  }

  /** Breaks the stream; every ask rejects with MESH_DISCONNECTED. */
  close(): void {
    this.#break(new Error('closed'))
  }

  #exchange(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortedError(signal))
      const id = this.#nextId
      this.#nextId = (this.#nextId + 1) >>> 0
      const onAbort = (): void => {
        this.#abandon(id)
        reject(abortedError(signal))
      }
      signal.addEventListener('abort', onAbort)
      this.#asks.set(id, {
        bytes,
        resolve: (answer) => {
          signal.removeEventListener('abort', onAbort)
          resolve(answer)
        },
        reject: (error) => {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        }
      })
      if (this.#outbox !== undefined) this.#outbox.add({ id, bytes })
      else this.#connect()
    })
  }

  #connect(): void {
    if (this.#opening) return
    this.#opening = true
    const epoch = ++this.#epoch
    this.#open().then(
      (stream) => {
        if (epoch === this.#epoch) this.#attach(stream, epoch)
        else stream.abort(new Error('no longer wanted'))
      },
      (error: unknown) => {
        if (epoch === this.#epoch) this.#break(error)
      }
    )
  }

  #attach(stream: Stream, epoch: number): void {
    const reader = new FrameReader()
    const lost = (event: Event): void => {
      if (epoch === this.#epoch) this.#break((event as Event & { error?: Error }).error ?? new Error('the peer closed'))
    }
    this.#opening = false
    this.#stream = stream
    this.#outbox = new Outbox(stream)
    stream.addEventListener('close', lost)
    stream.addEventListener('remoteCloseWrite', lost)
    stream.addEventListener('message', (event: StreamMessageEvent) => {
      if (epoch !== this.#epoch) return
      try {
        reader.push(event.data.subarray())
        for (let message = reader.next(); message !== undefined; message = reader.next()) this.#answered(message)
      } catch (error) {
        this.#break(error)
      }
    })
    if (stream.status !== 'open') return this.#break(new Error('the peer closed'))
    for (const [id, ask] of this.#asks) this.#outbox.add({ id, bytes: ask.bytes })
  }

  #answered(message: { id: number; bytes: Uint8Array }): void {
    const ask = this.#asks.get(message.id)
    if (ask === undefined) {
      if (!this.#abandoned.delete(message.id)) throw new Error('an answer to nothing that was asked')
      return
    }
    this.#asks.delete(message.id)
    ask.resolve(message.bytes)
  }

  #abandon(id: number): void {
    this.#asks.delete(id)
    if (this.#outbox === undefined) return
    this.#abandoned.add(id)
    if (this.#abandoned.size > asksWaitingMax) this.#break(new Error('the peer leaves too much unanswered'))
  }

  #break(cause: unknown): void {
    const stream = this.#stream
    const asks = [...this.#asks.values()]
    this.#epoch++
    this.#opening = false
    this.#stream = undefined
    this.#outbox = undefined
    this.#asks.clear()
    this.#abandoned.clear()
    stream?.abort(cause instanceof Error ? cause : new Error(String(cause)))
    const error = disconnectedError(this.#peer, cause)
    this.#gate.refuseWaiting(error)
    for (const ask of asks) ask.reject(error)
  }
}
