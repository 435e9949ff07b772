// Adding files through the API: frames go out while lines about their progress come back. The peer may answer before
// all is sent (no space, a refused name): then the rest is not sent. A source that fails here ends the request, and the
// peer keeps nothing of it.

import type { ClientRequest } from 'node:http'
import { frameType, FrameWriter } from './frame-writer.ts'
import { connectionError, failureOf, linesOf } from './http.ts'
import type { Http } from './http.ts'
import { MeshError } from './mesh.ts'
import type { AddEntry, AddOptions, PinAnswer } from './mesh.ts'

export type Added = { cid: string; bytes: number } & Partial<PinAnswer>
type Line = { progress: number } | Added

/** Rejects with what the peer says, else with what the source threw. */
export async function upload(http: Http, entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added> {
  const { sent, answered } = http.open({ method: 'POST', path: '/add', signal: options.signal }, frameType)
  const source = { failure: undefined as { error: unknown } | undefined }
  void send(sent, entries, options).catch((error: unknown) => {
    if (sent.destroyed) return // the answer, or its absence, tells why
    source.failure = { error }
    sent.destroy()
  })
  try {
    const answer = await answered
    if (answer.statusCode !== 200) throw await failureOf(answer)
    let added: Added | undefined
    for await (const lines of linesOf<Line>(answer, options.signal)) {
      for (const line of lines) {
        if ('progress' in line) options.onProgress?.(line.progress)
        else added = line
      }
    }
    if (added !== undefined) return added
    throw new MeshError('MESH_API_GONE', 'The peer hung up in the middle.', { exit: 3 })
  } catch (error) {
    throw source.failure === undefined ? connectionError(error, options.signal) : source.failure.error
  } finally {
    if (!sent.writableFinished) sent.destroy() // not waiting for the source: it may have nothing to say for long
  }
}

async function send(to: ClientRequest, entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<void> {
  const frames = new FrameWriter(to)
  await frames.header(options.pin === undefined ? { wrap: options.wrap } : { wrap: options.wrap, pin: options.pin })
  for await (const { path, content } of entries) {
    await frames.entry({ path, kind: content === undefined ? 'folder' : 'file' }, content)
  }
  await frames.end()
  to.end()
}
