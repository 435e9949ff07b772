// Waiting until enough peers hold a pin, with a line on stderr that tells how far it is.

import type { ApiClient } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { PinAnswer } from '@pinmesh/node'
import type { Exit } from './failure.ts'
import { errorObject } from './output.ts'
import type { Session } from './session.ts'

export interface Wait<T extends PinAnswer> {
  /** Printed, with `have`, when the wait is over. */
  answer: T
  wait: number | 'want'
  signal: AbortSignal
}

/** Tells what came of it; out of time or refused is told too, and is the exit code. */
export async function waitOne<T extends PinAnswer>(session: Session, client: ApiClient, init: Wait<T>): Promise<Exit> {
  const { answer, wait, signal } = init
  const holders = wait === 'want' ? Math.max(1, answer.want) : wait
  const { out } = session
  let have = 0
  try {
    for await (const status of client.pins.waitFor(answer.cid, holders, { signal })) {
      have = status.have
      out.draw(`${answer.cid}  ${have} of ${holders} copies`)
    }
    out.draw('')
    await out.result({ ...answer, have }, out.quiet ? answer.cid : `${answer.cid}  ${have} of ${answer.want} copies`)
    return 0
  } catch (error) {
    out.draw('')
    if (!(error instanceof MeshError)) throw error
    out.complain(error)
    if (out.json) await out.result({ ...answer, have, error: errorObject(error) }, '')
    return error.exit
  }
}
