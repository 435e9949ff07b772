// The reading side of the stream of files (frame-writer.ts has its layout). It pulls from its source, so a slow consumer
// slows the sender down; it hands on pieces as they arrive and never allocates by a length that it was told. Both ends
// use it, and both trust nothing: a peer's client is about to write these paths to a disk.

import { badRequest, problemIn } from './problem.ts'
import { chunkBytesMax, failureMark, headerBytesMax } from './frame-writer.ts'
import type { EntryHeader } from './frame-writer.ts'

export const pathCharsMax = 4096

export interface FrameEntry extends EntryHeader {
  /** A file's; read it before the next entry, or it is skipped. */
  content?: AsyncIterable<Uint8Array>
}

export class FrameReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)
  /** Once the stream made no sense, nothing behind that point does. */
  #failure: { error: unknown } | undefined

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next header; undefined at the end of the stream, behind which nothing may follow. Throws what a failure says. */
  async header(): Promise<unknown> {
    const length = await this.#length()
    if (length === 0) {
      if (this.#held.length > 0 || (await this.#more())) throw badRequest('Bytes follow the end of the stream.')
      return undefined
    }
    const value = parse(await this.#exactly(length))
    const problem = problemIn(value)
    if (problem !== undefined) throw problem
    return value
  }

  /** The entries up to the end. */
  async *entries(): AsyncGenerator<FrameEntry, void, undefined> {
    for (;;) {
      const header = await this.header()
      if (header === undefined) return
      const entry = readEntry(header)
      if (entry.kind === 'folder') {
        yield entry
        continue
      }
      const content = this.#content()
      // The loop of whoever reads the content may leave early: that must not end the generator itself.
      yield { ...entry, content: { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) } }
      while (!(await content.next()).done);
      if (this.#failure !== undefined) throw this.#failure.error
    }
  }

  /** Reads on without using it, so that a sender who does not listen meanwhile can finish. False: too much is left. */
  async discard(bytesMax: number): Promise<boolean> {
    for (let bytes = 0; bytes <= bytesMax; bytes += this.#held.length) if (!(await this.#more())) return true
    return false
  }

  async *#content(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#pieces()
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const [a, b, c, d] = (await this.#exactly(4)) as unknown as [number, number, number, number]
      let left = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
      if (left === 0) return
      if (left === failureMark) {
        await this.header()
        throw badRequest('A failure was announced, but none told.')
      }
      if (left > chunkBytesMax) throw badRequest(`A chunk may hold ${chunkBytesMax} bytes at most.`)
      while (left > 0) {
        const piece = await this.#some(left)
        left -= piece.length
        yield piece
      }
    }
  }

  async #length(): Promise<number> {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = (await this.#some(1))[0]!
      length += (byte & 127) * 2 ** shift
      if (length > headerBytesMax || shift > 14) throw badRequest(`A header may hold ${headerBytesMax} bytes at most.`)
      if (byte < 128) {
        if (byte === 0 && shift > 0) throw badRequest('A length is not in its shortest form.')
        return length
      }
    }
  }

  /** From 1 to `max` bytes. */
  async #some(max: number): Promise<Uint8Array> {
    while (this.#held.length === 0) if (!(await this.#more())) throw badRequest('The stream ended early.')
    const piece = this.#held.subarray(0, max)
    this.#held = this.#held.subarray(piece.length)
    return piece
  }

  /** Only for lengths that have been checked. */
  async #exactly(length: number): Promise<Uint8Array> {
    const first = await this.#some(length)
    if (first.length === length) return first
    const bytes = new Uint8Array(length)
    bytes.set(first)
    for (let at = first.length; at < length;) {
      const piece = await this.#some(length - at)
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done) return false
      if (value.length === 0) continue
      this.#held = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      return true
    }
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw badRequest('A header is not JSON.')
  }
}

function readEntry(header: unknown): EntryHeader {
  const { path, kind, size } = (header ?? {}) as Record<string, unknown>
  if (typeof path !== 'string' || !isPath(path)) throw badRequest('The path of an entry is missing or unsafe.')
  if (kind !== 'file' && kind !== 'folder') throw badRequest('The kind of an entry must be file or folder.')
  if (size === undefined) return { path, kind }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw badRequest('The size of an entry must be a whole number.')
  }
  return { path, kind, size }
}

function isPath(path: string): boolean {
  if (path === '') return true
  if (path.length > pathCharsMax || path.includes('\0')) return false
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..')
}
