// Lets a bounded number of asks through and keeps a bounded number waiting; both transports use it, so that their
// callers meet the same MESH_BUSY.

import { asksOpenMax, asksWaitingMax } from './bounds.ts'
import { abortedError, TransportError } from './transport-error.ts'

interface Waiter {
  enter(): void
  refuse(error: TransportError): void
}

export class Gate {
  #open = 0
  readonly #waiting = new Set<Waiter>()

  /** Takes a place: undefined when there is one now, else a promise for it. Throws MESH_BUSY, rejects MESH_ABORTED. */
  enter(signal: AbortSignal): Promise<void> | undefined {
    if (this.#open < asksOpenMax) {
      this.#open++
      return undefined
    }
    if (this.#waiting.size >= asksWaitingMax) {
      throw new TransportError('MESH_BUSY', `${asksWaitingMax} asks wait for this peer already.`)
    }
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(waiter)
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        enter: () => {
          done()
          resolve()
        },
        refuse: (error) => {
          done()
          reject(error)
        }
      }
      const onAbort = (): void => waiter.refuse(abortedError(signal))
      this.#waiting.add(waiter)
      signal.addEventListener('abort', onAbort)
    })
  }

  /** Gives the place back; the one that waits longest gets it. */
  leave(): void {
    const [first] = this.#waiting
    if (first === undefined) this.#open--
    else first.enter()
  }

  /** Refuses everything that waits. */
  refuseWaiting(error: TransportError): void {
    for (const waiter of this.#waiting) waiter.refuse(error)
  }
}
