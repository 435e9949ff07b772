// mesh invite: one word to hand over. Whoever has it may use it, so it goes to stdout alone, and is not kept anywhere.

import type { InvitationInfo } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { table } from '../text/table.ts'
import { rootOptions, type RootFlags } from './trust.ts'

interface InviteOptions {
  writer?: boolean
  uses?: number
  /** ms */
  until?: number
}

export async function invite(session: Session, { writer, uses, until }: InviteOptions): Promise<Exit> {
  const { out } = session
  const made = await session.ask(async (client) =>
    client.trust.invite({
      ...(writer === undefined ? {} : { writer }),
      ...(uses === undefined ? {} : { uses }),
      ...(until === undefined ? {} : { validMs: until })
    })
  )
  const join = `mesh join ${made.invite}`
  await out.result({ ...made, join }, out.quiet ? made.invite : `${made.invite}\n\n${join}`)
  const times = made.uses === 1 ? 'One peer' : `${made.uses} peers`
  out.talk(
    `${times} may join with it until ${dayOf(made.until)}; it is known as ${made.id} here. Hand it over in private.`
  )
  if (made.writer)
    out.talk('Who joins with it holds content at once, and writes as soon as a peer with the root key has heard of it.')
  return 0
}

export async function listInvites(session: Session): Promise<Exit> {
  const { out } = session
  const all = await session.ask(async (client) => client.trust.invitations())
  const lines = table(all.map(rowOf))
  const texts = new Map(all.map((one, at) => [one, out.quiet ? one.id : lines[at]!]))
  await out.results(all, (one) => texts.get(one)!)
  return 0
}

export async function endInvite(session: Session, which: string, flags: RootFlags): Promise<Exit> {
  await session.ask(async (client) => client.trust.endInvitation(which, rootOptions(flags)))
  await session.out.result({ invite: which, ended: true }, 'Nobody can use that invitation any more.')
  return 0
}

function rowOf({ id, writer, uses, usedBy, until, state }: InvitationInfo): string[] {
  return [
    id,
    state,
    writer ? 'writer' : 'member',
    `${usedBy.length} of ${uses} used`,
    `until ${dayOf(until)}`,
    usedBy.join(' ')
  ]
}

function dayOf(wall: number): string {
  return `${new Date(wall).toISOString().slice(0, 16)}Z`
}
