// Streams of JSON lines, the server's side. A line each object, about a hundred to a write: one write an object is three
// times as slow. What there is leaves at the latest when the loop turns, so a lone event is not held back. The answer's
// head waits for the first line, so that a failure before it still gets a status of its own.

import type { FastifyReply } from 'fastify'
import { drained } from './frame-writer.ts'
import { problemOf } from './problem.ts'

const linesPerWrite = 100
const charsPerWrite = 64 << 10

export class LineWriter {
  readonly #reply: FastifyReply
  #text = ''
  #lines = 0
  #scheduled = false
  #behind = false

  constructor(reply: FastifyReply) {
    this.#reply = reply
  }

  get started(): boolean {
    return this.#reply.sent
  }

  get ended(): boolean {
    return this.#reply.raw.writableEnded
  }

  /** Nobody reads any more. */
  get gone(): boolean {
    return this.#reply.raw.destroyed
  }

  /** The receiver is behind. */
  get behind(): boolean {
    return this.#behind
  }

  /** Sends the head now. */
  start(): void {
    if (this.started) return
    this.#reply.hijack()
    this.#reply.raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    this.#reply.raw.flushHeaders()
  }

  /** A promise if the receiver must be waited for, else undefined. */
  add(value: object): Promise<void> | undefined {
    this.#text += `${JSON.stringify(value)}\n`
    this.#lines++
    if (this.#lines >= linesPerWrite || this.#text.length >= charsPerWrite) {
      this.#flush()
      return this.#behind && !this.gone ? drained(this.#reply.raw) : undefined
    }
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#flush()
      })
    }
    return undefined
  }

  end(): void {
    this.start()
    this.#flush()
    this.#reply.raw.end()
  }

  fail(error: unknown): void {
    void this.add({ error: problemOf(error) })
    this.end()
  }

  #flush(): void {
    if (this.#text === '' || this.gone || this.ended) return
    this.start()
    const text = this.#text
    this.#text = ''
    this.#lines = 0
    if (this.#reply.raw.write(text) || this.#behind) return
    this.#behind = true
    this.#reply.raw.once('drain', () => (this.#behind = false))
  }
}
