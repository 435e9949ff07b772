// What the owner decides, at a peer elsewhere.

import { batchMax } from './fields.ts'
import type { Http } from './http.ts'
import type {
  CallOptions,
  InvitationInfo,
  Invited,
  InviteRequest,
  LimboPin,
  MeshPolicy,
  MeshTrust,
  RootOptions,
  WriterInfo
} from './mesh.ts'

export class ClientTrust implements MeshTrust {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  async invite(request: InviteRequest = {}, options?: CallOptions): Promise<Invited> {
    return this.#post('/invites', { ...request, ...options })
  }

  async invitations({ signal }: CallOptions = {}): Promise<InvitationInfo[]> {
    return (await this.#http.json<{ invites: InvitationInfo[] }>({ method: 'GET', path: '/invites', signal })).invites
  }

  async endInvitation(which: string, options?: RootOptions): Promise<void> {
    await this.#post('/invites/end', { invite: which, ...options })
  }

  async writers({ signal }: CallOptions = {}): Promise<WriterInfo[]> {
    return (await this.#http.json<{ writers: WriterInfo[] }>({ method: 'GET', path: '/writers', signal })).writers
  }

  async addWriter(peer: string, options?: RootOptions & { mayInvite?: boolean }): Promise<{ writer: number }> {
    return this.#post('/writers', { peer, ...options })
  }

  async removeWriter(
    peer: string,
    options?: RootOptions & { adopt?: boolean }
  ): Promise<{ writer: number; adopted: number }> {
    return this.#post('/writers/remove', { peer, ...options })
  }

  limbo({ signal }: CallOptions = {}): AsyncIterable<LimboPin[]> {
    return this.#http.lines({ method: 'GET', path: '/limbo', signal })
  }

  async adoptLimbo(cids?: string[], options?: CallOptions): Promise<{ adopted: number }> {
    if (cids === undefined) return this.#post('/limbo/adopt', { ...options })
    let adopted = 0
    for (let start = 0; start < cids.length; start += batchMax) {
      const some = { cids: cids.slice(start, start + batchMax), ...options }
      adopted += (await this.#post<{ adopted: number }>('/limbo/adopt', some)).adopted
    }
    return { adopted }
  }

  async dropLimbo(peer?: string, options?: RootOptions): Promise<{ writers: number[] }> {
    return this.#post('/limbo/drop', { ...(peer === undefined ? {} : { peer }), ...options })
  }

  async vouch(peer: string, options?: RootOptions): Promise<void> {
    await this.#post('/vouch', { peer, ...options })
  }

  async withdraw(peer: string, options?: RootOptions): Promise<void> {
    await this.#post('/withdraw', { peer, ...options })
  }

  async removePeer(peer: string, options?: RootOptions): Promise<void> {
    await this.#post('/peers/remove', { peer, ...options })
  }

  async reloadRoot(options?: CallOptions): Promise<void> {
    await this.#post('/root-key/reload', { ...options })
  }

  async rotateRoot(options?: RootOptions): Promise<void> {
    await this.#post('/root-key/rotate', { ...options })
  }

  async policy({ signal }: CallOptions = {}): Promise<MeshPolicy> {
    return this.#http.json({ method: 'GET', path: '/policy', signal })
  }

  async setPolicy(change: Partial<MeshPolicy>, options?: RootOptions): Promise<MeshPolicy> {
    return this.#post('/policy', { ...change, ...options })
  }

  async #post<T>(path: string, { signal, ...body }: CallOptions & Record<string, unknown>): Promise<T> {
    return this.#http.json<T>({ method: 'POST', path, signal }, body)
  }
}
