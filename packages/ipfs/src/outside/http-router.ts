// A router that speaks Delegated Routing V1 over HTTP (specs.ipfs.tech/routing/http-routing-v1), as public ones and
// someguy do: one small request asks the whole DHT and the indexers without taking part in either, and works behind any
// NAT. Own code, for the client on npm (@helia/delegated-routing-v1-http-api-client 9.0.2) brings the process down when a
// router goes silent in mid-answer, and reads answers without a bound.

import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import type { Router } from './router.ts'

/** Ms for one answer, from the first byte out to the last in. */
const answerMsDefault = 15_000
/** Bytes of one answer. */
const answerBytesMax: number = 256 << 10
/** Providers taken from one answer, and addresses of each. */
const providersMax = 20
const addressesMax = 16

export interface Answer {
  readonly ID?: unknown
  readonly Addrs?: unknown
  readonly Protocols?: unknown
}

export class HttpRouter implements Router {
  readonly name: string
  readonly #base: string
  /** Only a router that is itself in a private network may send us into one. */
  readonly #mayNamePrivate: boolean
  readonly #answerMs: number
  readonly #stopping = new AbortController()

  constructor(url: string, answerMs: number = answerMsDefault) {
    this.name = url
    this.#base = url.replace(/\/+$/, '')
    this.#mayNamePrivate = isPrivateHost(new URL(url).hostname)
    this.#answerMs = answerMs
  }

  async *providers(cid: CID, signal: AbortSignal): AsyncGenerator<PeerInfo> {
    const query = 'filter-protocols=unknown,transport-bitswap&filter-addrs=tcp,ws,wss,unknown'
    const response = await fetch(`${this.#base}/routing/v1/providers/${cid}?${query}`, {
      headers: { accept: 'application/x-ndjson, application/json;q=0.8' },
      signal: AbortSignal.any([signal, this.#stopping.signal, AbortSignal.timeout(this.#answerMs)])
    })
    if (!response.ok) {
      await response.body?.cancel()
      // The way older routers say that they know nobody.
      if (response.status === 404) return
      throw new Error(`it answered with status ${response.status}`)
    }
    const byLine = response.headers.get('content-type')?.includes('ndjson') === true
    let count = 0
    for await (const answer of byLine ? answersOfLines(response) : answersOfJson(response)) {
      const provider = providerOf(answer, this.#mayNamePrivate)
      if (provider === undefined) continue
      yield provider
      if (++count === providersMax) return
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the peer stops'))
  }
}

/** undefined for what is malformed, speaks no bitswap, or has no address that may be dialled. */
export function providerOf({ ID, Addrs, Protocols }: Answer, mayNamePrivate: boolean): PeerInfo | undefined {
  if (typeof ID !== 'string' || !Array.isArray(Addrs)) return undefined
  const protocols = Array.isArray(Protocols) ? Protocols : []
  if (protocols.length > 0 && !protocols.includes('transport-bitswap')) return undefined
  try {
    const multiaddrs = Addrs.slice(0, addressesMax)
      .flatMap(addressOf)
      .filter((address) => mayNamePrivate || !isPrivate(address))
    return multiaddrs.length === 0 ? undefined : { id: peerIdFromString(ID), multiaddrs }
  } catch {
    return undefined
  }
}

async function* answersOfLines(response: Response): AsyncGenerator<Answer> {
  let rest = ''
  for await (const text of textOf(response)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield answerOf(line)
  }
  if (rest.trim() !== '') yield answerOf(rest)
}

async function* answersOfJson(response: Response): AsyncGenerator<Answer> {
  let whole = ''
  for await (const text of textOf(response)) whole += text
  const { Providers } = answerOf(whole) as { Providers?: unknown }
  if (Array.isArray(Providers)) for (const one of Providers) if (isObject(one)) yield one
}

/** Ending the loop early ends the request. */
async function* textOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > answerBytesMax) throw new Error(`its answer is longer than ${answerBytesMax} bytes`)
    yield decoder.decode(chunk, { stream: true })
  }
}

function answerOf(text: string): Answer {
  const value: unknown = JSON.parse(text)
  return isObject(value) ? value : {}
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function addressOf(text: unknown): Multiaddr[] {
  try {
    return typeof text === 'string' ? [multiaddr(text)] : []
  } catch {
    return []
  }
}

function isPrivateHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  if (bare === 'localhost') return true
  const kind = bare.includes(':') ? 'ip6' : /^[\d.]+$/.test(bare) ? 'ip4' : undefined
  return kind !== undefined && isPrivate(multiaddr(`/${kind}/${bare}/tcp/80`))
}
