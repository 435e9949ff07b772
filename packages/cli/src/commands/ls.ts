// mesh ls: every pin, in the order of the store's index, streamed: a million of them need no more memory than ten.

import type { ListedPin } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { clean } from '../text/table.ts'

export async function ls(session: Session): Promise<Exit> {
  const { out, world } = session
  await session.ask(async (client) => {
    for await (const pins of client.pins.ls()) {
      await out.results(pins, (pin) => (out.quiet ? pin.cid : pinText(pin)))
      world.signal.throwIfAborted()
    }
  })
  return 0
}

export function pinText({ cid, want, name, meta, expiry }: ListedPin): string {
  const more = [
    name === undefined ? '' : clean(name),
    ...Object.entries(meta ?? {}).map(([key, value]) => clean(`${key}=${value}`)),
    expiry === undefined ? '' : `until ${new Date(expiry).toISOString().slice(0, 16)}Z`
  ]
  return [cid, want === 0 ? 'all' : `×${want}`, ...more.filter((text) => text !== '')].join('  ')
}
