/**
 * Pins as a program asks for them: wishes become commands of the core, listings are read from the store's index.
 */
import { setImmediate } from 'node:timers/promises'
import { type PinReport, priorityNormal, readPinRow, type Reply, type StoredPin } from '@pinmesh/core'
import { answers, bareCid, failureOf } from './answers.ts'
import type { CallOptions } from './mesh-call.ts'
import { MeshError } from './mesh-error.ts'
import type {
  ListedPin,
  ListFilter,
  MeshPins,
  PeerStatus,
  PinAnswer,
  PinRequest,
  PinStatus,
  Refused,
  RetryAnswer,
  RetryOptions,
  StatusOptions,
  UnpinAnswer,
  UnpinOptions,
  UpdateOptions,
  UpdateStep
} from './mesh-pins.ts'
import { abortableSource, pause } from './pause.ts'
import type { PeerParts } from './peer.ts'
import { FinishedUpdates, updatePin } from './pin-update.ts'
import { type Wish, Wishes } from './pin-wishes.ts'
import { listPasses, statusPasses } from './pin-filters.ts'

/** How often a waiting caller looks whether a pin's status has changed. */
const lookEveryMs = 100
/** Paths looked up at once. */
const resolvesMax = 16
/** A listing gives way to other work after this time. */
const turnMs = 5
/** Leaves asked for while one is read: their rows come from the disk. */
const leavesAhead = 16

export class PeerPins implements MeshPins {
  readonly #parts: PeerParts
  readonly #wishes: Wishes
  readonly #finished = new FinishedUpdates()

  constructor(parts: PeerParts) {
    this.#parts = parts
    this.#wishes = new Wishes(parts, this)
  }

