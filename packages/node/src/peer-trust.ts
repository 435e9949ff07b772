/**
 * What the owner of the mesh decides: each is one signed operation of the key log.
 */
import { fromHex, type Reply, type TrustChange, withPeer } from '@pinmesh/core'
import { bareCid, failureOf } from './answers.ts'
import { idChars, idOf, newOneTimeKey, readInvite, writeInvite } from './invite.ts'
import { openWorkBits } from './join.ts'
import { MeshError } from './mesh-error.ts'
import type { CallOptions } from './mesh-call.ts'
import type {
  InvitationInfo,
  Invited,
  InviteRequest,
  LimboPin,
  MeshPolicy,
  MeshTrust,
  RootOptions,
  WriterInfo
} from './mesh-trust.ts'
import type { PeerParts } from './peer.ts'
import { abortable } from './pause.ts'
import { reachable } from './shell.ts'

const inviteValidMs: number = 7 * 24 * 3_600_000
/** Each makes the word longer by about a hundred characters. */
const addressesMax = 4
const ownAddressesMax = 2
const addressCharsMax = 128

export class PeerTrust implements MeshTrust {
  readonly #parts: PeerParts
  #rotating = false

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  async invite(
    { writer = false, uses = 1, validMs = inviteValidMs }: InviteRequest = {},
    { signal }: CallOptions = {}
  ): Promise<Invited> {
    const { core, shell } = this.#parts
    const { secret, key } = newOneTimeKey()
    const until = Math.ceil((Date.now() + validMs) / 1000)
    const terms = { role: writer ? 'writer' : 'trusted', uses, until, key } as const
    const reply = await shell.command({ do: 'invite', terms }, signal)
    if (reply.of !== 'invite') throw failureOf(reply)
    const { grant } = reply
    const invite = writeInvite({ meshId: core.meshId, secret, addresses: this.#callable(), grant })
    return { invite, id: idOf(grant), writer, uses, until: until * 1000 }
  }

  async invitations({ signal }: CallOptions = {}): Promise<InvitationInfo[]> {
    signal?.throwIfAborted()
    return this.#parts.core.invitations().map(({ key, role, uses, usedBy, until, made, state }) => ({
      id: key.slice(0, idChars),
      writer: role === 'writer',
      uses,
      usedBy: [...usedBy],
      until: until * 1000,
      made,
      state
    }))
  }

  async endInvitation(which: string, options?: RootOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    await this.#change({ kind: 'revoke-invite', key: this.#keyOf(which) }, options)
  }

  async writers({ signal }: CallOptions = {}): Promise<WriterInfo[]> {
    signal?.throwIfAborted()
    return [...this.#parts.core.writers()].map(({ id, peer, mayInvite, removed }) => ({
      peer,
      writer: id,
      mayInvite,
      removed
    }))
  }

  async addWriter(peer: string, options: RootOptions & { mayInvite?: boolean } = {}): Promise<{ writer: number }> {
    const { writer } = await this.#change({ kind: 'add-writer', peer, mayInvite: options.mayInvite === true }, options)
    return { writer }
  }

  async removeWriter(
    peer: string,
    options: RootOptions & { adopt?: boolean } = {}
  ): Promise<{ writer: number; adopted: number }> {
    return this.#change({ kind: 'remove-writer', peer }, options)
  }

  async *limbo({ signal }: CallOptions = {}): AsyncIterable<LimboPin[]> {
    for (let from: number | undefined = 0; from !== undefined;) {
      const reply: Reply = await this.#parts.shell.command({ do: 'limbo', from }, signal)
      if (reply.of !== 'limbo') throw failureOf(reply)
      if (reply.pins.length > 0) yield reply.pins.map((pin) => ({ ...pin }))
      from = reply.next
    }
  }

  async adoptLimbo(cids?: string[], { signal }: CallOptions = {}): Promise<{ adopted: number }> {
    const which = cids === undefined ? {} : { cids: cids.map(bareCid) }
    const reply = await this.#parts.shell.command({ do: 'adopt-limbo', ...which }, signal)
    if (reply.of !== 'adopted') throw failureOf(reply)
    return { adopted: reply.adopted }
  }

  async dropLimbo(peer?: string, options?: RootOptions): Promise<{ writers: number[] }> {
    options?.signal?.throwIfAborted()
    const gone = [...this.#parts.core.writers()].filter(({ removed, dropped }) => removed && !dropped)
    const writers = gone.filter((writer) => peer === undefined || writer.peer === peer).map(({ id }) => id)
    if (peer !== undefined && writers.length === 0)
      throw new MeshError('MESH_UNKNOWN_WRITER', `${peer} is no writer whose pins are in limbo.`, {
        exit: 1,
        remedy: 'See `mesh limbo ls`.'
      })
    for (const writer of writers) await this.#change({ kind: 'drop-limbo', writer }, options)
    return { writers }
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

  async reloadRoot({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (!(await this.#parts.root.reload())) {
      throw new MeshError('MESH_NO_ROOT_KEY', 'There is no root key in the home of this peer.', {
        remedy: 'Bring it there with `mesh root import`.'
      })
    }
    if (this.#parts.core.hasRoot) return
    throw new MeshError('MESH_ROOT_OLD', 'That is no longer the root key of the mesh.', {
      remedy: 'Export it anew where the root key is, and remove this one.'
    })
  }

  /** Once begun it goes on to its end, whoever waits: a key that was signed in has to be put in its place. */
  async rotateRoot({ signal, ...options }: RootOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    await abortable(this.#rotate(options), signal)
  }

  async #rotate(options: RootOptions): Promise<void> {
    const { core, root } = this.#parts
    if (this.#rotating)
      throw new MeshError('MESH_BUSY', 'The root key is being changed already.', { remedy: 'Try again in a moment.' })
    this.#rotating = true
    try {
      // Without the key in force nothing would be signed, and a next key that waits to be put in its place must stay.
      const key = core.hasRoot ? await root.next() : new Uint8Array(32)
      await this.#change({ kind: 'rotate-root', key }, options)
      await root.promote()
    } finally {
      this.#rotating = false
    }
  }

  async policy({ signal }: CallOptions = {}): Promise<MeshPolicy> {
    signal?.throwIfAborted()
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

  #keyOf(which: string): Uint8Array {
    if (which.length > idChars) return readInvite(which).grant.key
    const known = this.#parts.core.invitations().find(({ key }) => key.startsWith(which))
    if (known !== undefined && which.length === idChars) return fromHex(known.key)
    throw new MeshError('MESH_INVITE_UNKNOWN', 'No invitation with that id is known here.', {
      exit: 1,
      remedy: 'See `mesh invite ls` where it was made, or give the invitation itself.'
    })
  }

  /** Where a newcomer may call: here, and at others that can admit it. */
  #callable(): string[] {
    const { core, transport } = this.#parts
    const own = reachable(transport.addresses()).slice(0, ownAddressesMax)
    const others = core
      .members()
      .filter(({ self, trusted, state }) => !self && trusted && state === 'alive')
      .flatMap(({ peer, addresses }) => addresses.slice(0, 1).map((one) => withPeer(one, peer)))
    return [...new Set([...own, ...others])].filter((one) => one.length <= addressCharsMax).slice(0, addressesMax)
  }

  async #change(
    change: TrustChange,
    { anyway = false, adopt = false, signal }: RootOptions & { adopt?: boolean } = {}
  ): Promise<{ writer: number; adopted: number }> {
    const reply = await this.#parts.shell.command({ do: 'change-trust', change, anyway, adopt }, signal)
    if (reply.of !== 'change-trust') throw failureOf(reply)
    return { writer: reply.writer ?? 0, adopted: reply.adopted ?? 0 }
  }
}
