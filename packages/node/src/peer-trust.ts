/**
 * What the owner of the mesh decides: each is one signed operation of the key log.
 */
import { failureOf } from './answers.ts'
import type { MeshTrust } from './mesh-trust.ts'
import type { PeerParts } from './peer.ts'

export class PeerTrust implements MeshTrust {
  readonly #parts: PeerParts

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  async addWriter(peer: string): Promise<{ writer: number }> {
    const reply = await this.#parts.shell.command({ do: 'change-trust', change: { kind: 'add-writer', peer } })
    if (reply.of !== 'change-trust') throw failureOf(reply)
    return { writer: reply.writer ?? 0 }
  }

  async vouch(peer: string): Promise<void> {
    const reply = await this.#parts.shell.command({ do: 'change-trust', change: { kind: 'vouch', peer } })
    if (reply.of !== 'change-trust') throw failureOf(reply)
  }
}