  async add(requests: PinRequest[], { signal }: CallOptions = {}): Promise<(PinAnswer | Refused)[]> {
    signal?.throwIfAborted()
    const wishes: (Wish | Refused)[] = []
    for (let start = 0; start < requests.length; start += resolvesMax) {
      const some = requests.slice(start, start + resolvesMax)
      wishes.push(...(await Promise.all(some.map(async (request) => this.#wishes.of(request, signal)))))
    }
    const good = wishes.flatMap((one) => ('error' in one ? [] : [one.wish]))
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: good }, signal)
    const given = answers<PinAnswer>(reply, 'pin')[Symbol.iterator]()
    return wishes.map((one) => {
      if ('error' in one) return one
      const answer = given.next().value as PinAnswer | Refused
      return 'error' in answer || one.path === undefined ? answer : { ...answer, path: one.path }
    })
  }

  async *update(old: string, cid: string, options: UpdateOptions = {}): AsyncIterable<UpdateStep> {
    const { signal } = options
    const found = await this.#wishes.cidOf(cid, signal)
    yield* updatePin({ parts: this.#parts, pins: this, finished: this.#finished, old, cid: found, options })
  }

  async rm(cids: string[], options: UnpinOptions = {}): Promise<(UnpinAnswer | Refused)[]> {
    const { yes = false, slot, everySlot = false, signal } = options
    const how = { yes, everySlot, ...(slot === undefined ? {} : { slot }) }
    const reply = await this.#parts.shell.command({ do: 'unpin', cids: cids.map(bareCid), ...how }, signal)
    return answers(reply, 'unpin')
  }

  async *retry(
    cids?: string[],
    { local = false, signal }: RetryOptions = {}
  ): AsyncIterable<(RetryAnswer | Refused)[]> {
    if (cids !== undefined) {
      yield await this.#retry(cids.map(bareCid), local, signal)
      return
    }
    const self = this.#parts.transport.peer
    const isFailed = ({ peers }: PinReport): boolean =>
      peers.some(({ peer, state }) => stateOf(state) === 'failed' && (!local || peer === self))
    for await (const { reports } of this.#leaves(signal)) {
      const failed = reports.filter(isFailed).map(({ cid }) => cid)
      if (failed.length > 0) yield await this.#retry(failed, local, signal)
    }
  }

  async #retry(
    cids: readonly string[],
    local: boolean,
    signal: AbortSignal | undefined
  ): Promise<(RetryAnswer | Refused)[]> {
    return answers(await this.#parts.shell.command({ do: 'retry', cids, local }, signal), 'retry')
  }

  async *ls(filter: ListFilter = {}, { signal }: CallOptions = {}): AsyncIterable<ListedPin[]> {
    const { peer } = filter
    const passing = (pins: ListedPin[]): ListedPin[] => pins.filter((pin) => listPasses(pin, filter, Date.now()))
    if (peer === undefined) {
      for await (const pins of abortableSource(this.#listed(), signal)) yield passing(pins)
      return
    }
    if (!this.#parts.core.isMember(peer)) throw unknownPeer(peer)
    for await (const { leaf, reports } of this.#leaves(signal)) {
      const held = new Set(reports.filter((report) => isHolder(report, peer)).map(({ cid }) => cid))
      if (held.size === 0) continue
      for await (const pins of abortableSource(this.#listed(leaf), signal))
        yield passing(pins.filter(({ cid }) => held.has(cid)))
    }
  }

  /** The rows of the index, of one leaf or of all. */
  async *#listed(leaf?: number): AsyncIterable<ListedPin[]> {
    const range = leaf === undefined ? [] : [keyFrom(leaf), leaf === 4095 ? undefined : keyFrom(leaf + 1)]
    for await (const rows of this.#parts.store.range('pin', ...range)) {
      yield rows.flatMap((row) => {
        const pin = readPinRow(row)
        return pin === undefined ? [] : listedOf(pin)
      })
    }
  }

  async status(cid: string, { signal }: CallOptions = {}): Promise<PinStatus> {
    const reply = await this.#parts.shell.command({ do: 'status', cid: bareCid(cid) }, signal)
    if (reply.of !== 'status') throw failureOf(reply)
    return statusOf(reply.report)
  }

  async *statuses({ filter, local = false, signal }: StatusOptions = {}): AsyncIterable<PinStatus> {
    const self = this.#parts.transport.peer
    for await (const { reports } of this.#leaves(signal)) {
      for (const report of reports) {
        const whole = statusOf(report)
        const status = local ? { ...whole, peers: whole.peers.filter(({ peer }) => peer === self) } : whole
        if (local && status.peers.length === 0) continue
        if (filter === undefined || statusPasses(status, filter)) yield status
      }
    }
  }

  /** What is known of every pin, leaf by leaf; the next leaves are on their way while one is read. */
  async *#leaves(signal: AbortSignal | undefined): AsyncIterable<{ leaf: number; reports: readonly PinReport[] }> {
    const { core, shell } = this.#parts
    signal?.throwIfAborted()
    const asked: { leaf: number; reply: Promise<Reply> }[] = []
    let turnEnds = performance.now() + turnMs
    for (const leaf of [...core.leaves(), ...Array.from({ length: leavesAhead }, () => undefined)]) {
      if (leaf !== undefined) {
        const reply = shell.command({ do: 'statuses', leaf }, signal)
        reply.catch(() => {}) // whoever leaves early does not wait for it
        asked.push({ leaf, reply })
      }
      if (leaf !== undefined && asked.length <= leavesAhead) continue
      const next = asked.shift()
      if (next === undefined) return
      const reply = await next.reply
      if (reply.of !== 'statuses') throw failureOf(reply)
      // Of leaves that are in memory the replies are there at once: others must have their turn too.
      if (performance.now() > turnEnds) {
        await setImmediate()
        turnEnds = performance.now() + turnMs
      }
      yield { leaf: next.leaf, reports: reply.reports }
    }
  }

  async *waitFor(cid: string, holders: number, { signal }: CallOptions = {}): AsyncIterable<PinStatus> {
    let last = ''
    while (true) {
      const status = await this.status(cid, { signal })
      const text = JSON.stringify(status)
      if (text !== last) yield status
      last = text
      if (status.have >= holders) return
      await pause(lookEveryMs, signal ?? this.#parts.shell.stopped)
    }
  }
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

/** The first key of a leaf: its 12 bits. */
function keyFrom(leaf: number): Uint8Array {
  return Uint8Array.of(leaf >> 4, (leaf & 15) << 4)
}

function isHolder({ peers }: PinReport, peer: string): boolean {
  return peers.some((one) => one.peer === peer && stateOf(one.state) === 'held')
}

function unknownPeer(peer: string): MeshError {
  return new MeshError('MESH_UNKNOWN_PEER', `${peer} is no member of this mesh.`, {
    exit: 1,
    remedy: 'See `mesh peers`.'
  })
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
    ...(report.trusted === undefined ? {} : { trusted: report.trusted }),
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
