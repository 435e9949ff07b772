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

  /** The one JSON value of an answer. */
  async value(path: string, query: Query, options: CallOptions): Promise<unknown> {
    return JSON.parse(Buffer.from(await this.bytes(path, query, options)).toString())
  }

  async bytes(path: string, query: Query, options: CallOptions): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of this.#answer(path, query, options)) {
      size += part.length
      if (size > answerBytesMax)
        throw new ContentError('bad-dag', `Kubo gave more than ${answerBytesMax} bytes at once`)
      parts.push(part)
    }
    return new Uint8Array(Buffer.concat(parts))
  }

  /** The JSON values of an answer, as they come. */
  async *values(path: string, query: Query, options: CallOptions & { body?: Body }): AsyncGenerator<unknown> {
    let rest = Buffer.alloc(0)
    for await (const part of this.#answer(path, query, options)) {
      rest = Buffer.concat([rest, part])
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        const line = rest.subarray(0, end).toString().trim()
        rest = rest.subarray(end + 1)
        if (line !== '') yield JSON.parse(line)
      }
      if (rest.length > lineBytesMax) throw new KuboError(200, 'a line of the answer never ends')
    }
    const last = rest.toString().trim()
    if (last !== '') yield JSON.parse(last)
  }

  async *#answer(
    path: string,
    query: Query,
    { signal, answerMs = this.#answerMs, body }: CallOptions & { body?: Body }
  ): AsyncGenerator<Buffer> {
    const failure = (): ContentError => new ContentError('back-end', `Kubo said nothing for ${answerMs} ms`)
    const watchdog = new Watchdog({ ms: answerMs, outer: signal, failure })
    try {
      const answer = await this.#send(pathOf(path, query), watchdog, body)
      if (answer.statusCode !== 200) throw await refusal(answer)
      for await (const part of answer) {
        watchdog.moved()
        yield part as Buffer
      }
      const said = answer.trailers['x-stream-error']
      if (said !== undefined) throw new KuboError(200, said)
    } catch (error) {
      throw watchdog.reasonFor(error)
    } finally {
      watchdog.rest()
    }
  }

  /** A connection that Kubo closed while it lay idle fails at once, and once more is tried on a new one. */
  async #send(path: string, watchdog: Watchdog, body: Body | undefined): Promise<IncomingMessage> {
    const first = this.#request(path, watchdog.signal, body)
    try {
      return await this.#exchange(first, watchdog, body)
    } catch (error) {
      if (!first.reusedSocket || body !== undefined || watchdog.signal.aborted) throw error
      return this.#exchange(this.#request(path, watchdog.signal, body), watchdog, body)
    }
  }

  #request(path: string, signal: AbortSignal, body: Body | undefined): ClientRequest {
    const headers =
      body === undefined ? { 'content-length': 0 } : { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const settings = { method: 'POST', path: `/api/v0/${path}`, headers, signal, agent: this.#agent }
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
    throw message.statusCode === 200 ? new KuboError(200, 'it ended the upload early') : await refusal(message)
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

async function refusal(answer: IncomingMessage): Promise<KuboError> {
  let text = ''
  for await (const part of answer) {
    text += String(part)
    if (text.length > lineBytesMax) break
  }
  return new KuboError(answer.statusCode ?? 0, messageIn(text) ?? `${answer.statusCode} ${text.slice(0, 200).trim()}`)
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
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as string[]) : [String(value)]) parameters.append(name, one)
  }
  return `${path}?${parameters}`
}
