/**
 * What the core still has to do: timers by the monotonic clock, and small units of work done in slices.
 * No step runs longer than 5 ms: long work is cut into units of about 0.2 ms, of which a step does a bounded number and
 * then asks to be woken at once. Order is by time, then by age, so that the same events give the same work.
 */

/** Units a step may do: 16 × 0.2 ms leaves room for the event itself. */
const unitsPerStep = 16
/** Units of background work in a step that has nothing more urgent to do. */
const backgroundUnitsPerStep = 8

export interface Timer {
  readonly at: number
  cancelled: boolean
}

interface Due extends Timer {
  at: number
  readonly order: number
  readonly run: () => void
}

/** A queue of units whose head moves: taking from it costs no copy. */
class Lane {
  #units: (() => void)[] = []
  #head = 0

  get length(): number {
    return this.#units.length - this.#head
  }

  push(unit: () => void): void {
    this.#units.push(unit)
  }

  /** Runs up to `most` units, also such as are queued meanwhile. */
  run(most: number): void {
    for (let n = 0; n < most && this.#head < this.#units.length; n++) this.#units[this.#head++]?.()
    if (this.#head > 1024 || this.#head === this.#units.length) {
      this.#units = this.#units.slice(this.#head)
      this.#head = 0
    }
  }
}

export class Agenda {
  readonly #heap: Due[] = []
  readonly #soon = new Lane()
  readonly #background = new Lane()
  #order = 0

  /** Runs `run` once, in the first step at or after `at` (mono ms). Set `cancelled` to prevent it. */
  at(at: number, run: () => void): Timer {
    const due: Due = { at, order: this.#order++, run, cancelled: false }
    this.#heap.push(due)
    this.#up(this.#heap.length - 1)
    return due
  }

  /** Queues one small unit of work. */
  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** Queues one small unit that waits for all others: reconciling must not delay what somebody waits for. */
  background(run: () => void): void {
    this.#background.push(run)
  }

  /** Runs timers that are due and a slice of the queued units. */
  run(mono: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= mono; first = this.#heap[0]) {
      this.#pop()
      if (!first.cancelled) first.run()
    }
    this.#soon.run(unitsPerStep)
    if (this.#soon.length === 0) this.#background.run(backgroundUnitsPerStep)
  }

  get backlog(): number {
    return this.#soon.length + this.#background.length
  }

  /** When the next step is due: `mono` if units wait, else the next timer, else Infinity. */
  wakeAt(mono: number): number {
    if (this.backlog > 0) return mono
    while (this.#heap[0]?.cancelled === true) this.#pop()
    return this.#heap[0]?.at ?? Infinity
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down(0)
  }

  #up(at: number): void {
    let i = at
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#before(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #down(at: number): void {
    let i = at
    for (;;) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < this.#heap.length && this.#before(left, least)) least = left
      if (right < this.#heap.length && this.#before(right, least)) least = right
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a] as Due
    const y = this.#heap[b] as Due
    return x.at < y.at || (x.at === y.at && x.order < y.order)
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a] as Due
    this.#heap[a] = this.#heap[b] as Due
    this.#heap[b] = x
  }
}
