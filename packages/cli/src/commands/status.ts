// mesh status: who holds a pin, who fetches it, who failed and why; without a CID one line for every pin.

import type { PeerStatus, PinStatus, StatusFilter } from '@pinmesh/node'
import { healthOf } from '@pinmesh/node/pin-health'
import type { Exit } from '../failure.ts'
import { parseCid } from '../parse/cid.ts'
import { usage } from '../parse/refuse.ts'
import type { Session } from '../session.ts'
import { ageText, expiryText } from '../text/age.ts'
import { copiesText } from '../text/pins.ts'
import { clean, table } from '../text/table.ts'

type ShownState = 'holding' | 'fetching' | 'queued' | 'failed' | 'leaving'

interface ShownPeer {
  peer: string
  state: ShownState
  /** Wall clock, ms. */
  since?: number
  reason?: string
  target: boolean
}

interface ShownStatus extends Omit<PinStatus, 'peers'> {
  peers: ShownPeer[]
}

interface StatusOptions {
  filter?: StatusFilter[]
  local?: boolean
}

export async function status(session: Session, arg: string | undefined, options: StatusOptions = {}): Promise<Exit> {
  const { filter, local = false } = options
  if (arg !== undefined && (filter !== undefined || local))
    throw usage('--filter and --local choose among all pins.', 'Leave them out, or the CID.')
  const cid = arg === undefined ? undefined : parseCid(arg)
  await session.ask(async (client) => {
    if (cid !== undefined) {
      const one = shownStatus(await client.pins.status(cid))
      await session.out.result(one, statusText(one, Date.now()))
      return
    }
    for await (const one of client.pins.statuses({ local, ...(filter === undefined ? {} : { filter }) })) {
      await session.out.result(shownStatus(one), session.out.quiet ? one.cid : lineText(one, local))
      session.world.signal.throwIfAborted()
    }
  })
  return 0
}

/** As people and programs see it: a peer that is wanted but has said nothing yet counts as queued, others who say nothing are left out. */
export function shownStatus(status: PinStatus): ShownStatus {
  return { ...status, peers: status.peers.filter(({ state, target }) => state !== 'none' || target).map(shownPeer) }
}

function shownPeer({ peer, state, since, reason, target }: PeerStatus): ShownPeer {
  const why = state === 'none' ? 'it has not said anything about this pin yet' : reason
  return {
    peer,
    state: state === 'held' ? 'holding' : state === 'none' ? 'queued' : state,
    ...(since === undefined ? {} : { since }),
    ...(why === undefined ? {} : { reason: why }),
    target
  }
}

export function statusText(status: ShownStatus, now: number): string {
  const { cid, name, have, want, min, trusted, limbo, everywhere, slots, expiry } = status
  const rows = status.peers.map(({ peer, state, since, reason, target }) => {
    const age = since === undefined ? '' : ageText(since, now)
    const why = [reason === undefined ? '' : clean(reason), target ? '' : 'beyond what is wanted'].filter(
      (text) => text !== ''
    )
    return [`  ${peer}`, state, age, why.join('; ')]
  })
  const head = name === undefined ? cid : `${cid}  ${clean(name)}`
  const voided = limbo === true ? '\nVoided by the removal of its writer; kept for the owner.' : ''
  const more = [
    everywhere === true ? ', on every peer' : '',
    slots === undefined ? '' : `\nslots: ${slots.map((slot) => (slot === '' ? 'none' : slot)).join(', ')}`,
    expiry === undefined ? '' : `\n${expiryText(expiry, now)}`
  ]
  const onTrusted = trusted === undefined ? '' : `, on trusted peers ${trusted.have} of ${trusted.want}`
  const copies = limbo === true ? copiesText(have) : `${have} of ${want} copies, at least ${min}${onTrusted}`
  return [`${head}\n${copies}${more.join('')}${voided}`, ...table(rows)].join('\n')
}

function healthText(status: PinStatus): string {
  const health = healthOf(status)
  if (health === 'few' && status.have >= status.want) return 'few trusted'
  return health === 'at-risk' ? 'at risk' : health
}

function lineText(status: PinStatus, local: boolean): string {
  const { cid, have, want, name } = status
  const told = [cid, `${have}/${want}`, healthText(status)]
  const [own] = local ? shownStatus(status).peers : []
  if (own !== undefined) told.push(`${own.state} here${own.reason === undefined ? '' : `: ${clean(own.reason)}`}`)
  return [...told, name === undefined ? '' : clean(name)].join('  ').trimEnd()
}
