// mesh ls: every pin, in the order of the store's index, streamed: a million of them need no more memory than ten.

import type { ListedPin, ListFilter } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { expiryText } from '../text/age.ts'
import { clean } from '../text/table.ts'

interface LsOptions {
  name?: string
  meta?: Record<string, string>
  slot?: string
  peer?: string
  /** Within so many ms; true: ever. */
  expiring?: number | true
}

export async function ls(session: Session, options: LsOptions): Promise<Exit> {
  const { out, world } = session
  await session.ask(async (client) => {
    for await (const pins of client.pins.ls(filterOf(options))) {
      await out.results(pins, (pin) => (out.quiet ? pin.cid : pinText(pin, Date.now())))
      world.signal.throwIfAborted()
    }
  })
  return 0
}

function filterOf({ name, meta, slot, peer, expiring }: LsOptions): ListFilter {
  return {
    ...(name === undefined ? {} : { name }),
    ...(meta === undefined ? {} : { meta }),
    ...(slot === undefined ? {} : { slot }),
    ...(peer === undefined ? {} : { peer }),
    ...(expiring === undefined ? {} : { expiringMs: expiring === true ? Number.MAX_SAFE_INTEGER : expiring })
  }
}

export function pinText(pin: ListedPin, now: number): string {
  const { cid, want, name, meta, expiry, slot, mode, priority, chosen } = pin
  const more = [
    slot === undefined ? '' : `[${slot}]`,
    name === undefined ? '' : clean(name),
    ...Object.entries(meta ?? {}).map(([key, value]) => clean(`${key}=${value}`)),
    mode === undefined ? '' : 'one block',
    chosen === undefined ? '' : `on ${chosen.map((peer) => peer.slice(-8)).join(',')}`,
    priority === undefined ? '' : `priority ${priority}`,
    expiry === undefined ? '' : expiryText(expiry, now)
  ]
  return [cid, want === 0 ? 'all' : `×${want}`, ...more.filter((text) => text !== '')].join('  ')
}
