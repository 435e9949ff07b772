// Tokens of a peer elsewhere.

import type { Http } from './http.ts'
import type { CallOptions } from './mesh.ts'
import type { MeshTokens, TokenInfo, TokenRequest } from './tokens.ts'

export class ClientTokens implements MeshTokens {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async ls({ signal }: CallOptions = {}): Promise<TokenInfo[]> {
    return (await this.#http.json<{ tokens: TokenInfo[] }>({ method: 'GET', path: '/tokens', signal })).tokens
  }

  async make(request: TokenRequest, { signal }: CallOptions = {}): Promise<TokenInfo & { token: string }> {
    return this.#http.json({ method: 'POST', path: '/tokens', signal }, request)
  }

  async rm(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.json({ method: 'DELETE', path: `/tokens/${encodeURIComponent(name)}`, signal })
  }
}
