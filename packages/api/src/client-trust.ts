// What the owner decides, at a peer elsewhere.

import type { Http } from './http.ts'
import type { MeshTrust } from './mesh.ts'

export class ClientTrust implements MeshTrust {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async addWriter(peer: string): Promise<{ writer: number }> {
    return this.#http.json({ method: 'POST', path: '/writers' }, { peer })
  }

  async vouch(peer: string): Promise<void> {
    await this.#http.json({ method: 'POST', path: '/vouch' }, { peer })
  }
}
