/**
 * From requests for pins to wishes that the core understands. A request may name a part below a CID by its path; then that part
 * is looked up, in local blocks or at other peers, and pinned by the CID it has now.
 */
import type { PinWish } from '@pinmesh/core'
import { parseAddress } from '@pinmesh/transport'
import { bareCid } from './answers.ts'
import { meshErrorOf } from './errors.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshPins, PinRequest, Refused } from './mesh-pins.ts'
import type { PeerParts } from './peer.ts'
import { readOptions, resolved } from './reading.ts'

/** How long a path may be looked for. */
const resolveMaxMs = 30_000

export interface Wish {
  readonly wish: PinWish
  /** as it was asked for, where that named a part below a CID */
  readonly path?: string
}

export class Wishes {
  readonly #parts: PeerParts
  readonly #pins: Pick<MeshPins, 'status'>

  constructor(parts: PeerParts, pins: Pick<MeshPins, 'status'>) {
    this.#parts = parts
    this.#pins = pins
  }

  /** The wish of a request, what lies below a CID found; or why there can be none. */
  async of(request: PinRequest, signal: AbortSignal | undefined): Promise<Wish | Refused> {
    try {
      for (const origin of request.origins ?? []) parseAddress(origin)
      if (belowCid(request.cid) === undefined) return { wish: wishOf(request) }
      return { wish: wishOf({ ...request, cid: await this.cidOf(request.cid, signal) }), path: request.cid }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      return { cid: request.cid, error: meshErrorOf(error) }
    }
  }

  /** The CID at a path below another. MESH_PATH_MISSING, MESH_CONTENT_UNREACHABLE. */
  async cidOf(text: string, signal: AbortSignal | undefined): Promise<string> {
    const at = belowCid(text)
    if (at === undefined) return bareCid(text)
    const late = AbortSignal.timeout(resolveMaxMs)
    const either = signal === undefined ? late : AbortSignal.any([signal, late])
    try {
      const port = await readOptions(this.#parts, this.#pins, { cid: at.cid, signal: either })
      return await resolved(this.#parts.content, at, port)
    } catch (error) {
      throw late.aborted ? unreachable(text) : error
    }
  }
}

export function wishOf(request: PinRequest): PinWish {
  const max = request.replicas === 'all' ? 0 : request.replicas
  return {
    cid: bareCid(request.cid),
    ...(max === undefined ? {} : { max }),
    ...(request.min === undefined ? {} : { min: request.min }),
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(request.meta === undefined ? {} : { meta: Object.entries(request.meta) }),
    ...(request.expireInMs === undefined ? {} : { expiry: Math.ceil((Date.now() + request.expireInMs) / 1000) }),
    ...(request.mode === undefined ? {} : { mode: request.mode }),
    ...(request.chosen === undefined ? {} : { chosen: request.chosen }),
    ...(request.priority === undefined ? {} : { priority: request.priority }),
    ...(request.origins === undefined ? {} : { origins: request.origins }),
    ...(request.slot === undefined ? {} : { slot: request.slot }),
    ...(request.anyway === undefined ? {} : { anyway: request.anyway })
  }
}

/** The CID and the path below it, of `<cid>/a/b` or `/ipfs/<cid>/a/b`; undefined where nothing below is named. */
function belowCid(text: string): { cid: string; path: string } | undefined {
  const [, cid, path = ''] = /^(?:\/ipfs\/)?([^/]+)\/(.+?)\/?$/s.exec(text) ?? []
  return cid === undefined || path === '' ? undefined : { cid: bareCid(cid), path }
}

function unreachable(text: string): MeshError {
  return new MeshError('MESH_CONTENT_UNREACHABLE', `No peer gave what leads to ${text.slice(0, 200)} in time.`, {
    remedy: 'Pin the CID itself, or try again when a peer that holds it is there.'
  })
}
