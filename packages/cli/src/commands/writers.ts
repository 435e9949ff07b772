// mesh writers: who may change the pinset. Only a peer with the root key can change that.

import type { WriterInfo } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import { parsePeer } from '../parse/peer.ts'
import type { Session } from '../session.ts'
import { table } from '../text/table.ts'
import { type RemoveOptions, rootOptions, type RootFlags, sure } from './trust.ts'

export async function listWriters(session: Session): Promise<Exit> {
  const { out } = session
  const all = await session.ask(async (client) => client.trust.writers())
  const lines = table(all.map((one) => [one.peer, `writer ${one.writer}`, one.removed ? 'removed' : roleOf(one)]))
  const texts = new Map(all.map((one, at) => [one, out.quiet ? one.peer : lines[at]!]))
  await out.results(all, (one) => texts.get(one)!)
  return 0
}

export interface AddWriterOptions extends RootFlags {
  mayInvite?: boolean
}

export async function addWriter(session: Session, arg: string, flags: AddWriterOptions): Promise<Exit> {
  const peer = parsePeer(arg)
  const { writer } = await session.ask(async (client) =>
    client.trust.addWriter(peer, { ...rootOptions(flags), ...(flags.mayInvite === true ? { mayInvite: true } : {}) })
  )
  await session.out.result({ peer, writer }, `${peer} may change the pinset now, as writer ${writer}.`)
  return 0
}

export async function removeWriter(session: Session, arg: string, options: RemoveOptions): Promise<Exit> {
  const peer = parsePeer(arg)
  await sure(session, options, `Void all that ${peer} ever wrote?`)
  const { writer } = await session.ask(async (client) => client.trust.removeWriter(peer, rootOptions(options)))
  await session.out.result({ peer, writer, removed: true }, `${peer} writes no longer, and what it wrote is void.`)
  return 0
}

function roleOf({ mayInvite }: WriterInfo): string {
  return mayInvite ? 'may invite' : ''
}
