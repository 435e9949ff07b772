// mesh id: what this peer is, and the line that brings another into its mesh.

import type { NodeInfo } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { skewText } from '../text/age.ts'
import { bytesText } from '../text/bytes.ts'
import { clean, table } from '../text/table.ts'

export async function id(session: Session): Promise<Exit> {
  const info = await session.ask(async (client) => client.info())
  await session.out.result(info, session.out.quiet ? info.peer : infoText(info))
  return 0
}

export function infoText(info: NodeInfo): string {
  return table([
    ['peer', info.peer],
    ['mesh', `${info.mesh} (${clean(info.name)}, ${info.admission === 'open' ? 'open to all' : 'by invitation'})`],
    ['role', info.leaving ? `${info.role}, leaving` : info.role],
    ['space', `${bytesText(info.usedBytes)} of ${bytesText(info.spaceBytes)} used, store ${info.store}`],
    ['pins', `${info.pins} in the mesh, ${info.holding} held here`],
    ...(info.clock.inDoubt ? [['clock', clockText(info.clock.offsetMs)]] : []),
    ...(info.keyLogForked ? [['key log', keyLogText]] : []),
    ['version', info.version],
    ...info.addresses.map((address) => ['address', address]),
    ...info.joinLines.map((line) => ['join with', line])
  ]).join('\n')
}

const keyLogText =
  'signed twice: peers go by the history they saw first, and no longer by the same (MESH_KEY_LOG_FORKED)'

/** `aheadMs` of the others; 0: they do not agree. */
function clockText(aheadMs: number): string {
  const how = aheadMs === 0 ? 'not that of the others' : skewText(-aheadMs)
  return `${how}: nothing lapses or is deleted here until it is right (MESH_CLOCK_SKEW)`
}
