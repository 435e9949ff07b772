// mesh start: runs the peer of this home in the foreground.

import type { Exit } from '../failure.ts'
import { serve } from '../serve.ts'
import type { Session } from '../session.ts'
import { readConfigFile } from '../config-file.ts'
import { type FlagTexts, settle } from '../settings-of.ts'

export async function start(session: Session, { salvage, ...flags }: FlagTexts & { salvage?: boolean }): Promise<Exit> {
  const settled = settle(flags, session.world.env, await readConfigFile(session.home))
  return serve(session, settled, { awaitRole: false, salvage: salvage === true })
}
