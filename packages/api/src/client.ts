// @pinmesh/api/client: a running peer's programming interface over HTTP: the same methods as MeshNode, the same errors.
//
//   const client = createApiClient({ listen: { host: '127.0.0.1', port: 4720 }, token: (await readToken(file))! })
//   await client.pins.add([{ cid, replicas: 3 }])
//   client.close()
//
// Streams are read as they are consumed, and leaving a loop early hangs up. An aborted call rejects with the signal's
// reason. MESH_NOT_RUNNING: nothing answers there. MESH_API_GONE: the peer hung up in the middle.
// MESH_API_UNREACHABLE: there is no way to that machine.

import { ClientConfig } from './client-config.ts'
import { ClientContent } from './client-content.ts'
import { ClientPins } from './client-pins.ts'
import { ClientTokens } from './client-tokens.ts'
import { ClientTrust } from './client-trust.ts'
import type { MeshConfig } from './config.ts'
import { Http } from './http.ts'
import { flat } from './lines-read.ts'
import type { ApiAddress } from './listen.ts'
import type { MeshTokens } from './tokens.ts'
import type {
  CallOptions,
  LeaveOptions,
  LeaveStep,
  MeshContent,
  MeshNode,
  MeshPins,
  MeshTrust,
  NodeInfo,
  Note,
  PeerInfo
} from './mesh.ts'

export type { ApiAddress, ApiListen } from './listen.ts'
export { MeshError } from './mesh.ts'
export type { ConfigChange, ConfigRow, MeshConfig } from './config.ts'
export { readToken, tokenForm } from './token.ts'
export type { MeshTokens, TokenInfo, TokenRequest } from './tokens.ts'

/** A MeshNode elsewhere: what is at hand there must be asked for here. */
export interface ApiClient extends Omit<MeshNode, 'info' | 'peers' | 'left' | 'say'> {
  info(options?: CallOptions): Promise<NodeInfo>
  peers(options?: CallOptions): Promise<PeerInfo[]>
  /** Those that were given away; the one of the home is not among them. */
  readonly tokens: MeshTokens
  readonly config: MeshConfig
  /** Resolves once the peer has stopped. */
  stop(): Promise<void>
  /** Closes the kept connections; a program that does not call it still ends. */
  close(): void
}

class Client implements ApiClient {
  readonly pins: MeshPins
  readonly content: MeshContent
  readonly trust: MeshTrust
  readonly tokens: MeshTokens
  readonly config: MeshConfig
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
    this.pins = new ClientPins(http)
    this.content = new ClientContent(http)
    this.trust = new ClientTrust(http)
    this.tokens = new ClientTokens(http)
    this.config = new ClientConfig(http)
  }

  async info({ signal }: CallOptions = {}): Promise<NodeInfo> {
    return this.#http.json({ method: 'GET', path: '/id', signal })
  }

  async peers({ signal }: CallOptions = {}): Promise<PeerInfo[]> {
    return (await this.#http.json<{ peers: PeerInfo[] }>({ method: 'GET', path: '/peers', signal })).peers
  }

  notes({ signal }: CallOptions = {}): AsyncIterable<Note> {
    return flat(this.#http.lines<Note>({ method: 'GET', path: '/notes', signal }))
  }

  async setSpace(bytes?: number, options?: CallOptions): Promise<number> {
    const change =
      bytes === undefined ? this.config.unset('space', options) : this.config.set('space', [String(bytes)], options)
    return Number((await change).value)
  }

  leave({ force = false, signal }: LeaveOptions = {}): AsyncIterable<LeaveStep> {
    return flat(this.#http.lines<LeaveStep>({ method: 'POST', path: '/leave', signal }, { force }))
  }

  async stay({ signal }: CallOptions = {}): Promise<void> {
    await this.#http.json({ method: 'POST', path: '/stay', signal })
  }

  async stop(): Promise<void> {
    await this.#http.json({ method: 'POST', path: '/stop' })
  }

  close(): void {
    this.#http.close()
  }
}

export interface ApiClientInit {
  listen: ApiAddress
  token: string
  /** Ends every call of this client, besides a signal that the call has of its own. */
  signal?: AbortSignal
}

export function createApiClient({ listen, token, signal }: ApiClientInit): ApiClient {
  return new Client(new Http(listen, token, signal))
}
