// Kubo's RPC over HTTP: a POST, arguments in the query, an answer of JSON lines or bytes. On node:http and not on
// kubo-rpc-client, whose fetch loses what Kubo says last: a failure in the middle of an answer comes as a trailer, after
// a 200, and fetch has no trailers. Each call has its own signal and a watchdog on the answer.

import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { ContentError } from '../content-error.ts'
import type { ApiAddress } from './api-address.ts'
import { KuboError } from './kubo-error.ts'
import { Watchdog } from './watchdog.ts'

/** Connections to the API: what waits for blocks must not keep a look at Kubo waiting. */
const socketsMax = 256
/** Bytes of an answer that is read whole: the largest is a block. */
const answerBytesMax = 8 << 20
/** Bytes of one JSON line. */
const lineBytesMax = 1 << 20

export type Query = Readonly<Record<string, string | readonly string[] | boolean>>

export interface CallOptions {
  signal: AbortSignal
  /** Ms in which some byte of the answer must come. Default: what the Rpc was made with. */
  answerMs?: number | undefined
  /** What it means if none does. Default: `back-end`. */
  silence?: (() => ContentError) | undefined
}

type Body = (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>

export class Rpc {
  readonly #address: ApiAddress
  readonly #answerMs: number
  readonly #agent: HttpAgent

  constructor(address: ApiAddress, answerMs: number) {
    this.#address = address
    this.#answerMs = answerMs
    const settings = { keepAlive: true, maxSockets: socketsMax }
    this.#agent = 'host' in address && address.secure ? new HttpsAgent(settings) : new HttpAgent(settings)
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy()
  }

  /** The one JSON value of an answer; undefined for a refusal that is `expected`. */
  async value(path: string, query: Query, options: CallOptions & { expected?: RegExp }): Promise<unknown> {
    const whole = await this.#whole(path, query, options)
    return whole === undefined ? undefined : JSON.parse(whole.toString())
  }

  async bytes(path: string, query: Query, options: CallOptions): Promise<Uint8Array> {
    return new Uint8Array((await this.#whole(path, query, options)) ?? [])
  }

  async #whole(path: string, query: Query, options: CallOptions & { expected?: RegExp }): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let size = 0
    const given = await this.#answer(path, query, options, (part) => {
      size += part.length
      if (size > answerBytesMax)
        throw new ContentError('bad-dag', `Kubo gave more than ${answerBytesMax} bytes at once`)
      parts.push(part)
    })
    return given ? joined(parts) : undefined
  }

  /** Hands over the JSON values of an answer as they come. What `take` throws ends the call, and so does the first false. */
  async values(
    path: string,
    query: Query,
    options: CallOptions & { body?: Body },
    take: (value: unknown) => boolean | void
  ): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    let enough = false
    const give = (line: Buffer): void => {
      const text = line.toString().trim()
      if (text !== '' && !enough) enough = take(JSON.parse(text)) === false
    }
    await this.#answer(path, query, options, (part) => {
      rest = joined(rest.length === 0 ? [part] : [rest, part])
      for (let end = rest.indexOf(10); end >= 0 && !enough; end = rest.indexOf(10)) {
        give(rest.subarray(0, end))
        rest = rest.subarray(end + 1)
      }
      if (rest.length > lineBytesMax) throw new KuboError(200, 'a line of the answer never ends')
      return !enough
    })
    give(rest)
  }

  /** Reads an answer to its end, or until `take` gives false; whether it was one, and not an expected refusal. */
  async #answer(
    path: string,
    query: Query,
    { signal, answerMs = this.#answerMs, silence, body, expected }: CallOptions & { body?: Body; expected?: RegExp },
    take: (part: Buffer) => boolean | void
  ): Promise<boolean> {
    const failure = silence ?? (() => new ContentError('back-end', `Kubo said nothing for ${answerMs} ms`))
    const watchdog = new Watchdog({ ms: answerMs, outer: signal, failure })
    try {
      const answer = await this.#send(pathOf(path, query), watchdog, body)
      if (answer.statusCode !== 200) {
        const said = await refusalIn(answer)
        if (expected?.test(said) === true) return false
        throw new KuboError(answer.statusCode ?? 0, said)
      }
      await read(answer, (part) => {
        watchdog.moved()
        return take(part)
      })
      const said = answer.trailers['x-stream-error']
      if (said !== undefined) throw new KuboError(200, said)
      return true
    } catch (error) {
      throw watchdog.reasonFor(error)
    } finally {
      watchdog.end()
    }
  }

  /** A connection that Kubo closed while it lay idle fails at once, and once more is tried on a new one. */
  async #send(path: string, watchdog: Watchdog, body: Body | undefined): Promise<IncomingMessage> {
    const first = this.#request(path, body)
    try {
      return await this.#exchange(first, watchdog, body)
    } catch (error) {
      if (!first.reusedSocket || body !== undefined || watchdog.signal.aborted) throw error
      return this.#exchange(this.#request(path, body), watchdog, body)
    }
  }

  #request(path: string, body: Body | undefined): ClientRequest {
    const headers =
      body === undefined ? { 'content-length': 0 } : { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const settings = { method: 'POST', path: `/api/v0/${path}`, headers, agent: this.#agent }
    if ('socketPath' in this.#address) return httpRequest({ ...settings, socketPath: this.#address.socketPath })
    const { host, port, secure } = this.#address
    return (secure ? httpsRequest : httpRequest)({ ...settings, host, port })
  }

  async #exchange(request: ClientRequest, watchdog: Watchdog, body: Body | undefined): Promise<IncomingMessage> {
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', reject)
    })
    // It is awaited below, perhaps after the writing has failed for the same reason.
    answer.catch(() => {})
    // Later failures of the connection are met by whoever reads the answer.
    request.on('error', () => {})
    const { signal } = watchdog
    const abort = (): void => void request.destroy(new Error('the call was aborted', { cause: signal.reason }))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    if (body === undefined) {
      request.end()
      return answer
    }
    try {
      await upload(request, answer, watchdog, body)
    } catch (error) {
      request.destroy()
      throw error
    }
    return answer
  }
}

