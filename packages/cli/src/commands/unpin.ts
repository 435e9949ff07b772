// mesh unpin: ends one's own wishes; for the pin of another writer it asks, since that ends it for everybody.

import type { ApiClient } from '@pinmesh/api/client'
import type { MeshError } from '@pinmesh/node/mesh-error'
import { answersFor, cidGroups } from '../cids.ts'
import type { UnpinAnswer, UnpinOptions as PinUnpinOptions } from '@pinmesh/node'
import { confirm } from '../confirm.ts'
import type { Exit } from '../failure.ts'
import { usage } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { Tally } from '../tally.ts'
import { tellFailure } from './pin.ts'

interface UnpinOptions {
  yes?: boolean
  slot?: string
  allSlots?: boolean
}

export async function unpin(session: Session, args: string[], options: UnpinOptions): Promise<Exit> {
  const how = howOf(options)
  const groups = cidGroups(args, session.world.stdin)
  const tally = new Tally()
  const asking = session.interactive && !args.includes('-')
  await session.ask(async (client) => {
    for await (const group of groups) {
      const ask = (cids: string[]): Promise<Answer[]> => client.pins.rm(cids, how)
      for (const answer of await answersFor(group, ask)) {
        const last = asking && isOthers(answer) ? await again({ session, client, how }, answer) : answer
        if ('error' in last) {
          tally.failed(last.error.exit)
          await tellFailure(session, last)
        } else {
          tally.done()
          await session.out.result({ ...last, unpinned: true }, session.out.quiet ? last.cid : unpinnedText(last))
        }
      }
    }
  })
  return tally.exit
}

type Answer = UnpinAnswer | { cid: string; error: MeshError }

type UnpinHow = Omit<PinUnpinOptions, 'signal'>

function howOf({ yes = false, slot, allSlots = false }: UnpinOptions): UnpinHow {
  if (slot !== undefined && allSlots)
    throw usage('--slot names one slot and --all-slots all of them.', 'Give one of them.')
  return { yes, everySlot: allSlots, ...(slot === undefined ? {} : { slot }) }
}

function unpinnedText({ cid, slots = [] }: UnpinAnswer): string {
  const left = slots.map((slot) => (slot === '' ? 'without a slot' : `in slot ${slot}`)).join(', ')
  return left === '' ? `unpinned ${cid}` : `unpinned ${cid}; still pinned ${left}`
}

function isOthers(answer: Answer): answer is { cid: string; error: MeshError } {
  return 'error' in answer && answer.error.code === 'MESH_OTHERS_PIN'
}

async function again(
  { session, client, how }: { session: Session; client: ApiClient; how: UnpinHow },
  answer: { cid: string; error: MeshError }
): Promise<Answer> {
  if (!(await confirm(session.world, `${answer.error.message} Unpin it for everybody?`))) return answer
  const [second] = await client.pins.rm([answer.cid], { ...how, yes: true })
  return second ?? answer
}
