// A stream of objects as JSON lines. One that fails before its first line has a status; later, its last line is
// { "error": … }. None runs ahead of its receiver.

import type { FastifyReply } from 'fastify'
import { LineWriter } from './lines.ts'

/** Objects, or chunks of them, a line each. `early`: the head does not wait for the first one. */
export async function sendLines<T extends object>(
  reply: FastifyReply,
  signal: AbortSignal,
  objects: AsyncIterable<T | T[]>,
  early = false
): Promise<FastifyReply> {
  const lines = new LineWriter(reply)
  if (early) lines.start()
  try {
    for await (const some of objects) {
      for (const object of Array.isArray(some) ? some : [some]) {
        const turn = lines.add(object)
        if (turn !== undefined) await turn
        if (signal.aborted) break
      }
      if (signal.aborted) break
    }
    signal.throwIfAborted()
    lines.end()
  } catch (error) {
    if (!lines.started) throw error
    lines.fail(error)
  }
  return reply
}
