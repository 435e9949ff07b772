// The programming API of trust: who may write, who is trusted, what the mesh's policy is. What changes it is one operation
// signed by the root key, so it needs that key on this peer (MESH_NO_ROOT_KEY), and first compares the key log with another
// member's (MESH_NO_MEMBER).

import type { CallOptions } from './mesh-call.ts'

export interface RootOptions extends CallOptions {
  /** Sign even where no other member can be asked whether the root key has signed elsewhere, or the peer is not known here. */
  anyway?: boolean
}

export interface WriterInfo {
  peer: string
  /** Its 32-bit client id in the logs. */
  writer: number
  mayInvite: boolean
  /** What it wrote is void. */
  removed: boolean
}

export interface MeshPolicy {
  /** Who becomes a member: anybody, or who was vouched for or invited. */
  admission: 'open' | 'invite'
  /** Copies of a pin that does not say; 0 = on every peer. */
  replicas: number
  /** Of these, at least so many on trusted peers. */
  trustedMin: number
  /** The timings. A running peer goes on with those that it was started with. */
  profile: 'lan' | 'wan' | 'test' | 'simulated'
  /** Work of a newcomer to an open mesh, in bits. */
  workBits: number
  /** The lowest version of the protocol that is served. */
  protocolMin: number
}

export interface InviteRequest {
  /** Whoever uses it may change the pinset too. Default: false. */
  writer?: boolean
  /** How many peers may use it. Default: 1. */
  uses?: number
  /** From now until it is over. Default: 7 days. */
  validMs?: number
}

export interface Invited {
  /** One word to hand over; whoever has it may use it. */
  invite: string
  id: string
  writer: boolean
  uses: number
  /** Wall ms. */
  until: number
}

export interface InvitationInfo {
  id: string
  writer: boolean
  uses: number
  /** Peers that were admitted by it. */
  usedBy: string[]
  /** Wall ms. */
  until: number
  /** It was made on this peer. */
  made: boolean
  state: 'open' | 'used' | 'expired' | 'ended'
}

/** A pin that lost its standing with its writer. */
export interface LimboPin {
  cid: string
  name?: string
  /** Copies it asked for; 0 = on every peer. */
  want: number
  /** The writer that was removed. */
  writer: string
  /** Its content is on this peer. */
  held: boolean
  /** Wall ms until which it is kept here. */
  keptUntil?: number
}

export interface MeshTrust {
  /** Signs an invitation, by the root key or as a writer that may invite (MESH_MAY_NOT_INVITE). */
  invite(request?: InviteRequest, options?: CallOptions): Promise<Invited>
  /** Those made here, and those of which a use was heard. */
  invitations(options?: CallOptions): Promise<InvitationInfo[]>
  /** Nobody uses it any more. By its id, or the word itself. */
  endInvitation(which: string, options?: RootOptions): Promise<void>

  /** Also those that were removed. */
  writers(options?: CallOptions): Promise<WriterInfo[]>
  /** Lets a peer change the pinset. Resolves with its 32-bit client id. */
  addWriter(peer: string, options?: RootOptions & { mayInvite?: boolean }): Promise<{ writer: number }>
  /**
   * Voids all that it ever wrote. With `adopt` what stands by it alone is first written again by this peer, which has to be a
   * writer; resolves with how many wishes that were. What is not adopted goes to limbo.
   */
  removeWriter(peer: string, options?: RootOptions & { adopt?: boolean }): Promise<{ writer: number; adopted: number }>

  /** Admits a peer, or trusts one that is a volunteer. */
  vouch(peer: string, options?: RootOptions): Promise<void>
  /** Takes that back: in an open mesh it is a volunteer then, in another no member. MESH_UNKNOWN_PEER. */
  withdraw(peer: string, options?: RootOptions): Promise<void>
  /** Out of the mesh, whatever its admission: its copies count for nothing. MESH_UNKNOWN_PEER. */
  removePeer(peer: string, options?: RootOptions): Promise<void>

  /** Pins of removed writers that nobody else wants, in chunks: kept for a while, counted, not repaired. */
  limbo(options?: CallOptions): AsyncIterable<LimboPin[]>
  /** Writes them again, these or all, as this peer's own (MESH_NOT_A_WRITER). */
  adoptLimbo(cids?: string[], options?: CallOptions): Promise<{ adopted: number }>
  /** Nothing is kept any more of what this peer wrote, or any removed writer. Resolves with the writers that it was about. */
  dropLimbo(peer?: string, options?: RootOptions): Promise<{ writers: number[] }>

  /** Takes up the root key that was put into the home (`importRoot`). MESH_NO_ROOT_KEY, MESH_ROOT_OLD. */
  reloadRoot(options?: CallOptions): Promise<void>

  /**
   * A new root key takes the place of the old one, here; nobody signs with the old one any more, and open invitations end. Other
   * machines and backups need the new one (`exportRoot`).
   */
  rotateRoot(options?: RootOptions): Promise<void>

  policy(options?: CallOptions): Promise<MeshPolicy>
  /** Resolves with the whole as it is then. */
  setPolicy(change: Partial<MeshPolicy>, options?: RootOptions): Promise<MeshPolicy>
}
