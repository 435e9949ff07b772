// mesh start: runs the peer of this home in the foreground.

import type { Exit } from '../failure.ts'
import { serve } from '../serve.ts'
import type { PeerOptions } from '../serve.ts'
import type { Session } from '../session.ts'

export async function start(session: Session, options: PeerOptions): Promise<Exit> {
  return serve(session, options, { awaitRole: false })
}
