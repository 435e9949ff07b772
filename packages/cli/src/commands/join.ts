// mesh join: sets the home up if need be, learns the charter from the peer at the given address, and runs.

import type { Exit } from '../failure.ts'
import { parseBootstrap } from '../parse/multiaddr.ts'
import { serve } from '../serve.ts'
import type { Session } from '../session.ts'
import { readConfigFile } from '../config-file.ts'
import { type FlagTexts, settle } from '../settings-of.ts'

export interface JoinOptions extends FlagTexts {
  mesh?: string
}

export async function join(session: Session, address: string, options: JoinOptions): Promise<Exit> {
  const bootstrap = parseBootstrap(address)
  const settled = settle(options, session.world.env, await readConfigFile(session.home))
  const { space } = settled.options
  const { joinHome } = await session.world.loadNode()
  const { mesh } = await joinHome(
    {
      home: session.home,
      bootstrap,
      ...(options.mesh === undefined ? {} : { mesh: options.mesh }),
      ...(space === undefined ? {} : { spaceBytes: space })
    },
    session.world.signal
  )
  session.out.talk(`The mesh is ${mesh}.`)
  session.world.signal.throwIfAborted()
  return serve(session, settled, { awaitRole: true })
}
