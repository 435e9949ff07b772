// The client's side of the wire: requests over a few kept connections, JSON in and out, lines as they come. By
// node:http, since a command's start-up is mostly what it imports.

import { Agent, request } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type https from 'node:https'
import { createRequire } from 'node:module'
import type { ApiAddress, ApiListen } from './listen.ts'
import { MeshError } from './mesh.ts'
import { meshErrorOf, problemIn } from './problem.ts'

const connectionsMax = 64
const answerCharsMax: number = 16 << 20
const lineCharsMax: number = 4 << 20
/** No way to that host, or one that ends at a certificate that is not trusted. */
const unreachable =
  /^(?:ENOTFOUND|EAI_\w+|E(?:HOST|NET)UNREACH|ETIMEDOUT|EPROTO|ERR_(?:TLS|SSL)_\w+|CERT_\w+|\w+_CERT\w*|\w+_SIGNATURE)$/

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /v1, with its query. */
  path: string
  signal?: AbortSignal | undefined
}

export class Http {
  readonly #agent: Agent
  readonly #request: typeof request
  readonly #to: RequestOptions
  readonly #prefix: string
  readonly #token: string
  readonly #signal: AbortSignal | undefined

  /** `signal` ends every call. */
  constructor(at: ApiAddress, token: string, signal?: AbortSignal) {
    const url = 'url' in at ? new URL(at.url) : undefined
    const secure = url?.protocol === 'https:'
    const pool = { keepAlive: true, maxSockets: connectionsMax }
    const { Agent: AgentOf, request: requestBy } = secure ? tls() : { Agent, request }
    this.#agent = new AgentOf(pool)
    this.#request = requestBy
    this.#to = url === undefined ? (at as ApiListen) : { host: bare(url.hostname), port: url.port }
    this.#prefix = url?.pathname.replace(/\/+$/, '') ?? ''
    this.#token = token
    this.#signal = signal
  }

  /** What ends a call that has this signal of its own. */
  signalOf(signal?: AbortSignal): AbortSignal | undefined {
    if (signal === undefined || this.#signal === undefined) return signal ?? this.#signal
    return AbortSignal.any([signal, this.#signal])
  }

  /** One object for one object. */
  async json<T>(call: Call, body?: object): Promise<T> {
    const signal = this.signalOf(call.signal)
    const answer = await this.#send({ ...call, signal }, body)
    try {
      return objectIn<T>(await textOf(answer, answerCharsMax))
    } catch (error) {
      throw connectionError(error, signal)
    }
  }

  /** The lines of an answer, in the groups in which they arrive. Leaving early hangs up. */
  async *lines<T extends object>(call: Call, body?: object): AsyncGenerator<T[], void, undefined> {
    const signal = this.signalOf(call.signal)
    yield* linesOf<T>(await this.#send({ ...call, signal }, body), signal)
  }

  /** The bytes of an answer, as they arrive. Leaving early hangs up. */
  async *bytes(call: Call): AsyncGenerator<Uint8Array, void, undefined> {
    const signal = this.signalOf(call.signal)
    const answer = await this.#send({ ...call, signal })
    try {
      yield* answer as AsyncIterable<Uint8Array>
    } catch (error) {
      throw connectionError(error, signal)
    } finally {
      answer.destroy()
    }
  }

  /** A request to be written by the caller, and its answer, the status not checked. Its signal is that of `signalOf`. */
  open(call: Call, contentType: string): { sent: ClientRequest; answered: Promise<IncomingMessage> } {
    return this.#start(call, { 'content-type': contentType })
  }

  close(): void {
    this.#agent.destroy()
  }

  async #send(call: Call, body?: object, again = false): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const headers = text && { 'content-type': 'application/json', 'content-length': text.length }
    const { sent, answered } = this.#start(call, headers ?? {})
    sent.end(text)
    try {
      const answer = await answered
      if (answer.statusCode !== 200) throw await failureOf(answer)
      return answer
    } catch (error) {
      // A kept connection may be closed by the server just as it is used again; only what changes nothing is repeated.
      const closed = sent.reusedSocket && codeOf(error) === 'ECONNRESET' && call.method === 'GET' && !again
      if (closed) return this.#send(call, body, true)
      throw connectionError(error, call.signal)
    }
  }

  #start(
    call: Call,
    headers: Record<string, string | number>
  ): { sent: ClientRequest; answered: Promise<IncomingMessage> } {
    const sent = this.#request({
      ...this.#to,
      agent: this.#agent,
      method: call.method,
      path: `${this.#prefix}/v1${call.path}`,
      headers: { authorization: `Bearer ${this.#token}`, ...headers },
      ...(call.signal === undefined ? {} : { signal: call.signal })
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve)
      sent.on('error', reject) // for good: a late error must find a listener
    })
    return { sent, answered }
  }
}

