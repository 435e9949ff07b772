// The HTTP server of a running peer: where it listens, what it offers under /v1, and how it stops.

import { chmod, lstat, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { appOf } from './app.ts'
import type { MeshConfig } from './config.ts'
import { isLoopback } from './guard.ts'
import type { ApiListen } from './listen.ts'
import { MeshError } from './mesh.ts'
import type { MeshNode } from './mesh.ts'
import { OpenRequests } from './open-requests.ts'
import { type Patience, patienceDefault } from './patience.ts'
import { Refusals } from './refusals.ts'
import { addRoutes } from './routes.ts'
import type { Scope } from './scope.ts'
import { readOrMakeToken } from './token.ts'
import { Tokens } from './tokens.ts'

/** While stopping: a kept connection falls idle when its last answer ends, and would then be waited for. */
const idleCheckMs = 20

export interface ApiInit {
  /** Port 0 takes a free one. A socket is made with mode 0600. */
  listen: ApiListen
  /** Made with mode 0600 if need be. */
  tokenFile: string
  /** Where the tokens are kept that are given away. Default: tokens.json beside the token file. */
  tokensFile?: string
  /** Its settings. Default: there are no routes for them. */
  config?: MeshConfig
  /** Allow a host that other machines can reach; the token then crosses the network unencrypted. Default: false. */
  remote?: boolean
  /** How slowly a client may send. */
  patience?: Partial<Patience>
  /** How long a stop waits for requests under way, in ms. Default: 5,000. */
  stopGraceMs?: number
}

export interface Route {
  readonly method: string
  readonly url: string
  /** The least that a token must be good for. */
  readonly scope: Scope | undefined
}

export interface ApiServer {
  readonly token: string
  /** Resolves with where it listens. MESH_API_ADDRESS if it cannot. */
  start(): Promise<ApiListen>
  /** A request without a socket, for tests. */
  readonly inject: FastifyInstance['inject']
  /** What it answers to. */
  readonly routes: readonly Route[]
  /** Resolves once it has stopped, by `stop` or by a client's POST /v1/stop. */
  readonly stopped: Promise<void>
  /** Takes no new requests, ends the endless ones, gives the others their grace. Does not stop the peer. */
  stop(): Promise<void>
}

class Server implements ApiServer {
  readonly token: string
  readonly stopped: Promise<void>
  readonly inject: FastifyInstance['inject']
  readonly routes: Route[] = []
  readonly #app: FastifyInstance
  readonly #init: ApiInit
  readonly #open = new OpenRequests()
  readonly #refusals: Refusals
  readonly #done = Promise.withResolvers<void>()
  #stopping: Promise<void> | undefined

  constructor(node: MeshNode, init: ApiInit, token: string) {
    this.token = token
    this.stopped = this.#done.promise
    this.#init = init
    const tokens = new Tokens(init.tokensFile ?? join(dirname(init.tokenFile), 'tokens.json'))
    this.#refusals = new Refusals((note) => node.say(note))
    const patience = { ...patienceDefault, ...init.patience }
    this.#app = appOf({ token, tokens, patience, refusals: this.#refusals })
    this.inject = this.#app.inject.bind(this.#app)
    this.#app.addHook('onRoute', ({ method, url, config }) => {
      this.routes.push({ method: String(method), url, scope: config?.scope })
    })
    this.#app.register(
      (v1, _options, done) => {
        addRoutes(v1, { node, tokens, config: init.config, open: this.#open, stop: () => void this.stop() })
        done()
      },
      { prefix: '/v1' }
    )
  }

  async start(): Promise<ApiListen> {
    const { listen } = this.#init
    try {
      if ('host' in listen) {
        const { port } = listen
        await this.#app.listen({ port, host: listen.host === 'localhost' ? '127.0.0.1' : listen.host })
        const address = this.#app.server.address()
        return { host: listen.host, port: typeof address === 'object' && address !== null ? address.port : listen.port }
      }
      await clearSocket(listen.socketPath)
      await this.#app.listen({ path: listen.socketPath })
      await chmod(listen.socketPath, 0o600)
      return listen
    } catch (error) {
      const message = `The API cannot listen there (${error instanceof Error ? error.message : String(error)}).`
      throw new MeshError('MESH_API_ADDRESS', message, { exit: 1, remedy: 'Choose another address.', cause: error })
    }
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#open.abortEndless()
    const idle = setInterval(() => this.#app.server.closeIdleConnections(), idleCheckMs)
    const late = setTimeout(() => {
      this.#open.abortAll()
      this.#app.server.closeAllConnections()
    }, this.#init.stopGraceMs ?? 5_000)
    try {
      await this.#app.close()
    } finally {
      clearInterval(idle)
      clearTimeout(late)
      this.#refusals.stop()
      this.#done.resolve()
    }
  }
}

/** Removes a socket that a dead process left behind; one that is answered is left to fail the listening. */
async function clearSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined || !found.isSocket()) return
  const answered = await new Promise<boolean>((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
  if (!answered) await rm(path, { force: true })
}

/** Reads or makes the token; `start` opens the door. MESH_API_REMOTE for a host that others can reach, unless told. */
export async function createApiServer(node: MeshNode, init: ApiInit): Promise<ApiServer> {
  if ('host' in init.listen && !isLoopback(init.listen.host) && init.remote !== true) {
    const message = `The host ${init.listen.host} can be reached from other machines, and what passes there is not encrypted.`
    const remedy = 'Use 127.0.0.1 with a proxy that speaks TLS in front of it, or add --insecure.'
    throw new MeshError('MESH_API_REMOTE', message, { exit: 1, remedy })
  }
  return new Server(node, init, await readOrMakeToken(init.tokenFile))
}
