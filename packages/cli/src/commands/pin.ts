// mesh pin: wishes go out in groups as they are read, each answered on its own; with --wait the command stays until
// enough peers hold them.

import { MeshError } from '@pinmesh/node/mesh-error'
import type { ApiClient } from '@pinmesh/api/client'
import type { PinAnswer, PinRequest } from '@pinmesh/node'
import { answersFor, cidGroups } from '../cids.ts'
import type { Given } from '../cids.ts'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { errorObject } from '../output.ts'
import { parsePinPath } from '../parse/content-path.ts'
import { usage } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { Tally } from '../tally.ts'
import { copiesText } from '../text/pins.ts'
import { clean } from '../text/table.ts'
import { waitForAll } from '../wait.ts'

export interface PinOptions {
  replicas?: number | 'all'
  min?: number
  name?: string
  meta?: Record<string, string>
  /** ms */
  expireIn?: number
  mode?: 'recursive' | 'direct'
  on?: string[]
  priority?: number
  origin?: string[]
  slot?: string
  /** That many holders, or as many as are wanted. */
  wait?: number | 'want'
  /** ms */
  timeout?: number
  anyway?: boolean
}

export async function pin(session: Session, args: string[], options: PinOptions): Promise<Exit> {
  const wish = wishOf(options)
  const groups = cidGroups(args, session.world.stdin, parsePinPath)
  const tally = new Tally()
  const deadline = deadlineOf(session.world.signal, options.timeout)
  try {
    await session.ask(async (client) => {
      const { signal } = deadline
      const answers: PinAnswer[] = []
      try {
        for await (const group of groups)
          answers.push(...(await pinGroup({ session, client, tally, signal }, group, { wish, options })))
      } finally {
        await waitForAll(session, client, { answers, wait: options.wait ?? 0, signal, tally })
      }
    })
  } finally {
    deadline.clear()
  }
  return tally.exit
}

/** The wish that the options of `pin` and `add` state. MESH_BAD_REPLICAS, MESH_USAGE: they contradict each other. */
export function wishOf(options: PinOptions): Omit<PinRequest, 'cid'> {
  const { replicas, min, name, meta, expireIn, mode, on, priority, origin, slot, anyway, wait, timeout } = options
  if (min !== undefined && typeof replicas === 'number' && min > replicas) {
    const remedy = 'Give --min a number up to that of -r.'
    throw new MeshError('MESH_BAD_REPLICAS', `At least ${min} copies were asked for, but at most ${replicas}.`, {
      exit: 1,
      remedy
    })
  }
  if (timeout !== undefined && wait === undefined)
    throw usage('There is no wait to time out.', 'Add --wait, or leave --timeout out.')
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(min === undefined ? {} : { min }),
    ...(name === undefined ? {} : { name }),
    ...(meta === undefined ? {} : { meta }),
    ...(expireIn === undefined ? {} : { expireInMs: expireIn }),
    ...(mode === undefined ? {} : { mode }),
    ...(on === undefined ? {} : { chosen: on }),
    ...(priority === undefined ? {} : { priority }),
    ...(origin === undefined ? {} : { origins: origin }),
    ...(slot === undefined ? {} : { slot }),
    ...(anyway === true ? { anyway } : {})
  }
}

/** One failure among many: told on stderr, and with --json as an object of its own. */
export async function tellFailure(session: Session, { cid, error }: { cid: string; error: MeshError }): Promise<void> {
  session.out.complain(error)
  if (session.out.json) await session.out.result({ cid, error: errorObject(error) }, '')
}

/** Gives back the answers that are to be waited for; the others are told here. */
async function pinGroup(
  at: { session: Session; client: ApiClient; tally: Tally; signal: AbortSignal },
  group: readonly Given[],
  { wish, options }: { wish: Omit<PinRequest, 'cid'>; options: PinOptions }
): Promise<PinAnswer[]> {
  const { session, client, tally, signal } = at
  const answers = await answersFor(group, (cids) => {
    const requests = cids.map((cid) => ({ ...wish, cid }))
    return client.pins.add(requests, { signal })
  })
  const pinned: PinAnswer[] = []
  for (const answer of answers) {
    if ('error' in answer) {
      tally.failed(answer.error.exit)
      await tellFailure(session, answer)
    } else if (options.wait !== undefined) pinned.push(answer)
    else {
      tally.done()
      await session.out.result(answer, session.out.quiet ? answer.cid : pinnedText(answer))
    }
  }
  return pinned
}

function pinnedText({ cid, want, everywhere, slot, path }: PinAnswer): string {
  const where = everywhere === true ? ' wanted, on every peer' : ' wanted'
  return `pinned ${cid}${path === undefined ? '' : ` (${clean(path)})`}${slot === undefined ? '' : ` in slot ${slot}`}, ${copiesText(want)}${where}`
}
