// Framing: whatever way the bytes are cut, messages come out whole; what breaks the rules is refused with little held.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frameBytesMax, messageBytesMax } from '../src/bounds.ts'
import { encodeFrame, FrameError, FrameReader, join } from '../src/frames.ts'
import type { Message } from '../src/frames.ts'

function encode(message: Message): Uint8Array {
  const frames: Uint8Array[] = []
  let offset = 0
  do {
    const next = encodeFrame(message, offset)
    frames.push(next.frame)
    offset = next.offset
  } while (offset < message.bytes.length)
  for (const frame of frames) assert.ok(frame.length <= frameBytesMax)
  return join(frames)
}

function readAll(reader: FrameReader): Message[] {
  const messages: Message[] = []
  for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message)
  return messages
}

function raw(length: number, flags: number, id: number, payload: number): Uint8Array {
  const frame = Buffer.alloc(9 + payload, 1)
  frame.writeUInt32BE(length, 0)
  frame[4] = flags
  frame.writeUInt32BE(id, 5)
  return frame
}

test('messages survive any cutting of the stream', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(140_000).fill(9)))
  const message = fc.record({ id: fc.integer({ min: 0, max: 2 ** 32 - 1 }), bytes }, { noNullPrototype: true })
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 90_000 })),
      (messages, cuts) => {
        const bytes = join(messages.map(encode))
        const reader = new FrameReader()
        const seen: Message[] = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          reader.push(bytes.subarray(at, at + cut))
          at = Math.min(at + cut, bytes.length)
          seen.push(...readAll(reader))
        }
        assert.deepEqual(seen, messages)
      }
    ),
    { numRuns: 60 }
  )
})

test('frames that lie are refused', () => {
  const hostile: readonly Uint8Array[][] = [
    [raw(4, 1, 0, 0)],
    [raw(0, 1, 0, 0)],
    [raw(frameBytesMax - 3, 0, 0, 0)],
    [raw(2 ** 32 - 1, 0, 0, 0)],
    [raw(6, 2, 0, 1)],
    [raw(6, 0x80, 0, 1)],
    [raw(5, 0, 0, 0)],
    [raw(6, 0, 1, 1), raw(6, 0, 2, 1)]
  ]
  for (const frames of hostile) {
    const reader = new FrameReader()
    frames.forEach((frame) => reader.push(frame))
    assert.throws(() => readAll(reader), FrameError)
  }
})

test('a message that never ends is refused at the bound', () => {
  const reader = new FrameReader()
  const frame = raw(5 + 60_000, 0, 7, 60_000)
  let sent = 0
  assert.throws(() => {
    for (; sent <= messageBytesMax + 60_000; sent += 60_000) {
      reader.push(frame)
      reader.next()
    }
  }, FrameError)
  assert.ok(sent <= messageBytesMax)
})

test('random bytes never do anything but give messages or a FrameError', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
      const reader = new FrameReader()
      try {
        for (const chunk of chunks) {
          reader.push(chunk)
          readAll(reader)
        }
      } catch (error) {
        assert.ok(error instanceof FrameError)
      }
    })
  )
})
