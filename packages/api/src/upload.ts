// Adding content through the API: frames go out while lines about their progress come back. The peer may answer before
// all is sent (no space, a refused name): then the rest is not sent. A source that fails here ends the request, and the
// peer keeps nothing of it.

import type { ClientRequest } from 'node:http'
import { frameType, FrameWriter } from './frame-writer.ts'
import { connectionError, failureOf, linesOf } from './http.ts'
import type { Http } from './http.ts'
import type { AddEntry } from './mesh.ts'
import { resultOf } from './progress-lines.ts'

export interface Upload {
  path: string
  /** The first frame. */
  header: object
  entries: AsyncIterable<AddEntry>
  signal: AbortSignal | undefined
  onProgress: (bytes: number) => void
}

/** Resolves with the last line. Rejects with what the peer says, else with what the source threw. */
export async function upload<T extends object>(
  http: Http,
  { path, header, entries, signal: own, onProgress }: Upload
): Promise<T> {
  const signal = http.signalOf(own)
  const { sent, answered } = http.open({ method: 'POST', path, signal }, frameType)
  const source = { failure: undefined as { error: unknown } | undefined }
  void send(sent, header, entries).catch((error: unknown) => {
    if (sent.destroyed) return // the answer, or its absence, tells why
    source.failure = { error }
    sent.destroy()
  })
  try {
    const answer = await answered
    if (answer.statusCode !== 200) throw await failureOf(answer)
    return await resultOf<T>(linesOf(answer, signal), onProgress)
  } catch (error) {
    throw source.failure === undefined ? connectionError(error, signal) : source.failure.error
  } finally {
    if (!sent.writableFinished) sent.destroy() // not waiting for the source: it may have nothing to say for long
  }
}

async function send(to: ClientRequest, header: object, entries: AsyncIterable<AddEntry>): Promise<void> {
  const frames = new FrameWriter(to)
  await frames.header(header)
  for await (const { path, content } of entries) {
    await frames.entry({ path, kind: content === undefined ? 'folder' : 'file' }, content)
  }
  await frames.end()
  to.end()
}
