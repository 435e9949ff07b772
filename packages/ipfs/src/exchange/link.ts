// Our side of one long-lived stream to a source: many wants under way, answers in order. Nothing arrives that was not
// asked for, so wants under way bound the memory; a stream that brings nothing, or too little, for too long is broken
// off, so every want settles.

import type { Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { ContentError } from '../content-error.ts'
import { answerBytesMax, decodeAnswer, encodeRequest, FrameCutter, wantsMax, WireError } from './wire.ts'

/** Times stallMs that one block may take while bytes keep dripping. */
const dripFactor = 20
/** Ms without wants after which the stream is given back. */
const idleMs = 10_000

interface Asked {
  cid: CID
  resolve(block: Uint8Array | undefined): void
  reject(error: unknown): void
}

export class Link {
  readonly #stream: Stream
  readonly #stallMs: number
  readonly #heard: () => void
  readonly #waiting: Asked[] = []
  readonly #asked: Asked[] = []
  #broken: ContentError | undefined
  #flushing = false
  #timer: NodeJS.Timeout | undefined
  #headSince = 0

  /** `heard` is called whenever something came. */
  constructor(stream: Stream, stallMs: number, heard: () => void) {
    this.#stream = stream
    this.#stallMs = stallMs
    this.#heard = heard
    const cutter = new FrameCutter(answerBytesMax, (body) => this.#answered(body))
    stream.addEventListener('message', (event) => this.#received(() => cutter.push(event.data)))
    stream.addEventListener('remoteCloseWrite', () => this.break('The source ended the stream'))
    stream.addEventListener('close', () => this.break('The stream was closed'))
    this.#watch()
  }

  get broken(): boolean {
    return this.#broken !== undefined
  }

  /** The block as sent (not checked), or undefined if the source has it not; `unreachable` when the stream breaks. */
  async want(cid: CID, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#broken !== undefined) throw this.#broken
    if (signal.aborted) throw aborted(signal)
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>()
    const asked: Asked = { cid, resolve, reject }
    // What was asked is still answered; the answer then goes nowhere.
    const abort = (): void => {
      const at = this.#waiting.indexOf(asked)
      if (at >= 0) this.#waiting.splice(at, 1)
      reject(aborted(signal))
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#waiting.push(asked)
    this.#flushSoon()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  break(reason: string): void {
    if (this.#broken !== undefined) return
    const error = new ContentError('unreachable', reason)
    this.#broken = error
    clearTimeout(this.#timer)
    for (const one of [...this.#asked.splice(0), ...this.#waiting.splice(0)]) one.reject(error)
    if (this.#stream.status === 'open') this.#stream.abort(error)
  }

  /** Gives the stream back in good order; the next want opens another. */
  #retire(): void {
    if (this.#waiting.length > 0 || this.#asked.length > 0) return
    this.#broken = new ContentError('unreachable', 'The stream was given back')
    this.#stream.close().catch(() => {})
  }

  /** Wants of one tick share a frame. */
  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#broken !== undefined) return
    const next = this.#waiting.splice(0, wantsMax - this.#asked.length)
    if (next.length === 0) return
    if (this.#asked.length === 0) this.#headSince = performance.now()
    this.#asked.push(...next)
    this.#watch()
    try {
      // Requests are small and bounded by the window: no need to wait for the stream to drain.
      this.#stream.send(encodeRequest(next.map(({ cid }) => cid)))
    } catch {
      this.break('The stream does not take requests')
    }
  }

  #received(take: () => void): void {
    if (this.#broken !== undefined) return
    this.#heard()
    try {
      take()
    } catch (error) {
      this.break(error instanceof Error ? error.message : 'The source sent what nobody can read')
      return
    }
    const slow = this.#asked.length > 0 && performance.now() - this.#headSince > this.#stallMs * dripFactor
    if (slow) this.break('The source is too slow')
    else this.#watch()
  }

  #answered(body: Uint8Array): void {
    const asked = this.#asked.shift()
    if (asked === undefined) throw new WireError('The source sent what nobody asked for')
    this.#headSince = performance.now()
    let block: Uint8Array | undefined
    try {
      block = decodeAnswer(body)
    } catch (error) {
      // Taken from the list, so that break() no longer reaches it.
      asked.reject(new ContentError('unreachable', 'The source sent what nobody can read', { cause: error }))
      throw error
    }
    asked.resolve(block)
    if (this.#waiting.length > 0) this.#flushSoon()
  }

  #watch(): void {
    clearTimeout(this.#timer)
    if (this.#broken !== undefined) return
    const idle = this.#asked.length === 0
    if (idle) this.#timer = setTimeout(() => this.#retire(), idleMs).unref()
    else this.#timer = setTimeout(() => this.break('The source sends nothing'), this.#stallMs)
  }
}

function aborted(signal: AbortSignal): ContentError {
  return new ContentError('aborted', 'The want was aborted', { cause: signal.reason })
}
