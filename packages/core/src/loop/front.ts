/**
 * What comes first of a set, or of the keys of a map, again and again. One walk serves for all of it: each new one would pass over
 * every place that has come free since the table was last made anew, which for thousands of keys is most of the work.
 */
export class Front<T> {
  readonly #of: { keys(): IterableIterator<T> }
  #walk: IterableIterator<T>

  constructor(of: { keys(): IterableIterator<T> }) {
    this.#of = of
    this.#walk = of.keys()
  }

  /** The first, undefined where there is none. It has to be gone before the next call; who comes again comes last. */
  next(): T | undefined {
    const found = this.#walk.next()
    if (found.done !== true) return found.value
    this.#walk = this.#of.keys()
    return this.#walk.next().value
  }
}
