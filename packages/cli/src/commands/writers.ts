// mesh writers add: lets a peer change the pinset. Only the peer with the root key can do it.

import type { Exit } from '../failure.ts'
import { parsePeer } from '../parse/peer.ts'
import type { Session } from '../session.ts'

export async function addWriter(session: Session, arg: string): Promise<Exit> {
  const peer = parsePeer(arg)
  const { writer } = await session.ask(async (client) => client.trust.addWriter(peer))
  await session.out.result({ peer, writer }, `${peer} may change the pinset now, as writer ${writer}.`)
  return 0
}
