// mesh retry: what has failed is tried at once, here and, where this peer may ask for it, everywhere.

import type { RetryAnswer } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import { parseCid } from '../parse/cid.ts'
import type { Session } from '../session.ts'
import { Tally } from '../tally.ts'
import { tellFailure } from './pin.ts'

interface RetryOptions {
  local?: boolean
}

export async function retry(session: Session, args: string[], { local = false }: RetryOptions): Promise<Exit> {
  const cids = args.length === 0 ? undefined : args.map((arg) => parseCid(arg))
  const { out, world } = session
  const tally = new Tally()
  let tried = 0
  await session.ask(async (client) => {
    for await (const group of client.pins.retry(cids, { local })) {
      for (const answer of group) {
        if ('error' in answer) {
          tally.failed(answer.error.exit)
          await tellFailure(session, answer)
        } else {
          tally.done()
          if (answer.here || answer.asked) tried++
          await out.result(answer, out.quiet ? answer.cid : retryText(answer))
        }
      }
      world.signal.throwIfAborted()
    }
  })
  if (tried === 0 && tally.exit === 0) out.talk(local ? 'Nothing has failed here.' : 'There is nothing to try again.')
  return tally.exit
}

function retryText({ cid, here, failed, asked }: RetryAnswer): string {
  const others = failed === 1 ? '1 other peer' : `${failed} other peers`
  const told = [
    here ? 'tried again here' : '',
    asked ? `${others} asked to try again` : '',
    failed > 0 && !asked ? `${others} failed too and will try in their time` : ''
  ].filter((text) => text !== '')
  return `${cid}  ${told.length === 0 ? 'has not failed' : told.join(', ')}`
}
