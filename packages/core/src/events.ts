/**
 * What may happen to a peer, as the core hears it: one union, in the past tense.
 * Times come beside an event (`step(event, now)`), never inside it. Outside failures are events with a code.
 */
import type { Beat } from './formats/beat.ts'
import type { KeyChange, Policy } from './formats/key-op.ts'
import type { PinMode } from './formats/register.ts'
import type { InviteTerms } from './trust/invitations.ts'

/** Both clocks of one instant, in milliseconds: delays go by `mono`, promises and expiry by `wall`. */
export interface Now {
  readonly mono: number
  readonly wall: number
}

export type StoreState = Beat['store']
export type Topic = 'beats' | 'facts' | 'pins'
export type Verdict = 'accept' | 'reject' | 'ignore'

/** One row of the store: `key` is relative to its table. */
export interface KeyValue {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Why content could not be had: `limit` = larger than the bytes allowed, ask again with more. */
export type ContentCode = 'unreachable' | 'no-space' | 'back-end' | 'limit' | 'refused' | 'aborted' | 'bad-dag'

/** A wish as a person states it; what is left out comes from the mesh's policy. */
export interface PinWish {
  /** CIDv1 or v0 text, checked by the core */
  readonly cid: string
  readonly slot?: string
  /** 0 = everywhere */
  readonly max?: number
  readonly min?: number
  readonly trustedMin?: number
  readonly mode?: PinMode
  /** 0..255, larger is sooner; absent: 128 */
  readonly priority?: number
  readonly name?: string
  readonly meta?: ReadonlyArray<readonly [string, string]>
  /** seconds since 1970 */
  readonly expiry?: number
  readonly chosen?: readonly string[]
  readonly origins?: readonly string[]
  /** size of the DAG where it is known */
  readonly bytes?: number
  /** write the pin even when fewer peers than `min` could hold it */
  readonly anyway?: boolean
  /** nothing is written: the answer is what it would be */
  readonly dry?: boolean
  /** this peer holds it already (it has just been added here); `bytes` must be given */
  readonly heldHere?: boolean
}

/** An operation of the key log as it is asked for: what only the core knows is filled in by it. */
export type TrustChange =
  | KeyChange
  | { readonly kind: 'add-writer'; readonly peer: string; readonly mayInvite?: boolean }
  | { readonly kind: 'remove-writer'; readonly peer: string }
  | { readonly kind: 'policy'; readonly policy: Partial<Policy> }

export type Command =
  | { readonly do: 'pin'; readonly wishes: readonly PinWish[] }
  | {
      readonly do: 'unpin'
      readonly cids: readonly string[]
      readonly yes: boolean
      /** which request of each; absent: the one without a slot */
      readonly slot?: string
      readonly everySlot?: boolean
    }
  | { readonly do: 'status'; readonly cid: string }
  /** try at once what has failed; `local`: here alone */
  | { readonly do: 'retry'; readonly cids: readonly string[]; readonly local: boolean }
  /** of every pin of a leaf, 0..4095 */
  | { readonly do: 'statuses'; readonly leaf: number }
  | {
      readonly do: 'change-trust'
      readonly change: TrustChange
      /** sign even where no member could be asked for its key log, or one has another */
      readonly anyway?: boolean
      /** of remove-writer: write again first what stands by it alone */
      readonly adopt?: boolean
    }
  /** a page of the pins in limbo, from this leaf on */
  | { readonly do: 'limbo'; readonly from: number }
  /** take over pins in limbo; default: all */
  | { readonly do: 'adopt-limbo'; readonly cids?: readonly string[] }
  | { readonly do: 'invite'; readonly terms: InviteTerms }
  | { readonly do: 'set-space'; readonly bytes: number }
  /** Empties the trash of these buckets as the rules allow; `now`: what is in it needs no trash time any more. */
  | { readonly do: 'empty-trash'; readonly buckets: readonly number[]; readonly now: boolean }
  /** Deletes copies in the back end that no pin asks for and the journal does not know. */
  | { readonly do: 'drop-copies'; readonly cids: readonly string[] }
  | { readonly do: 'resume' }
  /** begin to leave, take that back, see how far it is, be gone */
  | { readonly do: 'leave' | 'stay' | 'leave-report' | 'left' }

export type Event =
  /** First event: everything small that the store holds (tables fact, meta, leaf). */
  | {
      readonly kind: 'started'
      readonly facts: readonly KeyValue[]
      readonly meta: readonly KeyValue[]
      readonly leaves: readonly KeyValue[]
      /** buckets (0..65535) of the keys in table hold, each once */
      readonly holdBuckets: readonly number[]
      readonly addresses: readonly string[]
      readonly usedBytes: number
    }
  /** `wakeAt` has come. */
  | { readonly kind: 'woke' }
  | {
      readonly kind: 'loaded'
      readonly leaf: number
      readonly entries: readonly KeyValue[]
      readonly holds: readonly KeyValue[]
    }
  | { readonly kind: 'load-failed'; readonly leaf: number; readonly code: string }
  | { readonly kind: 'written'; readonly batch: number }
  | { readonly kind: 'write-failed'; readonly batch: number; readonly code: string }
  /** Answered in the same step by a `judge` effect. */
  | { readonly kind: 'gossiped'; readonly topic: Topic; readonly bytes: Uint8Array; readonly from: string }
  | { readonly kind: 'connected'; readonly peer: string }
  | { readonly kind: 'disconnected'; readonly peer: string }
  | { readonly kind: 'addressed'; readonly addresses: readonly string[] }
  | { readonly kind: 'asked'; readonly id: number; readonly peer: string; readonly frame: Uint8Array }
  | { readonly kind: 'answered'; readonly id: number; readonly frame: Uint8Array }
  | { readonly kind: 'unanswered'; readonly id: number; readonly code: string }
  | { readonly kind: 'commanded'; readonly id: number; readonly command: Command }
  | { readonly kind: 'acquired'; readonly job: number; readonly bytes: number; readonly usedBytes: number }
  | { readonly kind: 'acquiring'; readonly job: number; readonly bytes: number }
  | {
      readonly kind: 'acquire-failed'
      readonly job: number
      readonly code: ContentCode
      readonly bytes: number
      /** in words, for the note that tells of it */
      readonly text?: string
    }
  | { readonly kind: 'released'; readonly cid: string; readonly usedBytes: number }
  | { readonly kind: 'release-failed'; readonly cid: string; readonly code: string }
  /** The back end has this pin no longer, or only in part: a block was damaged, or removed behind its back. */
  | { readonly kind: 'content-lost'; readonly cid: string }
  /** The shell's regular look at its disk and back end. */
  | { readonly kind: 'probed'; readonly store: StoreState; readonly usedBytes: number }
  | { readonly kind: 'stopping' }
