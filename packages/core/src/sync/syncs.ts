/**
 * When to sync with whom: at once on a connection, on a jump of a commit number and on a gap; when a beat shows another
 * root than mine and mine has been still for a while; and every round with a random member. One session a peer, a few at once.
 */
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Timings } from '../members/profiles.ts'
import type { Heads } from '../pinset/heads.ts'
import type { Facts } from '../trust/facts.ts'
import { decodeFrame, encodeFrame, type Frame } from './frames.ts'
import { type Session, session, type SessionInit, SyncError, type Wait } from './session.ts'

const sessionsMax = 4
/** An ask that was lost must not hold a session up for long; entries may be a megabyte over a slow link. */
const askTimeoutMs = 10_000
const wantTimeoutMs = 30_000
/** Every so many rounds beats and claims are compared too. */
const vectorEvery = 10

export interface SyncsInit {
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly timings: Timings
  readonly facts: Facts
  readonly heads: Heads
  readonly random: (below: number) => number
  /** builds what one session with this peer works on */
  readonly session: (peer: string) => SessionInit
  /** must a session still wait for what came? */
  readonly waits: (wait: Wait) => boolean
  /** entries and facts that turned out new, ever */
  readonly news: () => number
  /** a round with this peer ended well */
  readonly finished: (peer: string, vector: boolean) => void
  readonly gossip: boolean
}

interface Running {
  readonly peer: string
  readonly steps: Session
  readonly vector: boolean
  readonly newsBefore: number
  ask: number | undefined
  /** another round was asked for meanwhile; true: with beats and claims */
  again: boolean | undefined
}

interface Seen {
  facts: Uint8Array
  pinset: Uint8Array
}

export class Syncs {
  readonly #init: SyncsInit
  readonly #connected = new Set<string>()
  readonly #running = new Map<string, Running>()
  readonly #byAsk = new Map<number, Running>()
  readonly #single = new Map<number, (frame: Frame | undefined) => void>()
  readonly #drain = new Map<Running, Wait>()
  readonly #queued = new Map<string, boolean>()
  readonly #seen = new Map<string, Seen>()
  readonly #pending = new Set<string>()
  /** mono ms of the last round with a peer that brought nothing new */
  readonly #fruitlessAt = new Map<string, number>()
  readonly #resting = new Set<string>()
  /** mono ms and peer of the last rounds that found equal roots */
  readonly #level = new Map<string, number>()
  /** mono ms from which roots count as told just now */
  #freshAt = 0
  #rounds = 0
  #nextAsk = 1
  #stillSince = 0

  constructor(init: SyncsInit) {
    this.#init = init
  }

  get connections(): ReadonlySet<string> {
    return this.#connected
  }

