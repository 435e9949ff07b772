// Content in frames, both ways. A stream that fails before its first entry has a status; later, its last frame tells. None
// runs ahead of its receiver.

import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FrameReader } from './frame-reader.ts'
import { frameType, FrameWriter } from './frame-writer.ts'
import { LineWriter } from './lines.ts'
import type { MeshContent } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { badRequest } from './problem.ts'
import { readAddOptions, readCid } from './requests.ts'
import { scope } from './scope.ts'

/** Of an upload whose answer is already known, this much is still read, so that the sender gets to the answer. */
const discardBytesMax: number = 64 << 20

const framed = Symbol('framed')

interface Cid {
  Params: { cid: string }
}

export function addContentRoutes(app: FastifyInstance, content: MeshContent, open: OpenRequests): void {
  // The handler reads the body itself: framed bytes only, and as fast as the peer takes them.
  app.addContentTypeParser(frameType, (_request, _body, done) => done(null, framed))
  app.post('/add', { ...scope.pin, bodyLimit: Number.MAX_SAFE_INTEGER }, (request, reply) =>
    add(content, open, request, reply)
  )

  app.get<Cid>('/content/:cid', scope.read, (request, reply) =>
    sendContent(content, open, readCid(request.params.cid), reply)
  )
}

async function add(
  content: MeshContent,
  open: OpenRequests,
  request: FastifyRequest,
  reply: FastifyReply
): Promise<FastifyReply> {
  if (request.body !== framed) throw badRequest(`The body must be of type ${frameType}.`)
  const reader = new FrameReader(request.raw)
  const lines = new LineWriter(reply)
  try {
    const options = readAddOptions(await reader.header())
    const onProgress = progressInto(lines)
    const signal = open.signal(reply.raw)
    void lines.add(await content.add(reader.entries(), { ...options, onProgress, signal }))
    lines.end()
  } catch (error) {
    void readOn(reader, request.raw)
    if (!lines.started) throw error
    lines.fail(error)
  }
  return reply
}

/** Tells the newest count once a turn of the loop, and not at all while the receiver is behind. */
function progressInto(lines: LineWriter): (bytes: number) => void {
  let newest = 0
  let due = false
  return (bytes) => {
    newest = bytes
    if (due || lines.behind) return
    due = true
    setImmediate(() => {
      due = false
      if (!lines.ended) void lines.add({ progress: newest })
    })
  }
}

async function readOn(reader: FrameReader, body: IncomingMessage): Promise<void> {
  const whole = await reader.discard(discardBytesMax).catch(() => true)
  if (!whole) body.destroy()
}

async function sendContent(
  content: MeshContent,
  open: OpenRequests,
  cid: string,
  reply: FastifyReply
): Promise<FastifyReply> {
  const entries = content.get(cid, open.signal(reply.raw))[Symbol.asyncIterator]()
  let next = await entries.next() // a failure before the first entry has a status
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': frameType, 'cache-control': 'no-store' })
  const frames = new FrameWriter(reply.raw)
  try {
    for (; !next.done; next = await entries.next()) {
      const { path, kind, size, content: bytes } = next.value
      await frames.entry({ path, kind, size }, bytes)
    }
    await frames.end()
  } catch (error) {
    await frames.fail(error).catch(() => {}) // nobody left to tell
    await entries.return?.()
  }
  reply.raw.end()
  return reply
}
