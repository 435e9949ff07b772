/**
 * The room that content takes here, and how it is given back: what is in the trash, what no pin of the mesh asks for, what a
 * crash has left. The core decides what may go; here is what it cannot see: the back end's own list.
 */
import { bucketOf, decodeHold, type Hold } from '@pinmesh/core'
import { CustomProgressEvent } from 'progress-events'
import { failureOf } from './answers.ts'
import { meshErrorOf } from './errors.ts'
import type { CallOptions } from './mesh-call.ts'
import type { Collected, GcOptions, GcProgress, PinUse, SpaceUse } from './mesh-content.ts'
import { abortable, abortableSource } from './pause.ts'
import type { PeerParts } from './peer.ts'

/** Buckets, or copies, of one command. */
const commandMax = 256

export class PeerSpace {
  readonly #parts: PeerParts

  constructor(parts: PeerParts) {
    this.#parts = parts
  }

  async use({ signal }: CallOptions = {}): Promise<SpaceUse> {
    const { core, content } = this.#parts
    const none = { pins: 0, bytes: 0 }
    const use = { held: { ...none }, trash: { ...none }, limbo: { ...none }, copy: { ...none } }
    for await (const pins of this.uses({ signal })) {
      for (const { state, bytes } of pins) {
        use[state].pins++
        use[state].bytes += bytes
      }
    }
    const { copy: copies, ...journal } = use
    const { budgetBytes, reservedBytes } = core.space
    try {
      const { usedBytes } = await abortable(content.space(), signal)
      return { budgetBytes, usedBytes, reservedBytes, ...journal, copies }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : meshErrorOf(error)
    }
  }

  async *uses({ signal }: CallOptions = {}): AsyncGenerator<PinUse[]> {
    for await (const holds of abortableSource(this.#holds(), signal)) {
      const uses = holds.flatMap(({ cid, bytes, state }): PinUse[] => {
        const as = stateOf(state)
        return as === undefined ? [] : [{ cid: cid.toString(), bytes, state: as }]
      })
      if (uses.length > 0) yield uses
    }
    yield* abortableSource(this.#copies(), signal)
  }

  async gc({ now = false, onProgress, signal }: GcOptions): Promise<Collected> {
    const tell = (deleted: number): void =>
      onProgress?.(new CustomProgressEvent('pinmesh:gc:deleted', { deleted }) satisfies GcProgress)
    signal?.throwIfAborted()
    const before = await this.#usedBytes()
    try {
      const trash = await this.#emptyTrash(now, tell, signal)
      const copies = await this.#dropCopies((dropped) => tell(trash.pins + dropped), signal)
      await this.#parts.content.collect(signal ?? new AbortController().signal)
      return { ...trash, copies, freedBytes: Math.max(0, before - (await this.#usedBytes())) }
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : meshErrorOf(error)
    } finally {
      await this.refresh()
    }
  }

  /** Deletes those of the copies that nothing here needs; resolves with how many. */
  async drop(cids: readonly string[]): Promise<number> {
    if (cids.length === 0) return 0
    const reply = await this.#parts.shell.command({ do: 'drop-copies', cids })
    if (reply.of !== 'dropped') throw failureOf(reply)
    return reply.cids.length
  }

  /** Tells the core what is on disk now. */
  async refresh(): Promise<void> {
    const { content, shell } = this.#parts
    // A back end that does not answer is noticed by the regular probe.
    const space = await content.space().catch(() => undefined)
    if (space !== undefined) shell.step({ kind: 'released', cid: '', usedBytes: space.usedBytes })
  }

  async #emptyTrash(
    now: boolean,
    onProgress: (deleted: number) => void,
    signal: AbortSignal | undefined
  ): Promise<Pick<Collected, 'pins' | 'stays'>> {
    const buckets = new Set<number>()
    for await (const holds of this.#holds()) {
      for (const { state, key } of holds) if (state === 'trash' || state === 'releasing') buckets.add(bucketOf(key))
    }
    let pins = 0
    const stays = new Map<string, Collected['stays'][number]>()
    for (const some of slices([...buckets])) {
      signal?.throwIfAborted()
      const reply = await this.#parts.shell.command({ do: 'empty-trash', buckets: some, now })
      if (reply.of !== 'emptied') throw failureOf(reply)
      pins += reply.report.pins
      for (const one of reply.report.stays) stays.set(one.why, sumOf(stays.get(one.why), one))
      onProgress(pins)
    }
    return { pins, stays: [...stays.values()] }
  }

  async #dropCopies(onProgress: (dropped: number) => void, signal: AbortSignal | undefined): Promise<number> {
    let dropped = 0
    const drop = async (cids: readonly string[]): Promise<void> => {
      signal?.throwIfAborted()
      dropped += await this.drop(cids)
      onProgress(dropped)
    }
    for await (const copies of this.#copies()) await drop(copies.map(({ cid }) => cid))
    const unfinished: string[] = []
    for await (const cid of this.#parts.content.unfinished()) unfinished.push(cid)
    for (const some of slices(unfinished)) await drop(some)
    return dropped
  }

  async *#holds(): AsyncGenerator<Hold[]> {
    for await (const rows of this.#parts.store.range('hold')) {
      yield rows.map(({ key, value }) => decodeHold(key, value))
    }
  }

  /** What the back end keeps and the journal does not know. */
  async *#copies(): AsyncGenerator<PinUse[]> {
    const { content, core, store } = this.#parts
    const strange = async (some: PinUse[]): Promise<PinUse[]> => {
      const known = await Promise.all(some.map(({ cid }) => store.get('hold', core.holdKeyOf(cid))))
      return some.filter((_one, at) => known[at] === undefined)
    }
    let some: PinUse[] = []
    for await (const { cid, bytes } of content.pins()) {
      some.push({ cid, bytes, state: 'copy' })
      if (some.length < commandMax) continue
      const copies = await strange(some)
      if (copies.length > 0) yield copies
      some = []
    }
    const copies = await strange(some)
    if (copies.length > 0) yield copies
  }

  async #usedBytes(): Promise<number> {
    try {
      return (await this.#parts.content.space()).usedBytes
    } catch (error) {
      throw meshErrorOf(error)
    }
  }
}

function stateOf(state: Hold['state']): PinUse['state'] | undefined {
  if (state === 'failed') return undefined
  if (state === 'releasing') return 'trash'
  return state === 'leaving' ? 'held' : state
}

function sumOf(a: Collected['stays'][number] | undefined, b: Collected['stays'][number]): Collected['stays'][number] {
  if (a === undefined) return b
  const until = Math.max(a.until ?? 0, b.until ?? 0)
  return { why: a.why, pins: a.pins + b.pins, bytes: a.bytes + b.bytes, ...(until === 0 ? {} : { until }) }
}

function* slices<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += commandMax) yield all.slice(at, at + commandMax)
}
