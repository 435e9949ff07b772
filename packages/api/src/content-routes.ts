// Content in frames, both ways, and the room it takes. A CAR travels as the one file of a stream, so that a failure in its
// middle can be told. A stream that fails before its first entry has a status; later, its last frame tells. None runs ahead
// of its receiver.

import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FrameReader } from './frame-reader.ts'
import { frameType, FrameWriter } from './frame-writer.ts'
import { LineWriter } from './lines.ts'
import type { AddProgress, ContentEntry, GcProgress, MeshContent } from './mesh.ts'
import type { OpenRequests } from './open-requests.ts'
import { wireOf } from './pin-routes.ts'
import { badRequest } from './problem.ts'
import { readAddOptions, readCarOptions, readCid, readContentList, readContentPath, readGc } from './requests.ts'
import { scope } from './scope.ts'
import { sendLines } from './send-lines.ts'

/** Of an upload whose answer is already known, this much is still read, so that the sender gets to the answer. */
const discardBytesMax: number = 64 << 20

const framed = Symbol('framed')

interface Cid {
  Params: { cid: string }
}

interface Work {
  onProgress: (event: AddProgress) => void
  signal: AbortSignal
}

export function addContentRoutes(app: FastifyInstance, content: MeshContent, open: OpenRequests): void {
  // The handler reads the body itself: framed bytes only, and as fast as the peer takes them.
  app.addContentTypeParser(frameType, (_request, _body, done) => done(null, framed))
  const bodyLimit = Number.MAX_SAFE_INTEGER

  app.post('/add', { ...scope.pin, bodyLimit }, (request, reply) =>
    receive(open, request, reply, async (reader, work) => {
      const options = readAddOptions(await reader.header())
      return content.add(reader.entries(), { ...options, ...work })
    })
  )

  app.post('/car', { ...scope.pin, bodyLimit }, (request, reply) =>
    receive(open, request, reply, async (reader, work) => {
      const options = readCarOptions(await reader.header())
      return { roots: (await content.addCar(onlyFile(reader), { ...options, ...work })).map(wireOf) }
    })
  )

  app.get<Cid>('/content/:cid', scope.read, (request, reply) => {
    const options = { ...readContentList(request.query), signal: open.signal(reply.raw) }
    return sendContent(content.get(readCid(request.params.cid), options), reply)
  })

  app.get<Cid>('/car/:cid', scope.read, (request, reply) => {
    const options = { ...readContentPath(request.query), signal: open.signal(reply.raw) }
    return sendContent(asFile(content.getCar(readCid(request.params.cid), options)), reply)
  })

  app.post('/gc', scope.admin, async (request, reply) => {
    const { now } = readGc(request.body)
    const lines = new LineWriter(reply)
    try {
      const tell = progressInto(lines)
      const onProgress = ({ detail }: GcProgress): void => tell(detail.deleted)
      void lines.add(await content.gc({ now, onProgress, signal: open.signal(reply.raw) }))
      lines.end()
    } catch (error) {
      if (!lines.started) throw error
      lines.fail(error)
    }
    return reply
  })

  app.get('/space', scope.read, async (_request, reply) => content.space({ signal: open.signal(reply.raw) }))

  app.get('/space/pins', scope.read, (_request, reply) => {
    const signal = open.signal(reply.raw)
    return sendLines(reply, signal, content.spaceOfPins({ signal }))
  })
}

async function receive(
  open: OpenRequests,
  request: FastifyRequest,
  reply: FastifyReply,
  take: (reader: FrameReader, work: Work) => Promise<object>
): Promise<FastifyReply> {
  if (request.body !== framed) throw badRequest(`The body must be of type ${frameType}.`)
  const reader = new FrameReader(request.raw)
  const lines = new LineWriter(reply)
  try {
    const tell = progressInto(lines)
    const onProgress = ({ detail }: AddProgress): void => tell(detail.bytes)
    void lines.add(await take(reader, { onProgress, signal: open.signal(reply.raw) }))
    lines.end()
  } catch (error) {
    void readOn(reader, request.raw)
    if (!lines.started) throw error
    lines.fail(error)
  }
  return reply
}

/** The content of the one file that is sent. */
async function* onlyFile(reader: FrameReader): AsyncGenerator<Uint8Array, void, undefined> {
  let files = 0
  for await (const { content } of reader.entries()) {
    if (content === undefined || ++files > 1) throw badRequest('A CAR is sent as one file.')
    yield* content
  }
  if (files === 0) throw badRequest('A CAR is sent as one file.')
}

/** Tells the newest count once a turn of the loop, and not at all while the receiver is behind. */
function progressInto(lines: LineWriter): (count: number) => void {
  let newest = 0
  let due = false
  return (count) => {
    newest = count
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

/** Waits for its first bytes before there is an entry: what fails before has a status. */
async function* asFile(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ContentEntry, void, undefined> {
  const from = pieces[Symbol.asyncIterator]()
  const first = await from.next()
  const content = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (let next = first; !next.done; next = await from.next()) yield next.value
  }
  yield { path: '', kind: 'file', size: 0, content: content() }
}

async function sendContent(source: AsyncIterable<ContentEntry>, reply: FastifyReply): Promise<FastifyReply> {
  const entries = source[Symbol.asyncIterator]()
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
