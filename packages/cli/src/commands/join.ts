// mesh join: sets the home up if need be, learns the charter from the peer at the given address, and runs.

import type { Exit } from '../failure.ts'
import { parseBootstrap } from '../parse/multiaddr.ts'
import { usage } from '../parse/refuse.ts'
import { serve } from '../serve.ts'
import type { Session } from '../session.ts'
import { readConfigFile } from '../config-file.ts'
import { type FlagTexts, settle } from '../settings-of.ts'

interface JoinOptions extends FlagTexts {
  mesh?: string
  invite?: string
}

/** `where`: an address, or an invitation, which says itself whom to call. */
export async function join(session: Session, where: string, options: JoinOptions): Promise<Exit> {
  const word = where.trim()
  const invited = word.startsWith('z') // no address does
  if (invited && options.invite !== undefined) throw usage('There are two invitations.', 'Give one of them.')
  const bootstrap = invited ? undefined : parseBootstrap(word)
  const invite = invited ? word : options.invite
  const settled = settle(options, session.world.env, await readConfigFile(session.home))
  const { space, kubo, sharedBackend } = settled.options
  const { joinHome } = await session.world.loadNode()
  const { mesh } = await joinHome({
    home: session.home,
    signal: session.world.signal,
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(invite === undefined ? {} : { invite }),
    ...(options.mesh === undefined ? {} : { mesh: options.mesh }),
    ...(space === undefined ? {} : { spaceBytes: space }),
    ...(kubo === undefined ? {} : { kubo }),
    ...(sharedBackend === undefined ? {} : { sharedBackend })
  })
  session.out.talk(`The mesh is ${mesh}.`)
  session.world.signal.throwIfAborted()
  return serve(session, settled, { awaitRole: true })
}
