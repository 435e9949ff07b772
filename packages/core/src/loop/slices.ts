/**
 * Work that is too long for one unit, cut where it yields: between two yields lies less than half a millisecond or so. What it
 * works on belongs to it until it ends; whoever runs it sees to that.
 */
export type Slices<Result = void> = Generator<void, Result, void>

/** Does all of it at once. */
export function finish<Result>(slices: Slices<Result>): Result {
  for (;;) {
    const slice = slices.next()
    if (slice.done === true) return slice.value
  }
}
