// One turn at a time for each CID: acquire, add's last step and release of the same CID never overlap. A release ends
// the acquire it waits for.

import { Abortion, settledOrAborted } from '../aborting.ts'
import type { ContentError } from '../content-error.ts'

interface Queue {
  /** Resolves when whoever came last is done. */
  tail: Promise<void>
  waiting: number
  /** Ends the acquisitions that run or wait. */
  stops: Set<Abortion>
}

const nobody = Promise.resolve()

export class Turns {
  readonly #queues = new Map<string, Queue>()

  /** Runs the task in its turn. Its signal also aborts when interrupt(name) is called. */
  async take<T>(name: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const known = this.#queues.get(name)
    const queue = known ?? { tail: nobody, waiting: 0, stops: new Set() }
    if (known === undefined) this.#queues.set(name, queue)
    const stop = new Abortion(signal)
    const before = queue.tail
    const done = Promise.withResolvers<void>()
    queue.tail = done.promise
    queue.waiting++
    queue.stops.add(stop)
    try {
      if (known !== undefined || stop.signal.aborted) await settledOrAborted(before, stop.signal)
      return await task(stop.signal)
    } finally {
      stop.end()
      queue.stops.delete(stop)
      // Who gave up waiting still passes the turn on only when it came.
      void before.then(() => {
        done.resolve()
        queue.waiting--
        if (queue.waiting === 0) this.#queues.delete(name)
      })
    }
  }

  interrupt(name: string, reason: ContentError): void {
    for (const stop of this.#queues.get(name)?.stops ?? []) stop.abort(reason)
  }
}
