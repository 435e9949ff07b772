/**
 * Virtual time: what is to happen lies in a heap by instant, then by age. Nothing waits; the clock jumps to the next happening.
 */
interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class Scheduler {
  readonly #heap: Due[] = []
  #order = 0
  /** ms since the world began */
  now = 0

  at(at: number, run: () => void): void {
    const heap = this.#heap
    const due: Due = { at: Math.max(at, this.now), order: this.#order++, run }
    let i = heap.push(due) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (before(heap[parent] as Due, due)) break
      heap[i] = heap[parent] as Due
      i = parent
    }
    heap[i] = due
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run)
  }

  /** Lets everything happen that is due up to `until`. */
  runUntil(until: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= until; first = this.#heap[0]) {
      this.#pop()
      this.now = first.at
      first.run()
    }
    this.now = Math.max(this.now, until)
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Due
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child++
      if (before(last, heap[child] as Due)) break
      heap[i] = heap[child] as Due
      i = child
    }
    heap[i] = last
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
