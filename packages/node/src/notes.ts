/**
 * One stream of facts about what happens: log, `mesh watch` and metrics read it. Listeners are bounded: a slow one loses the
 * oldest notes and is told so.
 */
import type { Note } from './mesh-node.ts'

/** A note before it has its time. */
export interface Told {
  readonly code: string
  readonly text: string
  readonly [field: string]: unknown
}

const waitingMax = 1000

interface Listener {
  readonly waiting: Note[]
  lost: number
  wake: () => void
}

export class Notes {
  readonly #listeners = new Set<Listener>()
  readonly #kept: Note[] = []

  /** As `say`, for what happens before anybody can listen: whoever does later hears it first. */
  keep(note: Told): void {
    this.#kept.push({ ...note, at: Date.now() })
    this.say(note)
  }

  say(note: Told): void {
    for (const listener of this.#listeners) {
      if (listener.waiting.length >= waitingMax) {
        listener.waiting.shift()
        listener.lost++
      }
      listener.waiting.push({ ...note, at: Date.now() })
      listener.wake()
    }
  }

  /** Without an end of its own: it throws the signal's reason. */
  async *listen(signal: AbortSignal): AsyncGenerator<Note, never, undefined> {
    const listener: Listener = { waiting: [...this.#kept], lost: 0, wake: () => {} }
    this.#listeners.add(listener)
    const wake = (): void => listener.wake()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted) {
        if (listener.lost > 0)
          yield {
            at: Date.now(),
            code: 'notes-lost',
            text: 'Some notes were lost: the reader is too slow.',
            lost: listener.lost
          }
        listener.lost = 0
        yield* listener.waiting.splice(0)
        if (listener.waiting.length > 0) continue
        await new Promise<void>((resolve) => {
          listener.wake = resolve
        })
      }
      throw signal.reason
    } finally {
      signal.removeEventListener('abort', wake)
      this.#listeners.delete(listener)
    }
  }
}
