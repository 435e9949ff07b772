// mesh du: what takes the budget of the peer. Pins count whole; what several of them share is on disk once, so their sum
// may be more than what is used.

import type { PinUse, SpaceUse } from '@pinmesh/node'
import type { Exit } from '../failure.ts'
import type { Session } from '../session.ts'
import { bytesText } from '../text/bytes.ts'
import { pinsText } from '../text/pins.ts'
import { table } from '../text/table.ts'

interface DuOptions {
  pins?: boolean
}

export async function du(session: Session, { pins = false }: DuOptions): Promise<Exit> {
  const { out, world } = session
  await session.ask(async (client) => {
    if (!pins) {
      const use = await client.content.space()
      return out.result(use, out.quiet ? bytesText(use.usedBytes) : useText(use))
    }
    for await (const uses of client.content.spaceOfPins()) {
      await out.results(uses, (use) => (out.quiet ? `${use.cid}  ${use.bytes}` : pinText(use)))
      world.signal.throwIfAborted()
    }
  })
  return 0
}

function useText(use: SpaceUse): string {
  const { budgetBytes, usedBytes, reservedBytes, held, trash, limbo, copies } = use
  const share = budgetBytes === 0 ? 100 : Math.round((usedBytes / budgetBytes) * 100)
  const shared = held.bytes + trash.bytes + limbo.bytes + copies.bytes - usedBytes
  const kinds = Object.entries({ held, trash, limbo, copies }).filter(([name, { pins }]) => name === 'held' || pins > 0)
  const rows = kinds.map(([name, { pins, bytes }]) => [name, bytesText(bytes), pinsText(pins), meanings[name] ?? ''])
  if (reservedBytes > 0) rows.push(['reserved', bytesText(reservedBytes), '', 'for what is being fetched'])
  if (shared > 0)
    rows.push(['shared', `-${bytesText(shared)}`, '', 'what several of them have in common is there once'])
  return [`${bytesText(usedBytes)} of ${bytesText(budgetBytes)} used, ${share} %`, ...table(rows)].join('\n')
}

const meanings: Readonly<Record<string, string>> = {
  trash: 'unpinned or let go; `mesh gc` empties it',
  limbo: 'their writer was removed; kept for the owner',
  copies: 'added without a pin, or left by a crash; `mesh gc` deletes them'
}

function pinText({ cid, bytes, state }: PinUse): string {
  return `${cid}  ${bytesText(bytes)}${state === 'held' ? '' : `  ${state}`}`
}