/** Lines of JSON in the groups in which they arrive; throws what a last { error } says. */
export async function* linesOf<T extends object>(
  answer: IncomingMessage,
  signal?: AbortSignal
): AsyncGenerator<T[], void, undefined> {
  let rest = ''
  answer.setEncoding('utf8')
  try {
    for await (const text of answer as AsyncIterable<string>) {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      if (rest.length > lineCharsMax) throw new MeshError('MESH_API_ANSWER', 'The peer sent too long a line.')
      const objects = lines.map((line) => objectIn<T>(line))
      const last = objects.at(-1)
      const problem = last && problemIn(last)
      if (problem !== undefined) objects.pop()
      if (objects.length > 0) yield objects
      if (problem !== undefined) throw problem
    }
    if (rest !== '') throw notOurs('what it says is no line of JSON')
  } catch (error) {
    throw connectionError(error, signal)
  } finally {
    answer.destroy()
  }
}

/** What an answer other than 200 says. */
export async function failureOf(answer: IncomingMessage): Promise<MeshError> {
  const text = await textOf(answer, answerCharsMax)
  try {
    const problem = problemIn(JSON.parse(text))
    if (problem !== undefined) return problem
  } catch {
    // not ours: fall through
  }
  const { statusCode = 0 } = answer
  if (statusCode < 502 || statusCode > 504) return notOurs(`status ${statusCode}`)
  return new MeshError('MESH_API_ANSWER', `A proxy answers there, but no peer behind it (status ${statusCode}).`, {
    remedy: 'See that the peer runs, and that the proxy passes on to its API.'
  })
}

/** MESH_API_ANSWER, where it is something else. */
function objectIn<T>(text: string): T {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as T
  } catch {
    // told below
  }
  throw notOurs('what it says is no JSON')
}

function notOurs(why: string): MeshError {
  return new MeshError('MESH_API_ANSWER', `What answers there is no peer of pinmesh (${why}).`, {
    remedy: 'Check the address, and what listens there.'
  })
}

/** A failed connection as a MeshError; an abort as its reason. */
export function connectionError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason
  const code = codeOf(error)
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    return new MeshError('MESH_NOT_RUNNING', 'No peer is running there.', { remedy: 'Start one.', cause: error })
  }
  if (typeof code === 'string' && unreachable.test(code)) {
    return new MeshError('MESH_API_UNREACHABLE', `The peer's API cannot be reached (${code}).`, {
      remedy: 'Check the address and the network; a certificate of your own is trusted by NODE_EXTRA_CA_CERTS.',
      cause: error
    })
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new MeshError('MESH_API_GONE', 'The peer hung up in the middle.', {
      exit: 3,
      remedy: 'Look whether it runs.',
      cause: error
    })
  }
  return meshErrorOf(error)
}

/** Loaded only where it is needed: TLS costs a command a third of its start. A module of Node is the same from everywhere. */
function tls(): typeof https {
  return createRequire(process.execPath)('node:https') as typeof https
}

/** An IPv6 host stands in brackets in an address, and without for a socket. */
function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

async function textOf(answer: IncomingMessage, charsMax: number): Promise<string> {
  let text = ''
  answer.setEncoding('utf8')
  for await (const piece of answer as AsyncIterable<string>) {
    text += piece
    if (text.length > charsMax) throw new MeshError('MESH_API_ANSWER', 'The peer sent too long an answer.')
  }
  return text
}
