/**
 * The answering side of sync: every ask is answered from what is on disk now, in bounded work, and nothing is remembered.
 * Facts are served to anybody, since a peer must be able to learn that it has been made a member; the pinset of a mesh by
 * invitation only to members.
 */
import { compareBytes, concatBytes, toHex } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Claims } from '../content/claims.ts'
import { keyOfPeer, peerOfKey } from '../formats/peer-id.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Self } from '../members/self.ts'
import { type Heads, type HeadRow } from '../pinset/heads.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { Facts } from '../trust/facts.ts'
import {
  answerBytesTarget,
  decodeFrame,
  encodeFrame,
  type Frame,
  type Known,
  protocolVersion,
  type Wanted
} from './frames.ts'

export interface ServerInit {
  readonly self: Self
  readonly charter: Uint8Array
  readonly outbox: Outbox
  readonly facts: Facts
  readonly heads: Heads
  readonly leaves: Leaves
  readonly members: Members
  readonly claims: Claims
  /** newest own beat */
  readonly ownBeat: () => { bytes: Uint8Array; n: number } | undefined
  /** another peer told its roots */
  readonly greeted: (peer: string, facts: Uint8Array, pinset: Uint8Array) => void
  /** beats came with a vector */
  readonly takeBeats: (beats: readonly Uint8Array[]) => void
  /** an invitation is shown */
  readonly admit: (peer: string, frame: Frame & { kind: 'admit' }, answer: (frame: Frame) => void) => void
}

export class SyncServer {
  readonly #init: ServerInit

  constructor(init: ServerInit) {
    this.#init = init
  }

  /** Answers by an effect, now or when the leaves asked for are loaded. */
  asked(id: number, peer: string, bytes: Uint8Array): void {
    try {
      const frame = decodeFrame(bytes)
      if (frame.kind === 'want') this.#data(id, peer, frame.logs)
      else if (frame.kind === 'admit') this.#init.admit(peer, frame, (answer) => this.#answer(id, answer))
      else this.#answer(id, this.#reply(peer, frame))
    } catch (error) {
      // Malformed, or something signed in it is forged.
      if (!(error instanceof FormatError)) throw error
      this.#answer(id, { kind: 'error', code: error.code, text: error.message })
    }
  }

  #reply(peer: string, frame: Frame): Frame {
    const { facts, heads } = this.#init
    switch (frame.kind) {
      case 'hello':
        if (frame.version < (facts.keyLog.policy?.protocolMin ?? 0)) {
          return {
            kind: 'error',
            code: 'MESH_VERSION_TOO_OLD',
            text: 'This mesh needs a newer pinmesh: install the current version.'
          }
        }
        this.#init.greeted(peer, frame.facts, frame.pinset)
        return { kind: 'hello', version: protocolVersion, facts: facts.root, pinset: heads.root }
      case 'charter':
        return { kind: 'charter', bytes: this.#init.charter }
      case 'facts-wanted':
        return this.#facts(frame)
      case 'key-head':
        return { kind: 'key-head', seq: facts.keyLog.seq, head: facts.keyLog.head }
      case 'vector':
        this.#init.takeBeats(frame.beats)
        return this.#vector(frame.known)
      case 'claims-wanted':
        return this.#claims(peerOfKey(frame.peer), frame.have)
      case 'nodes':
      case 'heads':
        return this.#open(peer) ? this.#digests(frame) : refused
      default:
        return { kind: 'error', code: 'MESH_BAD_FORMAT', text: 'That frame is an answer, not a question.' }
    }
  }

