// Tokens of a peer elsewhere.

import type { Http } from './http.ts'
import type { MeshTokens, TokenInfo, TokenRequest } from './tokens.ts'

export class ClientTokens implements MeshTokens {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async ls(): Promise<TokenInfo[]> {
    return (await this.#http.json<{ tokens: TokenInfo[] }>({ method: 'GET', path: '/tokens' })).tokens
  }

  async make(request: TokenRequest): Promise<TokenInfo & { token: string }> {
    return this.#http.json({ method: 'POST', path: '/tokens' }, request)
  }

  async rm(name: string): Promise<void> {
    await this.#http.json({ method: 'DELETE', path: `/tokens/${encodeURIComponent(name)}` })
  }
}
