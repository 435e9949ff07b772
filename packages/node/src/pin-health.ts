/**
 * How well a pin is kept, all in all: what listings filter by and commands show. An entry of the package for itself, so that a
 * command need not load a peer.
 */
import type { PinStatus } from './mesh-pins.ts'

/** `few`: not as many copies as are wanted, or too few of them on trusted peers; `at-risk`: fewer than the least. */
export type Health = 'ok' | 'few' | 'at-risk' | 'lapsed' | 'limbo'

export function healthOf({ limbo, expired, have, want, min, trusted }: PinStatus): Health {
  if (limbo === true) return 'limbo'
  if (expired === true) return 'lapsed'
  if (have >= want && trusted === undefined) return 'ok'
  return have >= min ? 'few' : 'at-risk'
}
