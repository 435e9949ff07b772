// mesh peers: who is in the mesh and how they are.

import type { PeerInfo } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { ageText, skewText } from '../text/age.ts'
import { clean, table } from '../text/table.ts'

export async function peers(session: Session): Promise<Exit> {
  const all = await session.ask(async (client) => client.peers())
  const lines = table(all.map((one) => rowOf(one, Date.now())))
  const texts = new Map(all.map((one, at) => [one, session.out.quiet ? one.peer : lines[at]!]))
  await session.out.results(all, (one) => texts.get(one)!)
  return 0
}

function rowOf(one: PeerInfo, now: number): string[] {
  const roles = [
    one.class,
    one.writer ? 'writer' : '',
    one.leaving ? 'leaving' : '',
    one.self ? 'this peer' : ''
  ].filter((text) => text !== '')
  const free = one.spaceFree === undefined ? '' : `${Math.round(one.spaceFree * 100)} % free`
  const state = one.since === undefined ? one.state : `${one.state} ${ageText(one.since, now)}`
  return [
    one.peer,
    state,
    roles.join(', '),
    one.backend,
    one.store === 'ok' ? free : `store ${one.store}`,
    one.clockAheadMs === undefined ? '' : `clock ${skewText(one.clockAheadMs)}`,
    clean(one.version)
  ]
}
