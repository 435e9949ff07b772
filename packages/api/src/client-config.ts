// Settings of a peer elsewhere.

import type { ConfigChange, ConfigRow, MeshConfig } from './config.ts'
import type { Http } from './http.ts'

export class ClientConfig implements MeshConfig {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async ls(): Promise<ConfigRow[]> {
    return (await this.#http.json<{ settings: ConfigRow[] }>({ method: 'GET', path: '/config' })).settings
  }

  async set(name: string, texts: readonly string[]): Promise<ConfigChange> {
    return this.#http.json({ method: 'PUT', path: `/config/${encodeURIComponent(name)}` }, { value: texts })
  }

  async unset(name: string): Promise<ConfigChange> {
    return this.#http.json({ method: 'DELETE', path: `/config/${encodeURIComponent(name)}` })
  }
}
