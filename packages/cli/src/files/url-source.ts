// A URL as something to add: downloaded as it is taken, and only then. The server may be slow, lie or never end: it has
// to send something all the time, and what it sends is bounded by the peer's budget, like everything that is added.

import { MeshError } from '@pinmesh/node/mesh-error'
import { shown } from '../parse/refuse.ts'
import { version } from '../version.ts'
import type { Source } from './sources.ts'

const redirectsMax = 10
/** In words, what a download ends with. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['UND_ERR_SOCKET', 'the connection broke off'],
  ['ECONNRESET', 'the connection broke off'],
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'its host is not known'],
  ['EAI_AGAIN', 'its host could not be looked up'],
  ['bad port', 'its port is none of the web']
])
/** Without a byte for so long the server is given up, ms. */
const silenceMsDefault = 60_000

export interface UrlInit {
  signal: AbortSignal
  /** Default: 60,000. */
  silenceMs?: number
}

interface Download {
  body: AsyncIterable<Uint8Array>
  /** Bytes to come, where the server told. */
  length: number | undefined
}

/** Of any scheme; only those of the web can be had. */
export function looksLikeUrl(arg: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(arg)
}

function isOfWeb(url: string): boolean {
  return /^https?:\/\//i.test(url)
}

/** MESH_BAD_URL at once; MESH_URL_FAILED when it is read. */
export function urlSource(arg: string, init: UrlInit): Source {
  const url = URL.canParse(arg) ? new URL(arg) : undefined
  if (url === undefined || !isOfWeb(arg)) {
    throw new MeshError('MESH_BAD_URL', `"${shown(arg)}" is not a URL of http or https.`, {
      exit: 1,
      remedy: 'Give one such as https://example.org/film.mp4.'
    })
  }
  let opened: Promise<Download> | undefined
  const open = (): Promise<Download> => (opened ??= download(url, init))
  const name = nameIn(url)
  return {
    label: arg,
    name,
    folder: false,
    async *entries() {
      yield { path: name, content: (await open()).body }
    },
    size: async () => (await open()).length
  }
}

/** The last part of its path, if that is a plain name, else its host. */
export function nameIn(url: URL): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? ''
  let name = last
  try {
    name = decodeURIComponent(last)
  } catch {
    // Not every server encodes as it should: the name is taken as it is.
  }
  const plain = name !== '' && name !== '.' && name !== '..' && !/[/\\\p{C}]/u.test(name)
  return plain && Buffer.byteLength(name) <= 255 ? name : url.hostname
}

async function download(url: URL, { signal, silenceMs = silenceMsDefault }: UrlInit): Promise<Download> {
  const watch = new Watch(url, signal, silenceMs)
  try {
    const answer = await watch.heard(follow(url, watch.signal))
    const told = answer.headers.get('content-encoding') === null ? answer.headers.get('content-length') : null
    const length = told !== null && /^\d{1,15}$/.test(told) ? Number(told) : undefined
    return { length, body: bodyOf(answer, watch, length) }
  } catch (error) {
    watch.end()
    throw watch.failureOf(error)
  }
}

async function follow(url: URL, signal: AbortSignal): Promise<Response> {
  const headers = { 'accept-encoding': 'identity', 'user-agent': `pinmesh/${version}` }
  let at = url
  for (let hops = 0; hops <= redirectsMax; hops++) {
    const answer = await fetch(at, { redirect: 'manual', headers, signal })
    const to = answer.headers.get('location')
    if (answer.status === 200) return answer
    await answer.body?.cancel()
    if (answer.status < 300 || answer.status > 399 || to === null) {
      throw failed(url, `the server answered ${answer.status}`)
    }
    if (!URL.canParse(to, at.href)) throw failed(url, 'it leads to what is no URL')
    const next = new URL(to, at)
    if (!isOfWeb(next.href)) throw failed(url, `it leads to ${shown(next.protocol)}, which is not followed`)
    if (at.protocol === 'https:' && next.protocol === 'http:') throw failed(url, 'it leads from https to plain http')
    at = next
  }
  throw failed(url, `it leads on more than ${redirectsMax} times`)
}

async function* bodyOf(answer: Response, watch: Watch, length: number | undefined): AsyncGenerator<Uint8Array> {
  const reader = answer.body?.getReader()
  let bytes = 0
  try {
    while (reader !== undefined) {
      const { done, value } = await watch.heard(reader.read())
      if (done) break
      bytes += value.length
      yield value
    }
    if (length !== undefined && bytes !== length) throw watch.failed(`${bytes} of ${length} bytes came`)
  } catch (error) {
    throw watch.failureOf(error)
  } finally {
    watch.end()
  }
}

/** Ends a download that falls silent, and says why one has failed. */
class Watch {
  readonly #url: URL
  readonly #given: AbortSignal
  readonly #silenceMs: number
  readonly #stop = new AbortController()
  readonly signal: AbortSignal

  constructor(url: URL, signal: AbortSignal, silenceMs: number) {
    this.#url = url
    this.#given = signal
    this.#silenceMs = silenceMs
    this.signal = AbortSignal.any([signal, this.#stop.signal])
  }

  /** The server has as long for this as it may be silent. */
  async heard<T>(task: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#stop.abort(this.failed(`the server sent nothing for ${this.#silenceMs / 1000} s`))
    }, this.#silenceMs)
    try {
      return await task
    } finally {
      clearTimeout(timer)
    }
  }

  end(): void {
    this.#stop.abort()
  }

  failed(why: string): MeshError {
    return failed(this.#url, why)
  }

  failureOf(error: unknown): unknown {
    if (this.#given.aborted) return this.#given.reason
    const { reason } = this.#stop.signal as { reason: unknown }
    if (reason instanceof MeshError) return reason
    if (error instanceof MeshError) return error
    const cause =
      error instanceof Error ? (error.cause as { code?: unknown; message?: unknown } | undefined) : undefined
    const code = String(cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : error))
    return this.failed(reasons.get(code) ?? code)
  }
}

function failed(url: URL, why: string): MeshError {
  return new MeshError('MESH_URL_FAILED', `${shown(url.href)} could not be downloaded: ${why}.`, {
    remedy: 'Check the URL and that it can be reached from here; nothing of it was kept.'
  })
}
