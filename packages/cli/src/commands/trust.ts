// mesh peers vouch, withdraw, rm: who belongs to the mesh. Only a peer with the root key can do it.

import { confirm } from '../confirm.ts'
import type { Exit } from '../failure.ts'
import { parsePeer } from '../parse/peer.ts'
import { usage } from '../parse/refuse.ts'
import type { Session } from '../session.ts'

export interface RootFlags {
  anyway?: boolean
}

export interface RemoveOptions extends RootFlags {
  yes?: boolean
}

export async function vouch(session: Session, arg: string, flags: RootFlags): Promise<Exit> {
  const peer = parsePeer(arg)
  await session.ask(async (client) => client.trust.vouch(peer, rootOptions(flags)))
  await session.out.result({ peer, class: 'trusted' }, `${peer} is trusted now.`)
  return 0
}

export async function withdraw(session: Session, arg: string, flags: RootFlags): Promise<Exit> {
  const peer = parsePeer(arg)
  await session.ask(async (client) => client.trust.withdraw(peer, rootOptions(flags)))
  await session.out.result({ peer, withdrawn: true }, `${peer} is trusted no longer.`)
  return 0
}

export async function removePeer(session: Session, arg: string, options: RemoveOptions): Promise<Exit> {
  const peer = parsePeer(arg)
  await session.ask(async (client) => {
    await sure(session, options, `Put ${peer} out of the mesh? Its copies will count for nothing.`)
    await client.trust.removePeer(peer, rootOptions(options))
    await session.out.result({ peer, removed: true }, `${peer} is out of the mesh; its copies are made anew elsewhere.`)
    const writes = (await client.trust.writers()).some((one) => one.peer === peer && !one.removed)
    if (writes) session.out.talk(`What it wrote stands, and it may still write: to end that,  mesh writers rm ${peer}`)
  })
  return 0
}

export function rootOptions({ anyway }: RootFlags): { anyway?: boolean } {
  return anyway === true ? { anyway } : {}
}

/** What cannot be taken back is asked for, or said with --yes. MESH_USAGE. */
export async function sure(session: Session, { yes }: { yes?: boolean }, question: string): Promise<void> {
  if (yes === true) return
  if (!session.interactive) throw usage('It was not said that you are sure.', 'Add --yes.')
  if (!(await confirm(session.world, question))) throw usage('Nothing was changed.', 'Answer y to go on.')
}
