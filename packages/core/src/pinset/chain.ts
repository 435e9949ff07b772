/**
 * Where an entry stands to the entries of its log that are held: pure, on headers alone, before any body is looked
 * at. A log is a hash chain; its author may begin it anew with a reset, so a holder keeps the last reset and the tail
 * after it. Two headers that contradict each other are a fork: proof that the author, or a restored backup of it,
 * wrote two histories.
 */

import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Entry } from '../formats/entry.ts'
import { entrySize, firstGeneration, numberMax, tailHasRoom } from './growth.ts'

/**
 * - `next`: follows my head.
 * - `reset`: replaces all that I hold of this log.
 * - `gap`: follows something that I have not seen.
 * - `old`: I hold it, or it lies behind my reset, or its generation is superseded.
 * - `fork`: contradicts a header that I hold.
 */
export type Verdict = 'next' | 'reset' | 'gap' | 'old' | 'fork'

/** What a header is checked against. */
export interface LogState {
  readonly writer: number
  readonly prefixLen: number
  readonly prefix: number
  /** Whether the writer is declared large. */
  readonly large: boolean
  readonly newest: Newest | undefined
  /** The entries since the last reset. */
  readonly tail: { readonly count: number; readonly bytes: number }
}

/** Of the newest entry of a log, all by which the next one is judged. */
export interface Newest {
  readonly generation: number
  readonly seq: number
  readonly hash: Uint8Array
  /** the clock where the next one begins */
  readonly end: number
}

/** The entries from which a log is judged: reset (if any) and tail, in order, without gaps. */
export interface Held {
  readonly newest: Newest | undefined
  readonly firstSeq: number
  at(seq: number): { readonly entry: Entry } | undefined
}

export function judgeEntry(entry: Entry, held: Held): Verdict {
  const { newest, firstSeq } = held
  if (newest === undefined || entry.generation > newest.generation) return judgeNew(entry)
  if (entry.generation < newest.generation) return 'old'
  if (entry.seq > newest.seq + 1) return entry.kind === 'reset' ? 'reset' : 'gap'
  if (entry.seq === newest.seq + 1) {
    if (!equalBytes(entry.prev, newest.hash)) return 'fork'
    return entry.kind === 'reset' ? 'reset' : 'next'
  }
  if (entry.seq === newest.seq) return equalBytes(newest.hash, entry.hash) ? 'old' : 'fork'
  const twin = held.at(entry.seq)?.entry
  if (twin !== undefined) return equalBytes(twin.hash, entry.hash) ? 'old' : 'fork'
  const first = held.at(firstSeq)?.entry
  if (first !== undefined && entry.seq === firstSeq - 1) return equalBytes(first.prev, entry.hash) ? 'old' : 'fork'
  return 'old'
}

/**
 * Whether an entry's header may stand where it was judged to; FormatError otherwise. What holds for every header by
 * itself (no predecessor at seq 1, a reset's clock at 0, a reset of 1 MiB at most) its decoder has checked.
 */
export function checkHeader(entry: Entry, log: LogState): void {
  const own = entry.writer === log.writer && entry.prefixLen === log.prefixLen && entry.prefix === log.prefix
  if (!own) throw new FormatError('an entry is of another log')
  if (entry.prefixLen === 16 && !log.large) throw new FormatError('a writer that is not large has a log of one bucket')
  if (entry.seq > numberMax || entry.generation > numberMax) throw new FormatError('a log has gone too far')
  if (entry.kind === 'reset') return
  if (entry.seq === 1 && entry.generation !== firstGeneration) {
    throw new FormatError('a later generation begins without a reset')
  }
  if (entry.clock !== (log.newest?.end ?? 0)) {
    throw new FormatError('an entry does not begin at the clock where the log ends')
  }
  if (!tailHasRoom(log.tail, entrySize(entry))) throw new FormatError('a reset was due')
}

/** A log, or a generation, of which nothing is held yet. */
function judgeNew(entry: Entry): Verdict {
  if (entry.kind === 'reset') return 'reset'
  return entry.seq === 1 ? 'next' : 'gap'
}