  #digests(frame: Frame & { kind: 'nodes' | 'heads' }): Frame {
    const { heads } = this.#init
    if (frame.kind === 'heads')
      return { kind: 'heads', leaves: frame.leaves, heads: frame.leaves.flatMap((leaf) => heads.of(leaf)) }
    const digests = frame.ids.map((id) => {
      const children: Uint8Array[] = []
      for (let n = 0; n < 16; n++) children.push(heads.digest(frame.level + 1, id * 16 + n))
      return concatBytes(...children)
    })
    return { kind: 'nodes', level: frame.level, ids: frame.ids, digests }
  }

  #facts({ keySeq, records: have, admissions: used }: Frame & { kind: 'facts-wanted' }): Frame {
    const { facts } = this.#init
    const known = new Set([...have, ...used].map(toHex))
    let bytes = 0
    let more = false
    const fits = (item: Uint8Array): boolean => {
      if (bytes + item.length > answerBytesTarget) more = true
      else bytes += item.length
      return !more
    }
    const ops = facts.keyLog.after(keySeq).filter(fits)
    const lacking = (held: Iterable<{ readonly hash8: Uint8Array; readonly bytes: Uint8Array }>): Uint8Array[] =>
      [...held]
        .filter(({ hash8 }) => !known.has(toHex(hash8)))
        .map(({ bytes }) => bytes)
        .filter(fits)
    const admissions = lacking(facts.admissions.all())
    const records = lacking(facts.records())
    const forks = [...facts.forks()].map(([, proof]) => proof).filter(fits)
    return { kind: 'facts', ops, admissions, records, forks, more }
  }

  /** My vector, and the beats that the asker does not have. */
  #vector(known: readonly Known[]): Frame {
    const theirs = new Map(known.map((one) => [toHex(one.peer), one]))
    const beats: Uint8Array[] = []
    const lacks = (peer: string, incarnation: number, n: number): boolean => {
      const one = theirs.get(toHex(keyOfPeer(peer)))
      return one === undefined || one.incarnation < incarnation || (one.incarnation === incarnation && one.n < n)
    }
    for (const { beat, bytes } of this.#init.members.beats())
      if (lacks(beat.peer, beat.incarnation, beat.n)) beats.push(bytes)
    const own = this.#init.ownBeat()
    if (own !== undefined && lacks(this.#init.self.peer, this.#init.self.incarnation, own.n)) beats.push(own.bytes)
    return { kind: 'vector', known: this.vector(), beats }
  }

  /** What I know of everybody: newest beat, and a digest of the claims. */
  vector(): Known[] {
    const { members, claims, self } = this.#init
    const known: Known[] = []
    for (const { beat } of members.beats()) {
      known.push({
        peer: keyOfPeer(beat.peer),
        incarnation: beat.incarnation,
        n: beat.n,
        claims: claims.digestOf(beat.peer)
      })
    }
    const own = this.#init.ownBeat()
    known.push({
      peer: keyOfPeer(self.peer),
      incarnation: self.incarnation,
      n: own?.n ?? 0,
      claims: claims.digestOf(self.peer)
    })
    return known
  }

  #claims(peer: string, have: ReadonlyArray<readonly [number, number]>): Frame {
    const known = new Map(have)
    const claims: Uint8Array[] = []
    let bytes = 0
    for (const [shard, { seq, bytes: claimBytes }] of this.#init.claims.of(peer)) {
      if ((known.get(shard) ?? 0) >= seq) continue
      if (bytes > answerBytesTarget) return { kind: 'claims', claims, more: true }
      claims.push(claimBytes)
      bytes += claimBytes.length
    }
    return { kind: 'claims', claims, more: false }
  }

  #data(id: number, peer: string, logs: readonly Wanted[]): void {
    if (!this.#open(peer)) {
      this.#answer(id, refused)
      return
    }
    const runs: Uint8Array[][] = []
    let bytes = 0
    let at = 0
    const next = (): void => {
      const wanted = logs[at++]
      if (wanted === undefined || bytes > answerBytesTarget) {
        this.#answer(id, { kind: 'data', runs, more: wanted !== undefined })
        return
      }
      this.#init.leaves.raw(wanted.prefix >> 4, (leaf) => {
        const run = this.#run(leaf, wanted)
        if (run.length > 0) runs.push(run)
        for (const entry of run) bytes += entry.length
        next()
      })
    }
    next()
  }

  /** Entries of one log from what is on disk: own entries still on their way there are not told. */
  #run(leaf: Leaf, wanted: Wanted): Uint8Array[] {
    const onDisk: HeadRow | undefined = this.#init.heads.find(wanted)
    if (onDisk === undefined) return []
    const log = leaf.log(wanted)
    const from = wanted.generation === onDisk.generation ? wanted.from : 0
    const { head } = log
    if (head?.generation !== onDisk.generation) return []
    const run = log.stored(from, onDisk.seq)
    const last = log.at(onDisk.seq)
    if (last?.proof === undefined || compareBytes(last.entry.hash, onDisk.hash) !== 0) return []
    return run
  }

  #open(peer: string): boolean {
    const { facts, members } = this.#init
    return facts.keyLog.policy?.admission === 'open' || members.isMember(peer) || facts.trusted(peer)
  }

  #answer(id: number, frame: Frame): void {
    this.#init.outbox.emit({ kind: 'answer', id, frame: encodeFrame(frame) })
  }
}

const refused: Frame = {
  kind: 'error',
  code: 'MESH_NOT_A_MEMBER',
  text: 'The pinset is for members: ask the owner to run `mesh peers vouch <peer>`.'
}
