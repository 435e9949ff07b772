// mesh version: of the command and of the Node it runs on. No peer needs to run.

import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { version } from '../version.ts'

export async function showVersion(session: Session): Promise<Exit> {
  const node = process.versions.node
  await session.out.result({ version, node }, session.out.quiet ? version : `mesh ${version} on Node ${node}`)
  return 0
}
