// mesh pin update: one CID in the place of another. The old one goes when enough peers hold the new one; until then both
// are pinned, whatever interrupts it, and the same command goes on from there.

import { MeshError } from '@pinmesh/node/mesh-error'
import type { UpdateStep } from '@pinmesh/node'
import { deadlineOf } from '../deadline.ts'
import type { Exit } from '../failure.ts'
import { parseCid } from '../parse/cid.ts'
import { parsePinPath } from '../parse/content-path.ts'
import type { Session } from '../session.ts'
import { copiesText } from '../text/pins.ts'
import { wishOf } from './pin.ts'
import type { PinOptions } from './pin.ts'

interface PinUpdateOptions extends PinOptions {
  spread?: boolean
  yes?: boolean
}

export async function updatePin(session: Session, from: string, to: string, options: PinUpdateOptions): Promise<Exit> {
  const { spread = false, yes = false, wait, timeout, ...rest } = options
  const { slot, ...terms } = wishOf(rest)
  const [old, cid] = [parseCid(from), parsePinPath(to)]
  const { out, world } = session
  const deadline = deadlineOf(world.signal, timeout)
  const how = { terms, spread, yes, signal: deadline.signal }
  const more = { ...(slot === undefined ? {} : { slot }), ...(wait === undefined ? {} : { held: wait }) }
  let last: UpdateStep | undefined
  let begun = false
  try {
    await session.ask(async (client) => {
      for await (const step of client.pins.update(old, cid, { ...how, ...more })) {
        last = step
        begun ||= !step.done
        out.draw(`${step.cid}  ${step.have} of ${step.needed} copies`)
        if (out.json) await out.result(step, '')
      }
    })
  } catch (error) {
    out.draw('')
    if (last !== undefined && !last.done) out.talk(`Both stay pinned; the same command goes on from there.`)
    throw error
  } finally {
    deadline.clear()
  }
  out.draw('')
  if (last?.done !== true) throw new MeshError('MESH_API_GONE', 'The peer hung up before it was done.', goOn)
  if (!out.json) await out.result(last, out.quiet ? last.cid : begun ? doneText(last) : thereText(last))
  return 0
}

const goOn = { remedy: 'Both stay pinned; repeat the command to go on.' }

function doneText({ old, cid, have }: UpdateStep): string {
  return `pinned ${cid} in the place of ${old}, with ${copiesText(have)}`
}

/** The same update was brought to its end before. */
function thereText({ old, cid }: UpdateStep): string {
  return `pinned ${cid} in the place of ${old} before; nothing was to be done`
}
