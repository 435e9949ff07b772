// mesh unpin: ends one's own wishes; for the pin of another writer it asks, since that ends it for everybody.

import type { ApiClient } from '@pinmesh/api/client'
import type { MeshError } from '@pinmesh/node/mesh-error'
import { answersFor, cidGroups } from '../cids.ts'
import { confirm } from '../confirm.ts'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { Tally } from '../tally.ts'
import { tellFailure } from './pin.ts'

export interface UnpinOptions {
  yes?: boolean
}

export async function unpin(session: Session, args: string[], options: UnpinOptions): Promise<Exit> {
  const groups = cidGroups(args, session.world.stdin)
  const tally = new Tally()
  const asking = session.interactive && !args.includes('-')
  await session.ask(async (client) => {
    for await (const group of groups) {
      const ask = (cids: string[]): Promise<Answer[]> =>
        client.pins.rm(cids, { yes: options.yes === true, signal: session.world.signal })
      for (const answer of await answersFor(group, ask)) {
        const last = asking && isOthers(answer) ? await again(session, client, answer) : answer
        if ('error' in last) {
          tally.failed(last.error.exit)
          await tellFailure(session, last)
        } else {
          tally.done()
          const { cid } = last
          await session.out.result({ cid, unpinned: true }, session.out.quiet ? cid : `unpinned ${cid}`)
        }
      }
    }
  })
  return tally.exit
}

type Answer = { cid: string } | { cid: string; error: MeshError }

function isOthers(answer: Answer): answer is { cid: string; error: MeshError } {
  return 'error' in answer && answer.error.code === 'MESH_OTHERS_PIN'
}

async function again(session: Session, client: ApiClient, answer: { cid: string; error: MeshError }): Promise<Answer> {
  if (!(await confirm(session.world, `${answer.error.message} Unpin it for everybody?`))) return answer
  const [second] = await client.pins.rm([answer.cid], { yes: true, signal: session.world.signal })
  return second ?? answer
}
