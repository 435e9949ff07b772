// Content of a peer elsewhere, streamed both ways.

import { FrameReader } from './frame-reader.ts'
import { connectionError, type Http } from './http.ts'
import type { AddEntry, Added, AddOptions, ContentEntry, MeshContent } from './mesh.ts'
import { upload } from './upload.ts'

export class ClientContent implements MeshContent {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async add(entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added> {
    return upload(this.#http, entries, options)
  }

  async *get(cid: string, signal: AbortSignal): AsyncGenerator<ContentEntry, void, undefined> {
    const answer = await this.#http.bytes({ method: 'GET', path: `/content/${encodeURIComponent(cid)}`, signal })
    try {
      for await (const { size, ...entry } of new FrameReader(answer).entries()) yield { ...entry, size: size ?? 0 }
    } catch (error) {
      throw connectionError(error, signal)
    } finally {
      answer.destroy()
    }
  }
}
