/**
 * Leaving as a program asks for it. The core hands the pins on by itself; here it is watched, and once nothing is kept any more the
 * last word is said, the home is marked, and whoever runs this peer is told to stop it.
 */
import { failureOf } from './answers.ts'
import type { CallOptions } from './mesh-call.ts'
import type { LeaveOptions, LeaveStep, MeshLeave } from './mesh-leave.ts'
import { abortable, pause } from './pause.ts'
import type { PeerParts } from './peer.ts'
import { stopping } from './shell.ts'

/** Looked at this often, and with many pins at most a tenth of the time. */
const lookEveryMs = 500
const restShare = 10
/** Others take the last word by gossip, or ask for it within two waits of a sync: that long, and not longer than this. */
const lastWordMaxMs = 5000

const nothingHeld = { held: 0, handedOn: 0, promisedUntil: 0, pins: [] }

export class PeerLeave implements MeshLeave {
  readonly left: Promise<void>
  readonly #parts: PeerParts
  readonly #gone: () => void
  #watching = false
  #watchers = 0
  #hasLeft = false
  #next = unheard<LeaveStep>()
  #stuckSince: number | undefined

  constructor(parts: PeerParts) {
    this.#parts = parts
    const { promise, resolve } = Promise.withResolvers<void>()
    this.left = promise
    this.#gone = resolve
    if (parts.core.leaving) this.#begin()
  }

  async *leave({ force = false, signal }: LeaveOptions = {}): AsyncIterable<LeaveStep> {
    signal?.throwIfAborted()
    this.#watchers++
    try {
      if (force) {
        await abortable(this.#go(), signal)
        yield { state: 'left', ...nothingHeld }
      } else {
        await this.#command('leave', signal)
        this.#begin()
        yield* this.#steps(signal)
      }
    } finally {
      this.#watchers--
      this.#told()
    }
  }

  async stay({ signal }: CallOptions = {}): Promise<void> {
    await this.#command('stay', signal)
  }

  async *#steps(signal: AbortSignal | undefined): AsyncIterable<LeaveStep> {
    let last = ''
    while (true) {
      const step = await abortable(this.#next.promise, signal)
      const text = JSON.stringify(step)
      if (text !== last) yield step
      last = text
      if (step.state !== 'leaving') return
    }
  }

  /** Who watches hears of the end before this peer is stopped for it. */
  #told(): void {
    if (this.#hasLeft && this.#watchers === 0) setImmediate(this.#gone)
  }

  #begin(): void {
    if (this.#watching) return
    this.#watching = true
    const watched = this.#watch().finally(() => (this.#watching = false))
    watched.catch((error: unknown) => {
      this.#next.reject(error)
      this.#renew()
    })
  }

  async #watch(): Promise<void> {
    const { stopped } = this.#parts.shell
    while (!stopped.aborted) {
      const began = performance.now()
      const step = await this.#look()
      if (step.state === 'left') await this.#go()
      this.#next.resolve(step)
      this.#renew()
      if (step.state === 'left' || step.state === 'stays') return
      await pause(Math.max(lookEveryMs, restShare * (performance.now() - began)), stopped)
    }
    throw stopping()
  }

  async #look(): Promise<LeaveStep> {
    const { core, shell, timings } = this.#parts
    if (!core.leaving) return { state: 'stays', ...nothingHeld }
    const reply = await shell.command({ do: 'leave-report' })
    if (reply.of !== 'leave-report') throw failureOf(reply)
    const { ready, held, handedOn, stuck, promisedUntil, pins } = reply.report
    const numbers = { held, handedOn, promisedUntil, pins: [...pins] }
    if (ready && held === 0) return { state: 'left', ...numbers }
    // A member that was silent for a moment is no reason to give up.
    const now = performance.now()
    if (!ready || stuck === 0 || stuck < held - handedOn) this.#stuckSince = undefined
    else this.#stuckSince ??= now
    const atRisk = this.#stuckSince !== undefined && now - this.#stuckSince >= timings.suspectMs
    return { state: atRisk ? 'at-risk' : 'leaving', ...numbers }
  }

  /** Says the last word. From here on this peer is no member. */
  async #go(): Promise<void> {
    const { transport, timings, markLeft, shell } = this.#parts
    await this.#command('left')
    if (transport.connections().length > 0) await pause(Math.min(lastWordMaxMs, 2 * timings.settleMs), shell.stopped)
    await markLeft()
    this.#hasLeft = true
    this.#told()
  }

  async #command(what: 'leave' | 'stay' | 'left', signal?: AbortSignal): Promise<void> {
    const reply = await this.#parts.shell.command({ do: what }, signal)
    if (reply.of !== 'done') throw failureOf(reply)
  }

  #renew(): void {
    this.#next = unheard()
  }
}

/** A promise that nobody may be watching. */
function unheard<T>(): PromiseWithResolvers<T> {
  const waiting = Promise.withResolvers<T>()
  waiting.promise.catch(() => {})
  return waiting
}
