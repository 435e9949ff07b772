// Content of a peer elsewhere, streamed both ways.

import { CustomProgressEvent } from 'progress-events'
import { FrameReader } from './frame-reader.ts'
import type { Http } from './http.ts'
import type {
  AddEntry,
  Added,
  AddOptions,
  CallOptions,
  CarOptions,
  Collected,
  ContentEntry,
  GcOptions,
  GetOptions,
  ListOptions,
  MeshContent,
  PinUse,
  Refused,
  SpaceUse
} from './mesh.ts'
import { errorOf } from './problem.ts'
import { resultOf } from './progress-lines.ts'
import { type Upload, upload } from './upload.ts'

export class ClientContent implements MeshContent {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async add(entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added> {
    const { wrap, chunker, pin } = options
    return upload(this.#http, { path: '/add', header: { wrap, chunker, pin }, entries, ...workOf(options) })
  }

  async addCar(car: AsyncIterable<Uint8Array>, options: CarOptions): Promise<(Added | Refused)[]> {
    const entries = one({ path: 'car', content: car })
    const { pin } = options
    const { roots } = await upload<{ roots: (Added | Refused)[] }>(this.#http, {
      path: '/car',
      header: { pin },
      entries,
      ...workOf(options)
    })
    return roots.map((root) => ('error' in root ? { cid: root.cid, error: errorOf(root.error) } : root))
  }

  get(cid: string, options: ListOptions = {}): AsyncIterable<ContentEntry> {
    return this.#read('content', cid, options)
  }

  async *getCar(cid: string, options: GetOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { content } of this.#read('car', cid, options)) yield* content ?? []
  }

  async gc({ now = false, signal, onProgress }: GcOptions = {}): Promise<Collected> {
    return resultOf<Collected>(this.#http.lines({ method: 'POST', path: '/gc', signal }, { now }), (deleted) =>
      onProgress?.(new CustomProgressEvent('pinmesh:gc:deleted', { deleted }))
    )
  }

  async space({ signal }: CallOptions = {}): Promise<SpaceUse> {
    return this.#http.json({ method: 'GET', path: '/space', signal })
  }

  spaceOfPins({ signal }: CallOptions = {}): AsyncIterable<PinUse[]> {
    return this.#http.lines({ method: 'GET', path: '/space/pins', signal })
  }

  async *#read(
    route: 'content' | 'car',
    cid: string,
    { path = '', from, signal }: ListOptions
  ): AsyncGenerator<ContentEntry, void, undefined> {
    const query = new URLSearchParams({
      ...(path === '' ? {} : { path }),
      ...(from === undefined ? {} : { offset: String(from.offset) }),
      ...(from === undefined || from.path === '' ? {} : { from: from.path })
    })
    const bytes = this.#http.bytes({ method: 'GET', path: `/${route}/${encodeURIComponent(cid)}?${query}`, signal })
    try {
      for await (const { size, ...entry } of new FrameReader(bytes).entries()) yield { ...entry, size: size ?? 0 }
    } finally {
      await bytes.return()
    }
  }
}

function workOf({ signal, onProgress }: CarOptions): Pick<Upload, 'signal' | 'onProgress'> {
  return { signal, onProgress: (bytes) => onProgress?.(new CustomProgressEvent('pinmesh:add:bytes', { bytes })) }
}

async function* one<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value
}
