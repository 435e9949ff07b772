// Settings of a peer elsewhere.

import type { ConfigChange, ConfigRow, MeshConfig } from './config.ts'
import type { Http } from './http.ts'
import type { CallOptions } from './mesh.ts'

export class ClientConfig implements MeshConfig {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async ls({ signal }: CallOptions = {}): Promise<ConfigRow[]> {
    return (await this.#http.json<{ settings: ConfigRow[] }>({ method: 'GET', path: '/config', signal })).settings
  }

  async set(name: string, texts: readonly string[], { signal }: CallOptions = {}): Promise<ConfigChange> {
    const call = { method: 'PUT', path: `/config/${encodeURIComponent(name)}`, signal } as const
    return this.#http.json(call, { value: texts })
  }

  async unset(name: string, { signal }: CallOptions = {}): Promise<ConfigChange> {
    return this.#http.json({ method: 'DELETE', path: `/config/${encodeURIComponent(name)}`, signal })
  }
}
