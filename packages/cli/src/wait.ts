// --wait: what was pinned is waited for, one after the other; others fetch all of it meanwhile. What is not held in time is
// told too, as far as it has come: its pin stands, whatever ended the wait.

import type { ApiClient } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { PinAnswer, PinStatus } from '@pinmesh/node'
import { failureOf } from './failure.ts'
import { errorObject } from './output.ts'
import type { Session } from './session.ts'
import type { Tally } from './tally.ts'
import { copiesText } from './text/pins.ts'

/** When the time is over, so long the peer is asked once more how far each has come. */
const lastLookMs = 5000

export interface Wait<T extends PinAnswer> {
  /** Each is printed, with `have`, when its wait is over. */
  answers: readonly T[]
  wait: number | 'want'
  /** Of --timeout and Ctrl-C. */
  signal: AbortSignal
  tally: Tally
}

interface Waited {
  /** Missing where the peer did not say. */
  have?: number
  error?: MeshError
}

/** What came of each is told and tallied, also where the time was over or it was refused. Rejects when interrupted. */
export async function waitForAll<T extends PinAnswer>(
  session: Session,
  client: ApiClient,
  { answers, wait, signal, tally }: Wait<T>
): Promise<void> {
  const { out, world } = session
  const waiter = new Waiter(session, client, signal)
  let complained = ''
  for (const answer of answers) {
    const { cid, want } = answer
    const { have, error } = await waiter.wait(cid, wait === 'want' ? Math.max(1, want) : wait)
    if (error === undefined) tally.done()
    else {
      tally.failed(error.exit)
      // Ctrl-C is told at the end, and what ended the wait for many only once.
      if (!world.signal.aborted && error.message !== complained) out.complain(error)
      complained = error.message
    }
    const more = { ...(have !== undefined && { have }), ...(error !== undefined && { error: errorObject(error) }) }
    const text = have === undefined ? `pinned ${cid}, ${copiesText(want)} wanted` : `${cid}  ${have} of ${want} copies`
    await out.result({ ...answer, ...more }, out.quiet ? cid : text)
  }
  world.signal.throwIfAborted()
}

class Waiter {
  readonly #session: Session
  readonly #client: ApiClient
  readonly #signal: AbortSignal
  #lastLook: AbortSignal | undefined

  constructor(session: Session, client: ApiClient, signal: AbortSignal) {
    this.#session = session
    this.#client = client
    this.#signal = signal
  }

  async wait(cid: string, holders: number): Promise<Waited> {
    const { out, world, home } = this.#session
    let have: number | undefined
    try {
      for await (const status of this.#client.pins.waitFor(cid, holders, { signal: this.#signal })) {
        have = status.have
        out.draw(waitText(status, holders))
      }
      return { have: have ?? 0 }
    } catch (error) {
      if (!(error instanceof MeshError) && !world.signal.aborted) throw error
      if (this.#signal.aborted && !world.signal.aborted) have = (await this.#look(cid)) ?? have
      if (have !== undefined && have >= holders) return { have }
      const failure = failureOf(error, home).error
      return have === undefined ? { error: failure } : { have, error: failure }
    } finally {
      out.draw('')
    }
  }

  async #look(cid: string): Promise<number | undefined> {
    this.#lastLook ??= AbortSignal.any([this.#session.world.signal, AbortSignal.timeout(lastLookMs)])
    try {
      return (await this.#client.pins.status(cid, { signal: this.#lastLook })).have
    } catch {
      return undefined // what ended the wait is told
    }
  }
}

/** The CID comes last: in a narrow terminal it is cut. */
function waitText({ cid, have, peers }: PinStatus, holders: number): string {
  const failed = peers.filter(({ state }) => state === 'failed').length
  return `${have} of ${holders} copies${failed === 0 ? '' : `, failed at ${failed}`}  ${cid}`
}
