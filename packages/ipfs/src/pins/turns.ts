// One turn at a time for each CID: acquire, add's last step and release of the same CID never overlap. A release ends
// the acquire it waits for.

import { Abortion, settledOrAborted } from '../aborting.ts'
import type { ContentError } from '../content-error.ts'

interface Queue {
  tail: Promise<void>
  waiting: number
  /** Ends the acquisitions that run or wait. */
  stops: Set<Abortion>
}

export class Turns {
  readonly #queues = new Map<string, Queue>()

  /** Runs the task in its turn. Its signal also aborts when interrupt(name) is called. */
  async take<T>(name: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const queue = this.#queues.get(name) ?? { tail: Promise.resolve(), waiting: 0, stops: new Set() }
    this.#queues.set(name, queue)
    const stop = new Abortion(signal)
    const before = queue.tail
    const done = Promise.withResolvers<void>()
    queue.tail = done.promise
    queue.waiting++
    queue.stops.add(stop)
    try {
      await settledOrAborted(before, stop.signal)
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
