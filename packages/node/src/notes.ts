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
/** Notes that follow one another within this time are told together: in bulk each would cost a write of its own. */
const gatherMs = 50
/** So many are told at once. */
const togetherMax = 100

export class Notes {
  readonly #listeners = new Set<Listener>()
  readonly #kept: Note[] = []

  /** As `say`, for what happens before anybody can listen: whoever does later hears it first. */
  keep(note: Told): void {
    this.#kept.push({ ...note, at: Date.now() })
    this.say(note)
  }

  say(note: Told): void {
    for (const listener of this.#listeners) listener.hear({ ...note, at: Date.now() })
  }

  /** Without an end of its own: it throws the signal's reason. A lone note comes at once, those right behind it together. */
  async *listen(signal: AbortSignal): AsyncGenerator<Note, never, undefined> {
    const listener = new Listener(this.#kept)
    this.#listeners.add(listener)
    const end = (): void => listener.end()
    signal.addEventListener('abort', end)
    try {
      while (!signal.aborted) {
        yield* listener.take()
        await listener.told(signal)
      }
      throw signal.reason
    } finally {
      signal.removeEventListener('abort', end)
      listener.end()
      this.#listeners.delete(listener)
    }
  }
}

class Listener {
  #waiting: Note[]
  #lost = 0
  /** runs while what comes waits for more */
  #gathering: NodeJS.Timeout | undefined
  #wake: () => void = () => {}

  constructor(kept: readonly Note[]) {
    this.#waiting = [...kept]
  }

  hear(note: Note): void {
    if (this.#waiting.length >= waitingMax) {
      this.#waiting.shift()
      this.#lost++
    }
    this.#waiting.push(note)
    if (this.#due) this.#wake()
  }

  take(): Note[] {
    const notes = this.#waiting
    this.#waiting = []
    if (notes.length === 0) return notes
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      if (this.#due) this.#wake()
    }, gatherMs)
    if (this.#lost === 0) return notes
    const lost: Note = {
      at: Date.now(),
      code: 'notes-lost',
      text: 'Some notes were lost: the reader is too slow.',
      lost: this.#lost
    }
    this.#lost = 0
    return [lost, ...notes]
  }

  /** Resolves when there is something to take, or the signal has aborted. */
  async told(signal: AbortSignal): Promise<void> {
    if (this.#due || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  end(): void {
    clearTimeout(this.#gathering)
    this.#wake()
  }

  get #due(): boolean {
    return this.#waiting.length >= (this.#gathering === undefined ? 1 : togetherMax)
  }
}
