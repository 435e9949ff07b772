/**
 * What the owner of the mesh decides: each is one signed operation of the key log.
 */
import type { TrustChange } from '@pinmesh/core'
import { failureOf } from './answers.ts'
import { openWorkBits } from './join.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshPolicy, MeshTrust, RootOptions, WriterInfo } from './mesh-trust.ts'
import type { PeerParts } from './peer.ts'

export class PeerTrust implements MeshTrust {
  readonly #parts: PeerParts

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  async writers(): Promise<WriterInfo[]> {
    return [...this.#parts.core.writers()].map(({ id, peer, mayInvite, removed }) => ({
      peer,
      writer: id,
      mayInvite,
      removed
    }))
  }

  async addWriter(peer: string, options: RootOptions & { mayInvite?: boolean } = {}): Promise<{ writer: number }> {
    return this.#change({ kind: 'add-writer', peer, mayInvite: options.mayInvite === true }, options)
  }

  async removeWriter(peer: string, options?: RootOptions): Promise<{ writer: number }> {
    return this.#change({ kind: 'remove-writer', peer }, options)
  }

  async vouch(peer: string, options?: RootOptions): Promise<void> {
    await this.#change({ kind: 'vouch', peer }, options)
  }

  async withdraw(peer: string, options?: RootOptions): Promise<void> {
    await this.#change({ kind: 'withdraw', peer }, options)
  }

  async removePeer(peer: string, options?: RootOptions): Promise<void> {
    await this.#change({ kind: 'remove-peer', peer }, options)
  }

  async policy(): Promise<MeshPolicy> {
    const { policy } = this.#parts.core
    if (policy !== undefined) return { ...policy }
    throw new MeshError('MESH_BAD_POLICY', 'The policy of the mesh is not known here yet.', {
      remedy: 'Wait until this peer has heard of the others.'
    })
  }

  async setPolicy(change: Partial<MeshPolicy>, options?: RootOptions): Promise<MeshPolicy> {
    // A mesh that opens asks newcomers for work, or identities would cost nothing.
    const opens = change.admission === 'open' && this.#parts.core.policy?.workBits === 0
    const policy = opens ? { workBits: openWorkBits, ...change } : change
    await this.#change({ kind: 'policy', policy }, options)
    return this.policy()
  }

  async #change(change: TrustChange, options: RootOptions = {}): Promise<{ writer: number }> {
    const { shell } = this.#parts
    const reply = await shell.command({ do: 'change-trust', change, anyway: options.anyway === true })
    if (reply.of !== 'change-trust') throw failureOf(reply)
    return { writer: reply.writer ?? 0 }
  }
}
