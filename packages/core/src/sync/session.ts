/**
 * The asking side of sync: one round with one peer, written as a generator that yields what it needs next (a frame to ask,
 * or to wait until what came is worked off). It compares facts first, then the pinset down the digest tree, then beats and
 * claims. It ends when both are level in what the other could give; the other side asks in its turn.
 */
import { equalBytes, toHex } from '../bytes/compare.ts'
import { peerOfKey } from '../formats/peer-id.ts'
import type { Heads, HeadRow } from '../pinset/heads.ts'
import { sameLog } from '../pinset/heads.ts'
import type { Facts } from '../trust/facts.ts'
import type { Claims } from '../content/claims.ts'
import {
  type Frame,
  leavesPerAskMax,
  logsPerAskMax,
  nodesMax,
  protocolVersion,
  type Known,
  type Wanted
} from './frames.ts'

/** Answers about some leaves that bring nothing new end the asking for those: the other side may lie. */
const fruitlessMax = 2

export interface SessionInit {
  readonly facts: Facts
  readonly heads: Heads
  readonly claims: Claims
  /** has the other just joined, and takes the pinset in itself? */
  readonly comingIn: () => boolean
  readonly vector: () => Known[]
  readonly beatsFor: () => Uint8Array[]
  readonly takeFacts: (frame: Frame & { kind: 'facts' }) => number
  /** hands a run over; the count of entries that turned out new is known when they are `judged` */
  readonly takeRun: (run: readonly Uint8Array[]) => void
  readonly takeBeats: (beats: readonly Uint8Array[]) => void
  /** how many were newer than what is held */
  readonly takeClaims: (claims: readonly Uint8Array[]) => number
  /** does this peer's claim mean anything here? */
  readonly claimsMatter: (peer: string) => boolean
  /** entries taken as new so far, whoever brought them */
  readonly newEntries: () => number
  /** leaves that a session is at work on; shared by all */
  readonly fetching: Set<number>
}

/** Until what came is worked off (`judged`), or on disk too (`drained`). */
export type Wait = 'judged' | 'drained'
export type Step = { readonly ask: Frame } | { readonly wait: Wait }
export type Session = Generator<Step, void, Frame>

export class SyncError extends Error {
  readonly code: string

  constructor(code: string, text: string) {
    super(text)
    this.code = code
  }
}

/** One whole round. `withVector`: also compare beats and claims. */
export function* session(init: SessionInit, withVector: boolean): Session {
  const hello = expect(
    yield { ask: { kind: 'hello', version: protocolVersion, facts: init.facts.root, pinset: init.heads.root } },
    'hello'
  )
  if (!equalBytes(hello.facts, init.facts.root)) yield* syncFacts(init)
  // One that is coming in lacks much and has nothing that I lack.
  if (!equalBytes(hello.pinset, init.heads.root) && !init.comingIn()) yield* syncPinset(init)
  if (withVector) yield* syncVector(init)
}

function* syncFacts(init: SessionInit): Session {
  for (let more = true; more;) {
    const records = [...init.facts.records()].map((held) => held.hash8)
    const admissions = [...init.facts.admissions.all()].map((held) => held.hash8)
    const wanted: Frame = { kind: 'facts-wanted', keySeq: init.facts.keyLog.seq, records, admissions }
    const facts = expect(yield { ask: wanted }, 'facts')
    const fresh = init.takeFacts(facts)
    more = facts.more && fresh > 0
  }
}

interface Differing {
  readonly leaf: number
  /** the other's digest of it */
  readonly theirs: Uint8Array
}

/**
 * Several sessions share what there is to fetch: each passes over leaves that another is at work on, and those that another has
 * brought meanwhile. At the end it takes those as well: the other may be slow, or lie.
 */
function* syncPinset(init: SessionInit): Session {
  const { fetching } = init
  const differs = ({ leaf, theirs }: Differing): boolean => !equalBytes(theirs, init.heads.digest(3, leaf))
  const done = (leaves: readonly number[]): void => leaves.forEach((leaf) => fetching.delete(leaf))
  let left = yield* differingLeaves(init)
  let leaves: number[] = []
  let before: number[] = []
  try {
    for (;;) {
      // Only what is taken is looked at: with all of the pinset to come the rest is long.
      const batch: Differing[] = []
      const passed: Differing[] = []
      let at = 0
      for (; at < left.length && batch.length < leavesPerAskMax; at++) {
        const one = left[at] as Differing
        if (differs(one)) (fetching.has(one.leaf) ? passed : batch).push(one)
      }
      left = [...left.slice(at), ...passed]
      const taken = batch.length > 0 ? batch : left.splice(0, leavesPerAskMax)
      if (taken.length === 0) break
      before = leaves
      leaves = taken.map(({ leaf }) => leaf)
      for (const leaf of leaves) fetching.add(leaf)
      yield* syncLeaves(init, leaves)
      done(before)
    }
    yield { wait: 'drained' }
  } finally {
    done(before)
    done(leaves)
  }
}

