// mesh doctor: looks at everything that a peer stands on, with a running peer and without, and tells what to do about what
// is not well. It changes nothing.

import { MeshError } from '@pinmesh/node/mesh-error'
import type { NodeInfo, PeerInfo } from '@pinmesh/node'
import { type Check, ok, refused } from '../doctor/check.ts'
import { budgetChecks, homeChecks } from '../doctor/home-checks.ts'
import { checkListening, checksOf } from '../doctor/running-checks.ts'
import { checkBackEnd, stoppedChecks } from '../doctor/stopped-checks.ts'
import type { Exit } from '../failure.ts'
import { needHome } from '../home.ts'
import type { Session } from '../session.ts'

const lookAtOutput = 'Look at its output.'

export async function doctor(session: Session): Promise<Exit> {
  let failed = false
  for await (const check of checks(session)) {
    failed ||= check.state === 'fail'
    if (!session.out.quiet || check.state === 'warn' || check.state === 'fail') {
      await session.out.result(check, textOf(check))
    }
    session.world.signal.throwIfAborted()
  }
  return failed ? 3 : 0
}

async function* checks(session: Session): AsyncGenerator<Check, void, undefined> {
  const { world, home, remote } = session
  if (!remote) {
    yield ok('node', `This is Node ${process.versions.node} on ${process.platform} ${process.arch}.`)
    try {
      needHome(home)
    } catch (error) {
      return yield refused('home', error, lookAtOutput)
    }
    yield* await homeChecks(home, world.env)
    yield* await budgetChecks(session)
  }
  const running = await look(session)
  if (running === undefined) yield* await stoppedChecks(session)
  else if (running instanceof MeshError) yield refused('peer', running, lookAtOutput)
  else {
    yield* checksOf(running.info, running.peers)
    if (remote) return
    yield await checkBackEnd(session)
    yield await checkListening(running.info)
  }
}

/** Undefined: none runs on this home. */
async function look(session: Session): Promise<{ info: NodeInfo; peers: PeerInfo[] } | MeshError | undefined> {
  try {
    return await session.ask(async (client) => ({ info: await client.info(), peers: await client.peers() }))
  } catch (error) {
    if (!(error instanceof MeshError)) throw error
    return error.code === 'MESH_NOT_RUNNING' && !session.remote ? undefined : error
  }
}

function textOf({ name, state, text, remedy }: Check): string {
  const line = `${state.padEnd(7)}  ${name.padEnd(12)}  ${text}`
  return remedy === undefined ? line : `${line}\n${' '.repeat(23)}${remedy}`
}
