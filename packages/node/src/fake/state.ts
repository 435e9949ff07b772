// What the fake node keeps, for its rooms and for the test that looks at it, and who it says it is.

import type { MeshError } from '../mesh-error.ts'
import type { PinRequest } from '../mesh-pins.ts'

/** Path → bytes, or null for a folder. */
export type FakeFiles = Map<string, Uint8Array | null>

export interface FakeState {
  /** By the CID as it was asked for. */
  readonly pinned: Map<string, PinRequest>
  /** CIDs that it refuses to pin, and how. */
  readonly refused: Map<string, MeshError>
  /** CIDs that another writer has pinned too. */
  readonly others: Set<string>
  /** What was added, by its CID. */
  readonly contents: Map<string, FakeFiles>
  /** Every call that would change something, without its signal and its listener. */
  readonly asked: unknown[]
}

export const peer = '12D3KooWMbXc2HbSfJsHAa3KmEwJtdSYAQoCmrUct8BryiqvjhDT'
/** A volunteer of its mesh, and a writer that was removed. */
export const other = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
export const mesh = 'z71g7MBsLkYWUoF6QvkH92YzMW2Jifkdm3TpkkDvbFhVt'
/** It speaks of the first two by itself. */
export const cids: readonly string[] = ['bafkqaaa', 'bafkqaalb', 'bafkqaalc', 'bafkqaald']
