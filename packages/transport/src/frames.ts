// How messages travel on the sync stream: length4 flags1 id4 payload, big-endian, at most 64 KiB a frame; length
// counts what follows it, the only flag (bit 0) marks a message's last frame. The frames of a message stand together,
// so a reader assembles one message at a time and never holds more than `messageBytesMax` plus a chunk,
// whatever the other side claims. Hostile bytes end in FrameError.

import { frameBytesMax, messageBytesMax } from './bounds.ts'

const headerBytes = 9
const payloadBytesMax = frameBytesMax - headerBytes
const lastFlag = 1

/** The stream broke the framing rules; its owner closes it. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

export interface Message {
  id: number
  bytes: Uint8Array
}

/** The next frame of a message from `offset` of its bytes on, and the offset after it. An empty message has one frame. */
export function encodeFrame(message: Message, offset: number): { frame: Uint8Array; offset: number } {
  const end = Math.min(offset + payloadBytesMax, message.bytes.length)
  const frame = new Uint8Array(headerBytes + end - offset)
  const view = new DataView(frame.buffer)
  view.setUint32(0, frame.length - 4)
  view.setUint8(4, end === message.bytes.length ? lastFlag : 0)
  view.setUint32(5, message.id)
  frame.set(message.bytes.subarray(offset, end), headerBytes)
  return { frame, offset: end }
}

/** Joins parts into one array. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Pull parser: push what arrived, then call `next` while it gives messages. Unread bytes stay bytes. */
export class FrameReader {
  #chunks: Uint8Array[] = []
  #held = 0
  #needed = 4
  #parts: Uint8Array[] = []
  #partBytes = 0
  #id: number | undefined

  push(chunk: Uint8Array): void {
    // libp2p hands out Buffers, whose `slice` does not copy: look at them as plain arrays from here on
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    this.#held += chunk.length
  }

  /** The next whole message (its bytes are the caller's), or undefined until more is pushed. Throws FrameError. */
  next(): Message | undefined {
    if (this.#held < this.#needed) return undefined
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : join(this.#chunks)
    let at = 0
    let message: Message | undefined
    this.#needed = 4
    while (message === undefined && bytes.length - at >= 4) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at)
      const length = view.getUint32(0)
      if (length < headerBytes - 4 || length > frameBytesMax - 4) throw new FrameError(`a frame of ${length} bytes`)
      if (bytes.length - at < 4 + length) {
        this.#needed = 4 + length
        break
      }
      message = this.#take(view.getUint8(4), view.getUint32(5), bytes.subarray(at + headerBytes, at + 4 + length))
      at += 4 + length
    }
    const left = bytes.subarray(at)
    this.#chunks = left.length === 0 ? [] : [left]
    this.#held = left.length
    return message
  }

  #take(flags: number, id: number, payload: Uint8Array): Message | undefined {
    if ((flags & ~lastFlag) !== 0) throw new FrameError(`unknown frame flags ${flags}`)
    if (this.#id !== undefined && this.#id !== id) throw new FrameError('the frames of two messages are mixed')
    const last = flags === lastFlag
    if (!last && payload.length === 0) throw new FrameError('an empty frame that is not the last')
    if (this.#partBytes + payload.length > messageBytesMax) throw new FrameError('a message over the bound')
    this.#parts.push(payload.slice())
    this.#partBytes += payload.length
    this.#id = id
    if (!last) return undefined
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : join(this.#parts)
    this.#parts = []
    this.#partBytes = 0
    this.#id = undefined
    return { id, bytes }
  }
}