const boundary = 'pinmesh-7c1f5a0d4b'
const partHead = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="file"\r\ncontent-type: application/octet-stream\r\n\r\n`

/** Writes the one file of a request, at the pace of the receiver; an answer that comes before the end is a refusal. */
async function upload(
  request: ClientRequest,
  answer: Promise<IncomingMessage>,
  watchdog: Watchdog,
  body: Body
): Promise<void> {
  let ended = false
  const early = answer.then(async (message) => {
    if (ended) return
    if (message.statusCode === 200) throw new KuboError(200, 'it ended the upload early')
    throw new KuboError(message.statusCode ?? 0, await refusalIn(message))
  })
  early.catch(() => {})
  // Many blocks may wait for the same drain.
  request.setMaxListeners(0)
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    watchdog.moved()
    if (!request.write(bytes)) await Promise.race([new Promise((resolve) => request.once('drain', resolve)), early])
    // Whoever brings the bytes may take his time.
    watchdog.rest()
  }
  await write(partHead)
  await Promise.race([body(write), early])
  await write(`\r\n--${boundary}--\r\n`)
  ended = true
  watchdog.moved()
  request.end()
}

/** Resolves at the end of an answer, or when `take` gives false; what it throws ends the reading. */
async function read(answer: IncomingMessage, take: (part: Buffer) => boolean | void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const closed = (): void => {
      if (!answer.readableEnded) reject(new Error('the answer broke off'))
    }
    if (answer.destroyed) return closed()
    answer.on('error', reject)
    answer.on('end', resolve)
    answer.on('close', closed)
    answer.on('data', (part: Buffer) => {
      try {
        if (take(part) !== false) return
        resolve()
      } catch (error) {
        reject(error as Error)
      }
      answer.destroy()
    })
  })
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}

/** What a refusal says. */
async function refusalIn(answer: IncomingMessage): Promise<string> {
  let text = ''
  await read(answer, (part) => {
    text += String(part)
    return text.length <= lineBytesMax
  })
  return messageIn(text) ?? `${answer.statusCode} ${text.slice(0, 200).trim()}`
}

function messageIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'Message' in value) return String(value.Message)
  } catch {
    // Not JSON: a proxy's page, or another program.
  }
  return undefined
}

function pathOf(path: string, query: Query): string {
  const parameters: string[] = []
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as string[]) : [String(value)])
      parameters.push(`${name}=${encodeURIComponent(one)}`)
  }
  return `${path}?${parameters.join('&')}`
}
