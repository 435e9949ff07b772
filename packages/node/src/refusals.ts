/**
 * Notes of what was turned away at the door. Whoever knocks a thousand times a second must not fill the notes as well: of each
 * kind the first is told at once, and then how many there were, at most once in a while.
 */
import type { Note } from '@pinmesh/core'
import type { Refused } from '@pinmesh/transport'

const everyMs = 10_000

const texts: Readonly<Record<Refused, string>> = {
  connection: 'A stranger was not let in: strangers have taken all their places.',
  framing: 'A stream was ended: what came over it broke the rules of the protocol.',
  gossip: 'Gossip of a stranger was passed over: it says too much.'
}

export class Refusals {
  readonly #say: (note: Note) => void
  readonly #now: () => number
  readonly #kinds = new Map<Refused, { toldAt: number; count: number }>()

  /** `now`: ms, monotonic. */
  constructor(say: (note: Note) => void, now: () => number = () => performance.now()) {
    this.#say = say
    this.#now = now
  }

  /** `peer`: who knocked. */
  add(peer: string, what: Refused): void {
    const kind = this.#kinds.get(what) ?? { toldAt: -Infinity, count: 0 }
    this.#kinds.set(what, kind)
    kind.count++
    if (this.#now() < kind.toldAt + everyMs) return
    this.#say({ code: 'refused', text: texts[what], what, peer, times: kind.count })
    kind.count = 0
    kind.toldAt = this.#now()
  }
}
