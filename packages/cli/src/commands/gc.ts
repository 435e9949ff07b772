// mesh gc: gives room back. What may go is for the peer to say; here it is told what went, and what stays and why.

import type { Collected, GcProgress } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { bytesText } from '../text/bytes.ts'
import { copiesText, pinsText } from '../text/pins.ts'

interface GcOptions {
  now?: boolean
}

export async function gc(session: Session, { now = false }: GcOptions): Promise<Exit> {
  const { out } = session
  await session.ask(async (client) => {
    const onProgress = ({ detail }: GcProgress): void => out.draw(`${pinsText(detail.deleted)} deleted`)
    const collected = await client.content.gc({ now, onProgress })
    if (out.lively) out.draw('')
    await out.result(collected, out.quiet ? bytesText(collected.freedBytes) : collectedText(collected))
    for (const stay of collected.stays) out.talk(stayText(stay))
  })
  return 0
}

function collectedText({ pins, copies, freedBytes }: Collected): string {
  if (pins + copies === 0) return `freed ${bytesText(freedBytes)}`
  const what = [
    pins === 0 ? '' : `${pinsText(pins)} out of the trash`,
    copies === 0 ? '' : `${copiesText(copies)} that no pin asked for`
  ]
  return `freed ${bytesText(freedBytes)}: ${what.filter((text) => text !== '').join(', ')}`
}

function stayText({ why, pins, bytes, until }: Collected['stays'][number]): string {
  const when = until === undefined ? '' : ` until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const because = {
    promised: `promised to others${when}`,
    'trash-time': `their time in the trash is not over${when}; --now does not wait for it`,
    'out-of-step': 'this peer is not in step with the others now; it goes on by itself once it is',
    failed: 'the back end could not delete them; it is tried again'
  }[why]
  return `${pinsText(pins)}, ${bytesText(bytes)}, in the trash: ${because}.`
}
