/**
 * Pins as a program asks for them: wishes become commands of the core, listings are read from the store's index.
 */
import { type PinReport, type PinWish, priorityNormal, readPinRow, type StoredPin } from '@pinmesh/core'
import { parseAddress } from '@pinmesh/transport'
import { answers, bareCid, failureOf } from './answers.ts'
import { meshErrorOf } from './errors.ts'
import { MeshError } from './mesh-error.ts'
import type {
  ListedPin,
  MeshPins,
  PeerStatus,
  PinAnswer,
  PinRequest,
  PinStatus,
  Refused,
  UnpinAnswer,
  UnpinOptions
} from './mesh-pins.ts'
import { pause } from './pause.ts'
import type { PeerParts } from './peer.ts'

/** How often a waiting caller looks whether a pin's status has changed. */
const lookEveryMs = 100

export class PeerPins implements MeshPins {
  readonly #parts: PeerParts

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  async add(requests: PinRequest[], signal?: AbortSignal): Promise<(PinAnswer | Refused)[]> {
    signal?.throwIfAborted()
    const wishes = requests.map((request) => wishOrRefusal(request))
    const good = wishes.filter((wish) => !('error' in wish))
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: good })
    const given = answers<PinAnswer>(reply, 'pin')[Symbol.iterator]()
    return wishes.map((wish) => ('error' in wish ? wish : (given.next().value as PinAnswer | Refused)))
  }

  async rm(cids: string[], options: UnpinOptions = {}): Promise<(UnpinAnswer | Refused)[]> {
    const { yes = false, slot, everySlot = false, signal } = options
    signal?.throwIfAborted()
    const how = { yes, everySlot, ...(slot === undefined ? {} : { slot }) }
    const reply = await this.#parts.shell.command({ do: 'unpin', cids: cids.map(bareCid), ...how })
    return answers(reply, 'unpin')
  }

  async *ls(): AsyncIterable<ListedPin[]> {
    for await (const rows of this.#parts.store.range('pin')) {
      yield rows.flatMap((row) => {
        const pin = readPinRow(row)
        return pin === undefined ? [] : listedOf(pin)
      })
    }
  }

  async status(cid: string): Promise<PinStatus> {
    const reply = await this.#parts.shell.command({ do: 'status', cid: bareCid(cid) })
    if (reply.of !== 'status') throw failureOf(reply)
    return statusOf(reply.report)
  }

  async *statuses(): AsyncIterable<PinStatus> {
    for await (const pins of this.ls()) {
      for (const pin of pins) {
        try {
          yield await this.status(pin.cid)
        } catch (error) {
          // Unpinned since the index was read.
          if (!(error instanceof MeshError) || error.code !== 'MESH_NOT_PINNED') throw error
        }
      }
    }
  }

  async *waitFor(cid: string, holders: number, signal: AbortSignal): AsyncIterable<PinStatus> {
    let last = ''
    while (true) {
      signal.throwIfAborted()
      const status = await this.status(cid)
      const text = JSON.stringify(status)
      if (text !== last) yield status
      last = text
      if (status.have >= holders) return
      await pause(lookEveryMs, signal)
    }
  }
}

export function wishOf(request: PinRequest): PinWish {
  const max = request.replicas === 'all' ? 0 : request.replicas
  const meta =
    request.meta === undefined ? undefined : Object.entries(request.meta).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    cid: bareCid(request.cid),
    ...(max === undefined ? {} : { max }),
    ...(request.min === undefined ? {} : { min: request.min }),
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(meta === undefined ? {} : { meta }),
    ...(request.expireInMs === undefined ? {} : { expiry: Math.ceil((Date.now() + request.expireInMs) / 1000) }),
    ...(request.mode === undefined ? {} : { mode: request.mode }),
    ...(request.chosen === undefined ? {} : { chosen: request.chosen }),
    ...(request.priority === undefined ? {} : { priority: request.priority }),
    ...(request.origins === undefined ? {} : { origins: request.origins }),
    ...(request.slot === undefined ? {} : { slot: request.slot }),
    ...(request.anyway === undefined ? {} : { anyway: request.anyway })
  }
}

/** MESH_BAD_ADDRESS for an origin that is none. */
function wishOrRefusal(request: PinRequest): PinWish | Refused {
  try {
    for (const origin of request.origins ?? []) parseAddress(origin)
  } catch (error) {
    return { cid: request.cid, error: meshErrorOf(error) }
  }
  return wishOf(request)
}

function listedOf({ slot, register }: StoredPin): ListedPin {
  const { cid, max, min, name, expiry, meta, mode, priority, chosen, origins } = register
  return {
    cid: cid.toString(),
    want: max,
    min,
    ...(name === undefined ? {} : { name }),
    ...(expiry === undefined ? {} : { expiry: expiry * 1000 }),
    ...(meta === undefined ? {} : { meta: Object.fromEntries(meta) }),
    ...(slot === '' ? {} : { slot }),
    ...(mode === 'direct' ? { mode } : {}),
    ...(priority === priorityNormal ? {} : { priority }),
    ...(chosen === undefined ? {} : { chosen: [...chosen] }),
    ...(origins === undefined ? {} : { origins: [...origins] })
  }
}

function statusOf(report: PinReport): PinStatus {
  return {
    cid: report.cid,
    ...(report.name === undefined ? {} : { name: report.name }),
    want: report.want,
    min: report.min,
    ...(report.everywhere === true ? { everywhere: true } : {}),
    ...(report.slots === undefined ? {} : { slots: [...report.slots] }),
    have: report.have,
    peers: report.peers.map((peer) => ({
      peer: peer.peer,
      state: stateOf(peer.state),
      since: peer.since,
      target: peer.target,
      ...(peer.reason === undefined ? {} : { reason: peer.reason })
    })),
    ...(report.expiry === undefined ? {} : { expiry: report.expiry * 1000 }),
    ...(report.expired === true ? { expired: true } : {}),
    ...(report.limbo ? { limbo: true } : {})
  }
}

function stateOf(state: PinReport['peers'][number]['state']): PeerStatus['state'] {
  switch (state) {
    case 'promised':
      return 'held'
    case 'unreachable':
    case 'no-space':
    case 'back-end':
    case 'refused':
      return 'failed'
    default:
      return state
  }
}