  begin(): void {
    const { agenda, outbox, timings, gossip } = this.#init
    const round = (): void => {
      const peers = [...this.#connected]
      const peer = peers[this.#init.random(Math.max(1, peers.length))]
      this.#rounds++
      if (peer !== undefined) this.start(peer, this.#rounds % vectorEvery === 0)
      agenda.at(outbox.mono + timings.syncRoundMs, round)
    }
    agenda.at(outbox.mono + timings.syncRoundMs, round)
    if (gossip) return
    // Without gossip beats and claims travel hop by hop, once a beat.
    const hop = (): void => {
      for (const peer of this.#connected) this.start(peer, true)
      agenda.at(outbox.mono + timings.beatMs, hop)
    }
    agenda.at(outbox.mono + timings.beatMs, hop)
  }

  connected(peer: string): void {
    this.#connected.add(peer)
    this.start(peer, true)
  }

  disconnected(peer: string): void {
    this.#connected.delete(peer)
    this.#queued.delete(peer)
    this.#seen.delete(peer)
    this.#fruitlessAt.delete(peer)
    const running = this.#running.get(peer)
    if (running !== undefined) this.#end(running, 'MESH_DISCONNECTED')
  }

  /** A round with this peer, now or after the one that runs. */
  start(peer: string, vector: boolean): void {
    if (!this.#connected.has(peer)) return
    const running = this.#running.get(peer)
    if (running !== undefined) {
      running.again = running.again === true || vector
      return
    }
    this.#queued.set(peer, (this.#queued.get(peer) ?? false) || vector)
    this.#next()
  }

  /** Something is missing that a sync would bring: from this peer if it is connected, else from any. */
  missing(peer: string): void {
    const any = [...this.#connected]
    const other = this.#connected.has(peer) ? peer : any[this.#init.random(Math.max(1, any.length))]
    if (other === undefined || this.#resting.has(other)) return
    const { agenda, outbox, timings } = this.#init
    const restedAt = (this.#fruitlessAt.get(other) ?? -Infinity) + timings.settleMs
    if (restedAt <= outbox.mono) {
      this.start(other, false)
      return
    }
    // The last round with it brought nothing: whoever makes us ask again and again has to wait.
    this.#resting.add(other)
    agenda.at(restedAt, () => {
      this.#resting.delete(other)
      this.start(other, false)
    })
  }

  /** A peer has told its roots (by beat or greeting). If they differ and mine have been still, sync with it. */
  rootsSeen(peer: string, facts: Uint8Array | undefined, pinset: Uint8Array): void {
    const seen = this.#seen.get(peer)
    this.#seen.set(peer, { facts: facts ?? seen?.facts ?? this.#init.facts.root, pinset })
    if (this.#pending.has(peer) || !this.#differs(peer)) return
    this.#pending.add(peer)
    this.#watch(peer)
  }

  /** Called when the own pinset root may have changed; whether it has is not looked at, since that would hash what has changed. */
  rootChanged(): void {
    this.#stillSince = this.#init.outbox.mono
  }

  /** This peer stood still: what is read next was said before, and others may have gone on. */
  late(): void {
    const { outbox, timings } = this.#init
    this.#level.clear()
    this.#freshAt = outbox.mono + timings.suspectMs
  }

  /** Peers whose roots were found equal to mine within the last two rounds. */
  levelWith(): number {
    const since = this.#init.outbox.mono - 2 * Math.max(this.#init.timings.syncRoundMs, this.#init.timings.beatMs)
    return [...this.#level.values()].filter((at) => at >= since).length
  }

  /** Is a round under way that has brought something new? */
  get bringing(): boolean {
    return [...this.#running.values()].some(({ newsBefore }) => this.#init.news() > newsBefore)
  }

  /** Tells everybody who is connected my roots: what is new here is wanted there then. */
  greetAll(): void {
    for (const peer of this.#connected) this.start(peer, false)
  }

  /** Asks a peer one thing outside of any round; undefined when no valid answer comes. */
  ask(
    peer: string,
    frame: Frame,
    answered: (frame: Frame | undefined) => void,
    timeoutMs: number = wantTimeoutMs
  ): void {
    const id = this.#nextAsk++
    this.#single.set(id, answered)
    this.#init.outbox.emit({ kind: 'ask', id, peer, frame: encodeFrame(frame), timeoutMs })
  }

  answered(id: number, bytes: Uint8Array): void {
    if (this.#answerSingle(id, bytes)) return
    const running = this.#byAsk.get(id)
    if (running === undefined) return
    this.#byAsk.delete(id)
    try {
      this.#advance(running, decodeFrame(bytes))
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      this.#end(running, error.code)
    }
  }

  unanswered(id: number, code: string): void {
    if (this.#answerSingle(id, undefined)) return
    const running = this.#byAsk.get(id)
    this.#byAsk.delete(id)
    if (running !== undefined) this.#end(running, code)
  }

  /** What was taken in has been worked off: sessions that waited go on. */
  drained(): void {
    for (const [running, wait] of this.#drain) {
      if (this.#init.waits(wait)) continue
      this.#drain.delete(running)
      this.#advance(running, undefined)
    }
  }

  #answerSingle(id: number, bytes: Uint8Array | undefined): boolean {
    const answered = this.#single.get(id)
    if (answered === undefined) return false
    this.#single.delete(id)
    let frame: Frame | undefined
    try {
      frame = bytes === undefined ? undefined : decodeFrame(bytes)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
    }
    answered(frame)
    return true
  }

  #watch(peer: string): void {
    const { agenda, outbox, timings } = this.#init
    const at = Math.max(outbox.mono, this.#stillSince + timings.settleMs)
    agenda.at(at, () => {
      if (this.#stillSince + timings.settleMs > outbox.mono) {
        this.#watch(peer)
        return
      }
      this.#pending.delete(peer)
      if (this.#differs(peer)) this.missing(peer)
    })
  }

  #differs(peer: string): boolean {
    const seen = this.#seen.get(peer)
    if (seen === undefined) return false
    const same = equalBytes(seen.pinset, this.#init.heads.root)
    const { mono } = this.#init.outbox
    if (same && mono >= this.#freshAt) this.#level.set(peer, mono)
    return !same || !equalBytes(seen.facts, this.#init.facts.root)
  }

  #next(): void {
    for (const [peer, vector] of this.#queued) {
      if (this.#running.size >= sessionsMax) return
      if (this.#running.has(peer)) continue
      this.#queued.delete(peer)
      const running: Running = {
        peer,
        steps: session(this.#init.session(peer), vector),
        vector,
        newsBefore: this.#init.news(),
        ask: undefined,
        again: undefined
      }
      this.#running.set(peer, running)
      this.#advance(running, undefined)
    }
  }

  #advance(running: Running, frame: Frame | undefined): void {
    if (this.#running.get(running.peer) !== running) return
    try {
      const step = running.steps.next(frame as Frame)
      if (step.done === true) {
        this.#end(running, undefined)
      } else if ('ask' in step.value) {
        running.ask = this.#nextAsk++
        this.#byAsk.set(running.ask, running)
        const { ask } = running
        this.#init.outbox.emit({
          kind: 'ask',
          id: ask,
          peer: running.peer,
          frame: encodeFrame(step.value.ask),
          timeoutMs: step.value.ask.kind === 'want' ? wantTimeoutMs : askTimeoutMs
        })
      } else if (this.#init.waits(step.value.wait)) {
        this.#drain.set(running, step.value.wait)
      } else {
        this.#init.agenda.soon(() => this.#advance(running, undefined))
      }
    } catch (error) {
      if (!(error instanceof SyncError) && !(error instanceof FormatError)) throw error
      this.#end(running, error.code)
    }
  }

  #end(running: Running, code: string | undefined): void {
    if (this.#running.get(running.peer) !== running) return
    this.#running.delete(running.peer)
    this.#drain.delete(running)
    running.steps.return()
    if (running.ask !== undefined) this.#byAsk.delete(running.ask)
    if (this.#init.news() === running.newsBefore) this.#fruitlessAt.set(running.peer, this.#init.outbox.mono)
    else this.#fruitlessAt.delete(running.peer)
    if (code === undefined) this.#init.finished(running.peer, running.vector)
    else if (code !== 'MESH_DISCONNECTED') {
      this.#init.outbox.note('sync-failed', 'A sync with a peer ended early; it is tried again.', {
        peer: running.peer,
        reason: code
      })
    }
    if (running.again !== undefined && code === undefined) this.#queued.set(running.peer, running.again)
    this.#next()
  }
}