function* differingLeaves(init: SessionInit): Generator<Step, Differing[], Frame> {
  let differing: Differing[] = [{ leaf: 0, theirs: init.heads.root }]
  for (let level = 0; level < 3 && differing.length > 0; level++) {
    const ids = differing.map(({ leaf }) => leaf)
    differing = []
    for (let at = 0; at < ids.length; at += nodesMax) {
      const asked = ids.slice(at, at + nodesMax)
      const nodes = expect(yield { ask: { kind: 'nodes', level, ids: asked, digests: [] } }, 'nodes')
      if (nodes.digests.length !== asked.length * 16) throw new SyncError('MESH_BAD_FORMAT', 'too few digests')
      asked.forEach((id, n) => {
        for (let child = 0; child < 16; child++) {
          const theirs = nodes.digests[n * 16 + child] as Uint8Array
          const leaf = id * 16 + child
          if (!equalBytes(theirs, init.heads.digest(level + 1, leaf))) differing.push({ leaf, theirs })
        }
      })
    }
  }
  return differing
}

function* syncLeaves(init: SessionInit, leaves: number[]): Session {
  const answer = expect(yield { ask: { kind: 'heads', leaves, heads: [] } }, 'heads')
  const asked = new Set(leaves)
  let wanted = answer.heads.filter((head) => asked.has(head.prefix >> 4)).flatMap((head) => want(init, head))
  let before: number | undefined
  for (let fruitless = 0; wanted.length > 0;) {
    const batch = wanted.slice(0, logsPerAskMax)
    const data = expect(yield { ask: { kind: 'want', logs: batch } }, 'data')
    // One answer comes while this peer works on the one before, and no more than that waits here.
    yield { wait: 'judged' }
    if (init.newEntries() === before) fruitless++
    else fruitless = 0
    if (fruitless === fruitlessMax) return
    before = init.newEntries()
    for (const run of data.runs) init.takeRun(run)
    if (!data.more) wanted = wanted.slice(batch.length)
    else wanted = wanted.slice(Math.max(1, data.runs.length))
  }
}

/** What to ask for so that my log reaches this head; nothing if mine is as new. */
function want(init: SessionInit, head: HeadRow): Wanted[] {
  const writer = init.facts.keyLog.writer(head.writer)
  if (writer === undefined || writer.removed || init.facts.voided(head, head.generation)) return []
  const mine = init.heads.of(head.prefix >> 4).find((row) => sameLog(row, head))
  const { writer: id, prefixLen, prefix, generation } = head
  if (mine === undefined || mine.generation < generation)
    return [{ writer: id, prefixLen, prefix, generation, from: 0 }]
  if (mine.generation > generation || mine.seq > head.seq) return []
  if (mine.seq === head.seq && equalBytes(mine.hash, head.hash)) return []
  // At one length with another hash, the run from there on shows the fork.
  return [{ writer: id, prefixLen, prefix, generation, from: mine.seq === head.seq ? head.seq : mine.seq + 1 }]
}

function* syncVector(init: SessionInit): Session {
  const known = init.vector()
  const vector = expect(yield { ask: { kind: 'vector', known, beats: init.beatsFor() } }, 'vector')
  init.takeBeats(vector.beats)
  const mine = new Map(known.map((one) => [toHex(one.peer), one]))
  for (const theirs of vector.known) {
    const own = mine.get(toHex(theirs.peer))
    if (equalBytes(theirs.claims, own?.claims ?? new Uint8Array(4))) continue
    if (theirs.claims.every((byte) => byte === 0)) continue
    const peer = peerOfKey(theirs.peer)
    if (!init.claimsMatter(peer)) continue
    for (let more = true; more;) {
      const have = [...init.claims.of(peer)].map(([shard, { seq }]) => [shard, seq] as const)
      const claims = expect(yield { ask: { kind: 'claims-wanted', peer: theirs.peer, have } }, 'claims')
      more = init.takeClaims(claims.claims) > 0 && claims.more
    }
  }
}

function expect<K extends Frame['kind']>(frame: Frame, kind: K): Frame & { kind: K } {
  if (frame.kind === kind) return frame as Frame & { kind: K }
  if (frame.kind === 'error') throw new SyncError(frame.code, frame.text)
  throw new SyncError(frame.kind === 'busy' ? 'MESH_BUSY' : 'MESH_BAD_FORMAT', `asked for ${kind}, got ${frame.kind}`)
}
