// The sending half of a sync stream: whole messages in, frames out, in order, several small ones to a write, and never
// more than the stream takes: when `send` says it is full we wait for its drain event. (Not for `onDrain()`: in
// @libp2p/utils 7 its promise is made once and stays resolved, so the second wait would not wait.)

import type { Stream } from '@libp2p/interface'
import { frameBytesMax, stallMs } from './bounds.ts'
import { encodeFrame, join } from './frames.ts'
import type { Message } from './frames.ts'

interface Item extends Message {
  sent: () => void
}

export class Outbox {
  readonly #stream: Stream
  readonly #pace: (bytes: number) => number
  #queue: Item[] = []
  #offset = 0
  #running = false

  /** `pace` is told the bytes of each write and gives the ms to wait before it. */
  constructor(stream: Stream, pace: (bytes: number) => number = () => 0) {
    this.#stream = stream
    this.#pace = pace
  }

  /** Queues a message; `sent` is called when the stream has taken its last byte, never if the stream breaks. */
  add(message: Message, sent: () => void = () => {}): void {
    this.#queue.push({ id: message.id, bytes: message.bytes, sent })
    if (this.#running) return
    this.#running = true
    // a microtask later, so that asks made in one go share a write
    queueMicrotask(() => void this.#run())
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const { bytes, done } = this.#batch()
        const waitMs = this.#pace(bytes.length)
        if (waitMs > 0) await wait(this.#stream, waitMs, 'time')
        if (!this.#stream.send(bytes)) await drained(this.#stream)
        for (const item of done) item.sent()
      }
      this.#running = false
    } catch (error) {
      this.#queue = []
      this.#stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #batch(): { bytes: Uint8Array; done: Item[] } {
    const frames: Uint8Array[] = []
    const done: Item[] = []
    let size = 0
    let taken = 0
    while (taken < this.#queue.length && size < frameBytesMax / 2) {
      const item = this.#queue[taken]!
      const { frame, offset } = encodeFrame(item, this.#offset)
      frames.push(frame)
      size += frame.length
      this.#offset = offset
      if (offset === item.bytes.length) {
        done.push(item)
        taken++
        this.#offset = 0
      }
    }
    this.#queue.splice(0, taken)
    return { bytes: frames.length === 1 ? frames[0]! : join(frames), done }
  }
}

/** Resolves when the stream can take more; rejects when it closes first or takes nothing for `stallMs`. */
async function drained(stream: Stream): Promise<void> {
  while (stream.writableNeedsDrain) await wait(stream, stallMs, 'drain')
}

/** Waits for the stream's drain event (at most `ms`, then rejects) or simply for `ms`; rejects when the stream closes. */
function wait(stream: Stream, ms: number, what: 'drain' | 'time'): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      clearTimeout(timer)
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onDrain = (): void => end()
    const onClose = (): void => end(new Error('the stream closed'))
    const timer = setTimeout(() => end(what === 'time' ? undefined : new Error('the peer takes no data')), ms)
    if (what === 'drain') stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    if (stream.status !== 'open') onClose()
  })
}
