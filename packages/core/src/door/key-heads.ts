/**
 * Before the root key signs, the key log is compared with a member's: another machine that has the root key too may have
 * signed meanwhile, and two operations with one number would part the mesh for ever. What the member has more is taken first.
 * A member that only says that its log is another is not believed; it has to show the operation, signed by the root key.
 */
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Members } from '../members/members.ts'
import type { Frame } from '../sync/frames.ts'
import type { Facts } from '../trust/facts.ts'
import type { ItemOutcome } from './gossip.ts'

/** Members that are asked, one after the other, until one has answered. */
const askedMax = 4
/** Asks of one member: a log that grows faster than it is told is left to the next. */
const roundsMax = 64
const askTimeoutMs = 5000

/** alone: there is no other member · unreachable: there are, and none answered · forked: the root key has signed two histories */
export type Compared = 'level' | 'alone' | 'unreachable' | 'forked'

export interface KeyHeadsInit {
  readonly self: string
  readonly facts: Facts
  readonly members: Members
  readonly connections: () => ReadonlySet<string>
  readonly ask: (peer: string, frame: Frame, answered: (frame: Frame | undefined) => void, timeoutMs: number) => void
  readonly takeOp: (bytes: Uint8Array, from: string) => ItemOutcome
}

export class KeyHeads {
  readonly #init: KeyHeadsInit

  constructor(init: KeyHeadsInit) {
    this.#init = init
  }

  compare(done: (compared: Compared) => void): void {
    const { members, self, connections } = this.#init
    const others = members.candidates.filter(({ peer }) => peer !== self)
    if (others.length === 0) return done('alone')
    const connected = connections()
    const asked = others.filter(({ peer }) => connected.has(peer)).sort((a, b) => +b.trusted - +a.trusted)
    this.#next(
      asked.slice(0, askedMax).map(({ peer }) => peer),
      done
    )
  }

  #next(peers: readonly string[], done: (compared: Compared) => void): void {
    const [peer, ...others] = peers
    if (peer === undefined) return done('unreachable')
    this.#with(peer, roundsMax, (compared) => (compared === 'unreachable' ? this.#next(others, done) : done(compared)))
  }

  #with(peer: string, rounds: number, done: (compared: Compared) => void): void {
    const { seq, head } = this.#init.facts.keyLog
    this.#ask(peer, { kind: 'key-head', seq, head }, (frame) => {
      if (frame?.kind !== 'key-head' || rounds === 0) return done('unreachable')
      const mine = this.#init.facts.keyLog.headAt(frame.seq)
      if (mine !== undefined && equalBytes(mine, frame.head)) return done('level')
      // Longer than mine: what comes after mine. Else another at that place: the operation itself has to be shown.
      const from = mine === undefined ? this.#init.facts.keyLog.seq : frame.seq - 1
      this.#take(peer, from, (compared) => (compared === 'level' ? this.#with(peer, rounds - 1, done) : done(compared)))
    })
  }

  /** `level`: it had something new to me. */
  #take(peer: string, keySeq: number, done: (compared: Compared) => void): void {
    const { facts, takeOp } = this.#init
    const records = [...facts.records()].map(({ hash8 }) => hash8)
    const admissions = [...facts.admissions.all()].map(({ hash8 }) => hash8)
    this.#ask(peer, { kind: 'facts-wanted', keySeq, records, admissions }, (frame) => {
      if (frame?.kind !== 'facts') return done('unreachable')
      let fresh = 0
      try {
        for (const op of frame.ops) {
          if (facts.keyLog.fit(op) === 'fork') return done('forked')
          if (takeOp(op, peer) === 'new') fresh++
        }
      } catch (error) {
        if (!(error instanceof FormatError)) throw error
        return done('unreachable')
      }
      done(fresh > 0 ? 'level' : 'unreachable')
    })
  }

  #ask(peer: string, frame: Frame, answered: (frame: Frame | undefined) => void): void {
    this.#init.ask(peer, frame, answered, askTimeoutMs)
  }
}
