/**
 * What the core tells a person who asks: plain values, ready for JSON.
 */
import type { PinState } from './formats/claim.ts'

export interface PinAnswer {
  readonly cid: string
  /** copies wanted as of now; of a pin wanted everywhere, the peers that could hold it now */
  readonly want: number
  readonly min: number
  /** wanted on every peer */
  readonly everywhere?: boolean
  readonly slot?: string
}

export interface UnpinAnswer {
  readonly cid: string
  /** slots that still want it, '' for the request without one */
  readonly slots?: readonly string[]
}

/** What is tried again. */
export interface RetryAnswer {
  readonly cid: string
  /** it had failed here and is tried now */
  readonly here: boolean
  /** others that say they have failed */
  readonly failed: number
  /** they were asked to try now */
  readonly asked: boolean
}

export interface PeerReport {
  readonly peer: string
  readonly state: PinState
  /** wall ms of the last change that was seen */
  readonly since: number
  readonly reason?: string
  /** it is among those that should hold the pin */
  readonly target: boolean
}

export interface PinReport {
  readonly cid: string
  readonly name?: string
  /** copies wanted as of now; of a pin wanted everywhere, the peers that should hold it now */
  readonly want: number
  readonly min: number
  /** wanted on every peer */
  readonly everywhere?: boolean
  /** the slots that want it where one has a name, '' for the request without one */
  readonly slots?: readonly string[]
  /** copies on peers that are not down */
  readonly have: number
  /** copies on trusted peers, where these are fewer than wanted */
  readonly trusted?: { readonly have: number; readonly want: number }
  readonly peers: readonly PeerReport[]
  /** seconds since 1970, of the request that lapses last */
  readonly expiry?: number
  /** every request for it has lapsed */
  readonly expired?: boolean
  readonly limbo: boolean
}

/** One pin that a leaving peer cannot let go yet. */
export interface HeldPin {
  readonly cid: string
  readonly name?: string
  /** copies wanted */
  readonly want: number
  /** copies on others that stay */
  readonly copies: number
  /** others that have promised to keep theirs */
  readonly witnesses: number
}

/** How far a leaving peer is. */
export interface LeaveReport {
  /** everything has been looked at since the start: only then the numbers are whole */
  readonly ready: boolean
  /** pins that are still kept here for the mesh */
  readonly held: number
  /** of these: enough others have promised theirs, only this peer's own promise has to run out */
  readonly handedOn: number
  /** of these: nobody is left who could take over */
  readonly stuck: number
  /** wall ms at which the last promise of this peer runs out, 0 if it has made none */
  readonly promisedUntil: number
  /** those that are not handed on, at most 1,000 of them */
  readonly pins: readonly HeldPin[]
}

/** A pin that lost its standing with its writer. */
export interface LimboReport {
  readonly cid: string
  readonly name?: string
  /** copies it asked for; 0 = everywhere */
  readonly want: number
  /** peer of the writer that was removed */
  readonly writer: string
  /** its content is here */
  readonly held: boolean
  /** wall ms until which it is kept here without a wish */
  readonly keptUntil?: number
}

export interface InvitationReport {
  /** hex of its one-time public key */
  readonly key: string
  readonly role: 'trusted' | 'writer'
  readonly uses: number
  /** seconds since 1970 */
  readonly until: number
  /** peers admitted by it */
  readonly usedBy: readonly string[]
  /** it was made on this peer */
  readonly made: boolean
  readonly state: 'open' | 'used' | 'expired' | 'ended'
}

export interface MemberReport {
  readonly peer: string
  readonly self: boolean
  readonly state: 'alive' | 'suspect' | 'down' | 'unheard'
  /** wall ms */
  readonly since: number
  readonly trusted: boolean
  readonly writer: boolean
  /** it hands its duties on */
  readonly leaving: boolean
  /** how far its clock is ahead of mine, ms; where it was heard and that is more than clocks may differ */
  readonly clockAheadMs?: number
  readonly store: string
  /** share of its budget that is free, 0..1, where it has told */
  readonly free?: number
  readonly version: string
  readonly ipfsPeer: string
  readonly addresses: readonly string[]
}

/** What emptying the trash came to. Bytes are those of whole pins; several may share blocks. */
export interface EmptiedReport {
  readonly pins: number
  readonly bytes: number
  /** what stays, by the reason; `until`: wall ms at which the last of it may go, where that is known */
  readonly stays: readonly {
    readonly why: 'promised' | 'trash-time' | 'out-of-step' | 'failed'
    readonly pins: number
    readonly bytes: number
    readonly until?: number
  }[]
}
