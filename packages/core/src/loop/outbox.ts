/**
 * The effects of the step at hand, and the instant it runs at. Every room speaks through this one; nothing else leaves the core.
 */
import type { Now } from '../events.ts'
import type { Effect, Failure } from '../effects.ts'
import type { Note } from '../notes.ts'

export class Outbox {
  #effects: Effect[] = []
  #now: Now = { mono: 0, wall: 0 }

  /** Starts a step. What is stored and signed has room for whole milliseconds since 1970 only, whatever the clock is like. */
  open({ mono, wall }: Now): void {
    this.#now = { mono, wall: Math.max(0, Math.floor(wall)) }
  }

  /** Ends a step: hands out what was said. */
  take(): Effect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  get mono(): number {
    return this.#now.mono
  }

  /** A whole number, never negative. */
  get wall(): number {
    return this.#now.wall
  }

  emit(effect: Effect): void {
    this.#effects.push(effect)
  }

  note(code: string, text: string, fields: Omit<Note, 'code' | 'text'> = {}): void {
    this.#effects.push({ kind: 'note', note: { ...fields, code, text } })
  }

  fail(id: number, failure: Failure): void {
    this.#effects.push({ kind: 'reply', id, reply: { of: 'failure', failure } })
  }
}
