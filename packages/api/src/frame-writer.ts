// Files and folders as one stream of bytes (media type application/x-pinmesh-add), for adding and for getting:
//
//   stream  = header* end            the first header of an add is its options, every other one an entry
//   header  = length:v JSON          v = unsigned LEB128, shortest form; an entry is { path, kind, size? }
//   file    = header chunk* 0:4      chunk = length:4 bytes, big-endian, 1 to chunkBytesMax
//   folder  = header
//   failure = 0xffffffff:4 header    in place of a chunk; between entries just the header: { error }
//   end     = 0:v
//
// A stream that stops before its end was cut: the reader says so. Here is the writing side.

import type { Writable } from 'node:stream'
import { problemOf } from './problem.ts'

export const frameType = 'application/x-pinmesh-add'
export const headerBytesMax: number = 16 << 10
export const chunkBytesMax: number = 1 << 20
export const failureMark = 0xffff_ffff

export interface EntryHeader {
  /** Relative, '/' between names; empty for the one thing itself. */
  path: string
  kind: 'file' | 'folder'
  size?: number
}

/** Each method resolves when more may be written; it rejects once the receiver has gone. */
export class FrameWriter {
  readonly #to: Writable
  #inContent = false

  constructor(to: Writable) {
    this.#to = to
  }

  async header(value: object): Promise<void> {
    await this.#write(headerBytes(value))
  }

  /** An entry, with its content if it has any: bytes in any cut. */
  async entry(header: EntryHeader, content?: AsyncIterable<Uint8Array>): Promise<void> {
    await this.header(header)
    if (header.kind === 'folder') return
    this.#inContent = true
    for await (const piece of content ?? []) await this.#piece(piece)
    await this.#write(new Uint8Array(4))
    this.#inContent = false
  }

  async end(): Promise<void> {
    await this.#write(new Uint8Array(1))
  }

  /** Says why there will be no more. */
  async fail(error: unknown): Promise<void> {
    if (this.#inContent) await this.#write(lengthBytes(failureMark))
    await this.header({ error: problemOf(error) })
  }

  async #piece(piece: Uint8Array): Promise<void> {
    for (let start = 0; start < piece.length; start += chunkBytesMax) {
      const chunk = piece.subarray(start, start + chunkBytesMax)
      // Not under cork(): Node's HTTP messages then lose the drain of a chunk that is just over their high-water mark.
      this.#to.write(lengthBytes(chunk.length))
      await this.#write(chunk)
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (!this.#to.write(bytes) && !this.#to.destroyed) await drained(this.#to)
    if (this.#to.destroyed) throw new Error('The receiver has gone.')
  }
}

/** Resolves when a stream takes more, or never will. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}

function headerBytes(value: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(value))
  const length: number[] = []
  for (let rest = json.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Uint8Array.from(length), json])
}

function lengthBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, length)
  return bytes
}
