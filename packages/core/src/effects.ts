/**
 * What the core wants done, in the imperative. The shell carries these out in the order given and reports back by events;
 * `written` for batch n must not come before batch n is on disk as durably as it asked.
 */
import type { Note } from './notes.ts'
import type { Grant } from './formats/invite.ts'
import type { PinMode } from './formats/register.ts'
import type {
  EmptiedReport,
  LeaveReport,
  LimboReport,
  PinAnswer,
  PinReport,
  RetryAnswer,
  UnpinAnswer
} from './reports.ts'
import type { Topic, Verdict } from './events.ts'

/**
 * fact: charter, key log, fork proofs, member records · entry: stored entries (prefix2 writer4 generation seq) · leaf: heads and bucket views
 * · pin: the merged view for listing · hold: the journal, by pin key · meta: own counters and promises.
 */
export type Table = 'fact' | 'entry' | 'leaf' | 'pin' | 'hold' | 'meta'

export interface Row {
  readonly table: Table
  readonly key: Uint8Array
  /** null deletes */
  readonly value: Uint8Array | null
}

export interface Failure {
  readonly code: string
  readonly text: string
  readonly remedy?: string
}

export type Reply =
  | {
      readonly of: 'pin'
      readonly answers: readonly (PinAnswer | { readonly cid: string; readonly failure: Failure })[]
    }
  | {
      readonly of: 'unpin'
      readonly answers: readonly (UnpinAnswer | { readonly cid: string; readonly failure: Failure })[]
    }
  | { readonly of: 'status'; readonly report: PinReport }
  | {
      readonly of: 'retry'
      readonly answers: readonly (RetryAnswer | { readonly cid: string; readonly failure: Failure })[]
    }
  | { readonly of: 'statuses'; readonly reports: readonly PinReport[] }
  | { readonly of: 'change-trust'; readonly seq: number; readonly writer?: number; readonly adopted?: number }
  | { readonly of: 'adopted'; readonly adopted: number }
  | { readonly of: 'limbo'; readonly pins: readonly LimboReport[]; readonly next?: number }
  | { readonly of: 'leave-report'; readonly report: LeaveReport }
  | { readonly of: 'emptied'; readonly report: EmptiedReport }
  /** CIDs of the copies that are gone */
  | { readonly of: 'dropped'; readonly cids: readonly string[] }
  | { readonly of: 'invite'; readonly grant: Grant }
  | { readonly of: 'done' }
  | { readonly of: 'failure'; readonly failure: Failure }

export type Effect =
  | { readonly kind: 'load'; readonly leaf: number }
  | { readonly kind: 'write'; readonly batch: number; readonly rows: readonly Row[]; readonly sync: boolean }
  | { readonly kind: 'publish'; readonly topic: Topic; readonly bytes: Uint8Array }
  | { readonly kind: 'judge'; readonly verdict: Verdict }
  | {
      readonly kind: 'ask'
      readonly id: number
      readonly peer: string
      readonly frame: Uint8Array
      readonly timeoutMs: number
    }
  | { readonly kind: 'answer'; readonly id: number; readonly frame: Uint8Array }
  | { readonly kind: 'dial'; readonly peer: string; readonly addresses: readonly string[] }
  | {
      readonly kind: 'acquire'
      readonly job: number
      readonly cid: string
      readonly mode: PinMode
      /** peers that should have it, best first */
      readonly sources: readonly string[]
      /** multiaddrs of peers outside the mesh that have it, as its writers say */
      readonly origins: readonly string[]
      readonly bytesMax: number
    }
  | { readonly kind: 'cancel'; readonly job: number }
  | { readonly kind: 'release'; readonly cid: string }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly kind: 'note'; readonly note: Note }
