// What the owner decides, at a peer elsewhere.

import { batchMax } from './fields.ts'
import type { Http } from './http.ts'
import type {
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

  async invite(request: InviteRequest = {}): Promise<Invited> {
    return this.#post('/invites', request)
  }

  async invitations(): Promise<InvitationInfo[]> {
    return (await this.#http.json<{ invites: InvitationInfo[] }>({ method: 'GET', path: '/invites' })).invites
  }

  async endInvitation(which: string, options?: RootOptions): Promise<void> {
    await this.#post('/invites/end', { invite: which, ...options })
  }

  async writers(): Promise<WriterInfo[]> {
    return (await this.#http.json<{ writers: WriterInfo[] }>({ method: 'GET', path: '/writers' })).writers
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

  limbo(): AsyncIterable<LimboPin[]> {
    return this.#http.lines({ method: 'GET', path: '/limbo' })
  }

  async adoptLimbo(cids?: string[]): Promise<{ adopted: number }> {
    if (cids === undefined) return this.#post('/limbo/adopt', {})
    let adopted = 0
    for (let start = 0; start < cids.length; start += batchMax)
      adopted += (await this.#post<{ adopted: number }>('/limbo/adopt', { cids: cids.slice(start, start + batchMax) }))
        .adopted
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

  async reloadRoot(): Promise<void> {
    await this.#post('/root-key/reload', {})
  }

  async rotateRoot(options?: RootOptions): Promise<void> {
    await this.#post('/root-key/rotate', { ...options })
  }

  async policy(): Promise<MeshPolicy> {
    return this.#http.json({ method: 'GET', path: '/policy' })
  }

  async setPolicy(change: Partial<MeshPolicy>, options?: RootOptions): Promise<MeshPolicy> {
    return this.#post('/policy', { ...change, ...options })
  }

  async #post<T>(path: string, body: object): Promise<T> {
    return this.#http.json<T>({ method: 'POST', path }, body)
  }
}
