/**
 * Pins as a program asks for them: wishes become commands of the core, listings are read from the store's index.
 */
import { type PinReport, type PinWish, readPinRow } from '@pinmesh/core'
import { answers, bareCid, failureOf } from './answers.ts'
import { MeshError } from './mesh-error.ts'
import type { ListedPin, MeshPins, PeerStatus, PinAnswer, PinRequest, PinStatus, Refused } from './mesh-pins.ts'
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
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: requests.map((request) => wishOf(request)) })
    return answers(reply, 'pin')
  }

  async rm(
    cids: string[],
    options: { yes?: boolean; signal?: AbortSignal } = {}
  ): Promise<({ cid: string } | Refused)[]> {
    options.signal?.throwIfAborted()
    const reply = await this.#parts.shell.command({ do: 'unpin', cids: cids.map(bareCid), yes: options.yes === true })
    return answers(reply, 'unpin')
  }

  async *ls(): AsyncIterable<ListedPin[]> {
    for await (const rows of this.#parts.store.range('pin')) {
      const listed: ListedPin[] = []
      for (const row of rows) {
        const register = readPinRow(row)?.register
        if (register === undefined) continue
        listed.push({
          cid: register.cid.toString(),
          want: register.max,
          min: register.min,
          ...(register.name === undefined ? {} : { name: register.name }),
          ...(register.expiry === undefined ? {} : { expiry: register.expiry * 1000 }),
          ...(register.meta === undefined ? {} : { meta: Object.fromEntries(register.meta) })
        })
      }
      yield listed
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
    ...(request.anyway === undefined ? {} : { anyway: request.anyway })
  }
}

function statusOf(report: PinReport): PinStatus {
  return {
    cid: report.cid,
    ...(report.name === undefined ? {} : { name: report.name }),
    want: report.want,
    min: report.min,
    have: report.have,
    peers: report.peers.map((peer) => ({
      peer: peer.peer,
      state: stateOf(peer.state),
      since: peer.since,
      target: peer.target,
      ...(peer.reason === undefined ? {} : { reason: peer.reason })
    })),
    ...(report.expiry === undefined ? {} : { expiry: report.expiry * 1000 }),
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
