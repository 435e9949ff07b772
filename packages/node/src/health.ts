/**
 * The regular look at the disk and the back end, which the beats tell: ok only if the back end has just answered a read, the
 * disk has taken a write, and there is room for more than the store itself.
 */
import type { Content } from '@pinmesh/ipfs'
import type { Store } from '@pinmesh/store'
import type { DiskRoom } from './disk-room.ts'
import type { Notes } from './notes.ts'
import { codeOf, type Shell } from './shell.ts'

const lookEveryMs = 10_000
/** After a refused write it is looked at this soon, and as often until all is well. */
const lookAgainMs = 1000

export interface HealthParts {
  readonly store: Store
  readonly content: Content
  readonly room: DiskRoom
  readonly shell: Shell
  readonly notes: Notes
}

type State = 'ok' | 'full' | 'failing'

export class Health {
  readonly #parts: HealthParts
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #state: State = 'ok'
  /** as it was when the back end last answered */
  #usedBytes = 0
  #begun = false
  #stopped = false

  constructor(parts: HealthParts) {
    this.#parts = parts
  }

  begin(usedBytes: number): void {
    this.#usedBytes = usedBytes
    this.#begun = true
    this.#plan(lookEveryMs)
  }

  /** A write was refused, or content found no room: looks at it soon. */
  doubt(): void {
    if (this.#begun && this.#state === 'ok') this.#plan(lookAgainMs)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  #plan(inMs: number): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#plan(this.#state === 'ok' ? lookEveryMs : lookAgainMs))
    }, inMs)
  }

  async #look(): Promise<void> {
    const { store, content, room, shell, notes } = this.#parts
    const before = this.#state
    let reason = 'MESH_DISK_FULL'
    try {
      await content.probe()
      this.#usedBytes = (await content.space()).usedBytes
      await store.write([], { sync: true })
      this.#state = (await room.spare()) > 0 ? 'ok' : 'full'
    } catch (error) {
      reason = codeOf(error)
      this.#state = reason === 'MESH_DISK_FULL' ? 'full' : 'failing'
    }
    if (before !== this.#state) {
      const why = this.#state === 'ok' ? {} : { reason }
      notes.say({ code: 'store', text: texts[this.#state], state: this.#state, ...why })
    }
    shell.step({ kind: 'probed', store: this.#state, usedBytes: this.#usedBytes })
  }
}

const texts: Record<State, string> = {
  ok: 'The disk and the back end of this peer work again.',
  full: 'The disk of this peer is full: it keeps what it holds and takes nothing new until there is room.',
  failing: 'The disk or the back end of this peer does not work.'
}
