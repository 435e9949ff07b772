// mesh limbo: what to do with the pins of writers that were removed.

import type { LimboPin } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import { parseCid } from '../parse/cid.ts'
import { parsePeer } from '../parse/peer.ts'
import type { Session } from '../session.ts'
import { clean } from '../text/table.ts'
import { type RemoveOptions, rootOptions, sure } from './trust.ts'

export async function listLimbo(session: Session): Promise<Exit> {
  const { out, world } = session
  await session.ask(async (client) => {
    for await (const pins of client.trust.limbo()) {
      await out.results(pins, (pin) => (out.quiet ? pin.cid : pinText(pin)))
      world.signal.throwIfAborted()
    }
  })
  return 0
}

export async function adoptLimbo(session: Session, args: string[]): Promise<Exit> {
  const cids = args.map((arg) => parseCid(arg))
  const { adopted } = await session.ask(async (client) => client.trust.adoptLimbo(cids.length === 0 ? undefined : cids))
  await session.out.result({ adopted }, `${adopted} ${adopted === 1 ? 'pin is' : 'pins are'} wanted again.`)
  return 0
}

export async function dropLimbo(session: Session, arg: string | undefined, options: RemoveOptions): Promise<Exit> {
  const peer = arg === undefined ? undefined : parsePeer(arg)
  const whose = peer ?? 'any writer that was removed'
  await sure(session, options, `Keep nothing any more of what ${whose} wanted?`)
  const { writers } = await session.ask(async (client) => client.trust.dropLimbo(peer, rootOptions(options)))
  const nothing = 'There is no removed writer of whom anything was kept.'
  const gone = 'It goes, after the time that everything spends in the trash.'
  await session.out.result({ writers }, writers.length === 0 ? nothing : gone)
  return 0
}

function pinText({ cid, name, want, writer, held, keptUntil }: LimboPin): string {
  const until = keptUntil === undefined ? '' : `kept until ${new Date(keptUntil).toISOString().slice(0, 16)}Z`
  const parts = [
    cid,
    want === 0 ? 'all' : `×${want}`,
    clean(name ?? ''),
    `of ${writer}`,
    held ? 'held here' : '',
    until
  ]
  return parts.filter((part) => part !== '').join('  ')
}
