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

interface AddWriterOptions extends RootFlags {
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

interface RemoveWriterOptions extends RemoveOptions {
  adopt?: boolean
}

export async function removeWriter(session: Session, arg: string, options: RemoveWriterOptions): Promise<Exit> {
  const peer = parsePeer(arg)
  const adopt = options.adopt === true
  await sure(session, options, `Void all that ${peer} ever wrote${adopt ? ', and keep its pins as yours' : ''}?`)
  const root = { ...rootOptions(options), ...(adopt ? { adopt } : {}) }
  const { writer, adopted } = await session.ask(async (client) => client.trust.removeWriter(peer, root))
  const text = adopt ? `; ${adopted} of its wishes are this peer's now` : ''
  await session.out.result({ peer, writer, removed: true, adopted }, `${peer} writes no longer${text}.`)
  if (!adopt) session.out.talk('What it alone wanted is kept for a while: see  mesh limbo ls')
  return 0
}

function roleOf({ mayInvite }: WriterInfo): string {
  return mayInvite ? 'may invite' : ''
}
