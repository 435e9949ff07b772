// What the door refused, as notes: the first of a kind at once, those that follow it counted and told together a while
// later. So a flood of strangers costs the log a line now and then.

import type { MeshNode } from './mesh.ts'

const windowMs = 60_000

export class Refusals {
  readonly #say: MeshNode['say']
  readonly #more = new Map<string, number>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(say: MeshNode['say']) {
    this.#say = say
  }

  /** `code` is one of the few of this API. */
  refused(code: string, text: string): void {
    const more = this.#more.get(code)
    if (more !== undefined) {
      this.#more.set(code, more + 1)
      return
    }
    this.#more.set(code, 0)
    this.#say({ code: 'api-refused', text: `The API refused a request. ${text}`, reason: code })
    const timer = setTimeout(() => this.#end(code), windowMs)
    this.#timers.set(code, timer.unref())
  }

  /** Tells what is still counted. */
  stop(): void {
    for (const code of this.#more.keys()) this.#end(code)
  }

  #end(code: string): void {
    const count = this.#more.get(code) ?? 0
    this.#more.delete(code)
    clearTimeout(this.#timers.get(code))
    this.#timers.delete(code)
    const text = `The API refused ${count} more requests of that kind.`
    if (count > 0) this.#say({ code: 'api-refused', text, reason: code, count })
  }
}
