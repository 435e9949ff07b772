// mesh leave: this peer hands its duties on and goes. The peer does it; the command watches, and may be left and called again.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiClient } from '@pinmesh/api/client'
import type { HeldPin, LeaveStep } from '@pinmesh/node'
import { MeshError } from '@pinmesh/node/mesh-error'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { hasLeft, notRunning } from '../home.ts'
import { usage } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { ageText } from '../text/age.ts'
import { clean, table } from '../text/table.ts'

interface LeaveOptions {
  force?: boolean
  stay?: boolean
  /** ms */
  timeout?: number
}

const remedyAtRisk =
  'Add peers, ask for fewer copies of these pins, or go all the same with `mesh leave --force`; `mesh leave --stay` takes the leave back.'

export async function leave(session: Session, options: LeaveOptions): Promise<Exit> {
  const { force = false, stay = false, timeout } = options
  if (stay && (force || timeout !== undefined)) throw usage('--stay goes with no other flag.', 'Give it alone.')
  if (stay) {
    await session.ask(async (client) => client.stay())
    await session.out.result({ event: 'stays' }, 'This peer stays.')
    return 0
  }
  const deadline = deadlineOf(session.world.signal, timeout)
  let last: LeaveStep | undefined
  const watch = async (client: ApiClient): Promise<void> => {
    await warn(session, client)
    for await (const step of client.leave({ force, signal: deadline.signal })) {
      last = step
      await tell(session, step)
    }
  }
  const stopped = async (): Promise<void> => {
    if (!(await hasLeft(session.home))) throw notRunning(session.home)
    last = { state: 'left', held: 0, handedOn: 0, promisedUntil: 0, pins: [] }
  }
  try {
    await session.askOr(watch, stopped)
  } catch (error) {
    session.out.draw('')
    if (last !== undefined && deadline.signal.aborted) {
      session.out.talk('The peer goes on leaving; `mesh leave` shows it again, `mesh leave --stay` takes it back.')
    }
    throw error
  } finally {
    deadline.clear()
  }
  return endOf(session, last)
}

/** What the mesh would lack without this peer, beside its copies. */
async function warn({ out, home, remote }: Session, client: ApiClient): Promise<void> {
  const [{ peer }, all] = await Promise.all([client.info(), client.trust.writers()])
  const writers = all.filter(({ removed }) => !removed)
  if (writers.length === 1 && writers[0]?.peer === peer)
    out.talk(
      'No other peer may write: name one first (`mesh writers add <peer>`), or nobody can pin or unpin any more.'
    )
  if (!remote && existsSync(join(home, 'root.key')))
    out.talk(`The root key of the mesh stays in ${home}: keep it, or bring it to another peer (\`mesh root export\`).`)
}

async function tell({ out }: Session, step: LeaveStep): Promise<void> {
  if (step.state !== 'leaving') return out.draw('')
  const { pins: _pins, state, ...numbers } = step
  if (out.json) await out.result({ event: state, ...numbers }, '')
  else out.draw(progressText(step, Date.now()))
}

async function endOf(session: Session, last: LeaveStep | undefined): Promise<Exit> {
  const { out } = session
  if (last?.state === 'left') {
    await out.result({ event: 'left' }, 'This peer has left the mesh.')
    return 0
  }
  if (last?.state !== 'at-risk') {
    throw new MeshError('MESH_LEAVE_ENDED', 'The leave was taken back by another command.', {
      remedy: 'Begin again with `mesh leave`.'
    })
  }
  const { held, handedOn, pins } = last
  for (const pin of pins) await out.result({ event: 'at-risk', ...pin }, out.quiet ? pin.cid : pinText(pin))
  const text = `Nobody can take over ${held - handedOn} of the pins kept here; this peer still keeps them.`
  throw new MeshError('MESH_PINS_AT_RISK', text, { exit: 3, remedy: remedyAtRisk })
}

export function progressText({ held, handedOn, promisedUntil }: LeaveStep, now: number): string {
  const ends = promisedUntil > now ? `, own promises end in ${ageText(now, promisedUntil)}` : ''
  return `leaving: ${held} pins kept here, ${handedOn} of them safe with others${ends}`
}

function pinText({ cid, name, want, copies, witnesses }: HeldPin): string {
  const others = `${copies} of ${want} copies on others, ${witnesses} of them promised`
  return table([[cid, name === undefined ? '' : clean(name), others]]).join('\n')
}
