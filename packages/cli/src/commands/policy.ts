// mesh policy: what the mesh as a whole goes by. Only a peer with the root key can change it.

import type { MeshPolicy } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import { usage } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { table } from '../text/table.ts'
import { rootOptions, type RootFlags } from './trust.ts'

interface PolicyOptions extends RootFlags {
  admission?: 'open' | 'invite'
  replicas?: number
  trustedMin?: number
  profile?: 'lan' | 'wan' | 'test'
  protocolMin?: number
}

export async function showPolicy(session: Session): Promise<Exit> {
  await tell(session, await session.ask(async (client) => client.trust.policy()))
  return 0
}

export async function setPolicy(session: Session, options: PolicyOptions): Promise<Exit> {
  const change = changeOf(options)
  if (Object.keys(change).length === 0)
    throw usage('Nothing was named that should change.', 'See `mesh policy set --help`.')
  await tell(session, await session.ask(async (client) => client.trust.setPolicy(change, rootOptions(options))))
  if (change.admission === 'invite')
    session.out.talk(
      'Peers that nobody vouched for are no members any more:  mesh peers vouch <peer>  brings one back.'
    )
  if (change.profile !== undefined)
    session.out.talk('Running peers go on with the timings that they have: restart them, one after the other.')
  return 0
}

function changeOf({ admission, replicas, trustedMin, profile, protocolMin }: PolicyOptions): Partial<MeshPolicy> {
  return {
    ...(admission === undefined ? {} : { admission }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(trustedMin === undefined ? {} : { trustedMin }),
    ...(profile === undefined ? {} : { profile }),
    ...(protocolMin === undefined ? {} : { protocolMin })
  }
}

async function tell({ out }: Session, policy: MeshPolicy): Promise<void> {
  const { admission, replicas, trustedMin, profile, protocolMin } = policy
  const lines = table([
    ['admission', admission],
    ['replicas', replicas === 0 ? 'all' : String(replicas)],
    ['trusted min', String(trustedMin)],
    ['profile', profile],
    ['protocol min', String(protocolMin)]
  ])
  await out.result({ admission, replicas, trustedMin, profile, protocolMin }, lines.join('\n'))
}
