/**
 * The regular look at the disk and the back end, at once and then now and again, which the beats tell: ok only if the back end has just answered a read, the
 * disk has taken a write, and there is room for more than the store itself.
 */
import type { Core } from '@pinmesh/core'
import type { Store } from '@pinmesh/store'
import { type BackEnd, sharedWith } from './back-end.ts'
import type { DiskRoom } from './disk-room.ts'
import type { Notes } from './notes.ts'
import { codeOf, type Shell } from './shell.ts'

const lookEveryMs = 10_000
/** After a refused write it is looked at this soon, and as often until all is well. */
const lookAgainMs = 1000

export interface HealthParts {
  readonly core: Core
  readonly store: Store
  readonly backEnd: BackEnd
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
  #companion: string | undefined
  #begun = false
  #stopped = false

  constructor(parts: HealthParts) {
    this.#parts = parts
  }

  begin(usedBytes: number): void {
    this.#usedBytes = usedBytes
    this.#begun = true
    this.#plan(0)
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

  /** Another member came to the same back end since the start. */
  #noteCompanion(): void {
    const { core, backEnd, notes } = this.#parts
    const peer = sharedWith(core, backEnd.peer)
    const text = 'Another member keeps its content in the same Kubo: both count as one copy.'
    if (peer !== undefined && peer !== this.#companion) notes.say({ code: 'backend-shared', text, peer })
    this.#companion = peer
  }

  async #look(): Promise<void> {
    const { store, backEnd, room, shell, notes } = this.#parts
    const { content } = backEnd
    const before = this.#state
    let why: { reason: string; detail?: string } = { reason: 'MESH_DISK_FULL' }
    try {
      await content.probe()
      this.#usedBytes = (await content.space()).usedBytes
      await store.write([], { sync: true })
      shell.locate(await backEnd.addresses())
      this.#state = (await room.spare()) > 0 ? 'ok' : 'full'
    } catch (error) {
      const reason = codeOf(error)
      why = { reason, detail: error instanceof Error ? error.message : String(error) }
      this.#state = reason === 'MESH_DISK_FULL' || reason === 'no-space' ? 'full' : 'failing'
    }
    if (before !== this.#state) {
      const reasons = this.#state === 'ok' ? {} : why
      notes.say({ code: 'store', text: texts[this.#state], state: this.#state, ...reasons })
    }
    this.#noteCompanion()
    shell.step({ kind: 'probed', store: this.#state, usedBytes: this.#usedBytes })
  }
}

const texts: Record<State, string> = {
  ok: 'The disk and the back end of this peer work again.',
  full: 'The disk of this peer is full: it keeps what it holds and takes nothing new until there is room.',
  failing: 'The disk or the back end of this peer does not work.'
}
