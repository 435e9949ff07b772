/**
 * What the core tells a person who asks: plain values, ready for JSON.
 */
import type { PinState } from './formats/claim.ts'

export interface PinAnswer {
  readonly cid: string
  /** copies wished for; 0 = everywhere */
  readonly want: number
  readonly min: number
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
  readonly want: number
  readonly min: number
  /** copies on peers that are not down */
  readonly have: number
  readonly peers: readonly PeerReport[]
  /** seconds since 1970 */
  readonly expiry?: number
  readonly limbo: boolean
}

export interface MemberReport {
  readonly peer: string
  readonly self: boolean
  readonly state: 'alive' | 'suspect' | 'down' | 'unheard'
  /** wall ms */
  readonly since: number
  readonly trusted: boolean
  readonly writer: boolean
  readonly store: string
  /** share of its budget that is free, 0..1, where it has told */
  readonly free?: number
  readonly version: string
  readonly ipfsPeer: string
  readonly addresses: readonly string[]
}
