/**
 * The shell around the core: it turns what happens into events, carries out the effects, and wakes the core when it asks to
 * be. It decides nothing. Steps never nest: an effect that ends at once still comes back as an event of a later step.
 */
import {
  type Command,
  type Core,
  type Effect,
  type Event,
  type KeyValue,
  type Note,
  type Reply,
  type Topic,
  type Verdict,
  withPeer
} from '@pinmesh/core'
import { type Content, ContentError } from '@pinmesh/ipfs'
import { type Store, StoreError, type Table } from '@pinmesh/store'
import { type Transport, TransportError } from '@pinmesh/transport'
import { Arrivals } from './arrivals.ts'
import { MeshError } from './mesh-error.ts'
import { abortable } from './pause.ts'

const timeoutMaxMs = 2 ** 31 - 1
const dialTimeoutMs = 10_000
/** Peers that are asked for one pin. */
const sourcesMax = 16
/** Progress of a fetch is told to the core at most this often. */
const progressEveryMs = 250

export interface ShellInit {
  readonly core: Core
  readonly store: Store
  readonly transport: Transport
  readonly content: Content
  readonly note: (note: Note) => void
  /** the store took no write, or content found no room */
  readonly refused: () => void
  /** a broken invariant: the process has to end */
  readonly broken: (error: unknown) => void
}

export class Shell {
  readonly arrivals: Arrivals = new Arrivals()
  readonly #init: ShellInit
  readonly #replies = new Map<number, { resolve: (reply: Reply) => void; reject: (error: unknown) => void }>()
  readonly #answers = new Map<number, (frame: Uint8Array) => void>()
  readonly #jobs = new Map<number, AbortController>()
  readonly #stop = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  /** events that came before the core had read its store */
  readonly #early: Event[] = []
  #started = false
  /** of the IPFS back end, where it is not this peer itself */
  #backEndAddresses: readonly string[] = []
  #next = 1
  #timer: NodeJS.Timeout | undefined
  /** mono ms that the timer is set for; Infinity: none is */
  #timerAt = Infinity
  #immediate: NodeJS.Immediate | undefined

  constructor(init: ShellInit) {
    this.#init = init
  }

  /** First step, with everything small that the store holds. Resolves when the peer may be heard. */
  async start(): Promise<void> {
    const { store, content } = this.#init
    const [facts, meta, leaves] = await Promise.all([
      collect(store, 'fact'),
      collect(store, 'meta'),
      collect(store, 'leaf')
    ])
    const { usedBytes } = await content.space()
    const holdBuckets = await this.#holdBuckets()
    this.#started = true
    this.step({
      kind: 'started',
      facts,
      meta,
      leaves,
      holdBuckets,
      addresses: this.#addresses(),
      usedBytes
    })
    for (const event of this.#early.splice(0)) this.step(event)
  }

  /** Runs one step and carries out its effects. */
  step(event: Event): readonly Effect[] {
    if (this.#stop.signal.aborted) return []
    if (!this.#started) {
      this.#early.push(event)
      return []
    }
    let effects: Effect[]
    try {
      effects = this.#init.core.step(event, { mono: performance.now(), wall: Date.now() })
    } catch (error) {
      this.#stop.abort(new Error('the core is broken'))
      this.#init.broken(error)
      return []
    }
    for (const effect of effects) this.#carryOut(effect)
    this.#plan()
    return effects
  }

  /** Where the IPFS back end is reached by now, for others to know. */
  locate(addresses: readonly string[]): void {
    if (addresses.join() === this.#backEndAddresses.join()) return
    this.#backEndAddresses = addresses
    this.step({ kind: 'addressed', addresses: this.#addresses() })
  }

  gossiped(topic: Topic, bytes: Uint8Array, from: string): Verdict {
    for (const effect of this.step({ kind: 'gossiped', topic, bytes, from }))
      if (effect.kind === 'judge') return effect.verdict
    return 'ignore'
  }

  async asked(peer: string, frame: Uint8Array): Promise<Uint8Array> {
    const id = this.#next++
    return new Promise((resolve) => {
      this.#answers.set(id, resolve)
      this.step({ kind: 'asked', id, peer, frame })
    })
  }

  /** Rejects with the signal's reason, or with MESH_STOPPING once this peer stops; what the core has begun goes on then. */
  async command(command: Command, signal?: AbortSignal): Promise<Reply> {
    signal?.throwIfAborted()
    if (this.#stop.signal.aborted) throw stopping()
    const id = this.#next++
    const replied = new Promise<Reply>((resolve, reject) => {
      this.#replies.set(id, { resolve, reject })
      this.step({ kind: 'commanded', id, command })
    })
    return abortable(replied, signal)
  }

  /** Aborted once this peer stops. */
  get stopped(): AbortSignal {
    return this.#stop.signal
  }

  /** Stops stepping, ends what is under way and waits for it. */
  async stop(): Promise<void> {
    this.step({ kind: 'stopping' })
    this.#stop.abort(stopping())
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    for (const job of this.#jobs.values()) job.abort()
    for (const { reject } of this.#replies.values()) reject(stopping())
    this.#replies.clear()
    await Promise.allSettled(this.#underWay)
  }

  #addresses(): string[] {
    const own = reachable(this.#init.transport.addresses())
    const other = this.#backEndAddresses
    // A record may not have room for all: the first ones of either are in it.
    return [...own.slice(0, 3), ...other.slice(0, 2), ...own.slice(3), ...other.slice(2)]
  }

  #plan(): void {
    const at = this.#stop.signal.aborted ? Infinity : this.#init.core.wakeAt
    const inMs = at - performance.now()
    if (inMs <= 0) {
      this.#immediate ??= setImmediate(() => this.#wake())
      return
    }
    clearImmediate(this.#immediate)
    this.#immediate = undefined
    if (at === this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    if (at < Infinity) this.#timer = setTimeout(() => this.#wake(), Math.min(inMs, timeoutMaxMs))
  }

  #wake(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#immediate = undefined
    this.#timerAt = Infinity
    this.step({ kind: 'woke' })
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'load':
        return this.#run(this.#load(effect.leaf))
      case 'write':
        return this.#run(this.#write(effect))
      case 'publish':
        return this.#init.transport.publish(effect.topic, effect.bytes)
      case 'judge':
        return
      case 'ask':
        return this.#run(this.#ask(effect))
      case 'answer':
        this.#answers.get(effect.id)?.(effect.frame)
        this.#answers.delete(effect.id)
        return
      case 'dial':
        return this.#run(this.dial(effect.peer, effect.addresses))
      case 'acquire':
        return this.#run(this.#acquire(effect))
      case 'cancel':
        return this.#jobs.get(effect.job)?.abort()
      case 'release':
        return this.#run(this.#release(effect.cid))
      case 'reply':
        this.#replies.get(effect.id)?.resolve(effect.reply)
        this.#replies.delete(effect.id)
        return
      case 'note':
        return this.#init.note(effect.note)
    }
  }

  #run(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#init.broken(error))
      .finally(() => this.#underWay.delete(tracked))
    this.#underWay.add(tracked)
  }

  async #load(leaf: number): Promise<void> {
    const from = leaf << 4
    const [entries, holds] = await Promise.allSettled([
      collect(this.#init.store, 'entry', from, from + 16),
      collect(this.#init.store, 'hold', from, from + 16)
    ])
    if (entries.status === 'fulfilled' && holds.status === 'fulfilled') {
      this.step({ kind: 'loaded', leaf, entries: entries.value, holds: holds.value })
    } else
      this.step({
        kind: 'load-failed',
        leaf,
        code: codeOf(entries.status === 'rejected' ? entries.reason : (holds as PromiseRejectedResult).reason)
      })
  }

  async #write(effect: Effect & { kind: 'write' }): Promise<void> {
    try {
      await this.#init.store.write(effect.rows, { sync: effect.sync })
    } catch (error) {
      this.#init.refused()
      this.step({ kind: 'write-failed', batch: effect.batch, code: codeOf(error) })
      return
    }
    this.step({ kind: 'written', batch: effect.batch })
  }

  async #ask(effect: Effect & { kind: 'ask' }): Promise<void> {
    let frame: Uint8Array
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(effect.timeoutMs)])
      frame = await this.#init.transport.ask(effect.peer, effect.frame, signal)
    } catch (error) {
      this.step({ kind: 'unanswered', id: effect.id, code: codeOf(error) })
      return
    }
    this.step({ kind: 'answered', id: effect.id, frame })
  }

  /** Connects to a peer by the first of its addresses that works; tells nobody when none does. */
  async dial(peer: string, addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      if (this.#init.transport.connections().includes(peer)) return
      try {
        const full = withPeer(address, peer)
        await this.#init.transport.dial(full, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(dialTimeoutMs)]))
        return
      } catch (error) {
        if (this.#stop.signal.aborted) return
        if (!(error instanceof TransportError)) throw error
      }
    }
  }

  async #acquire(effect: Effect & { kind: 'acquire' }): Promise<void> {
    const { content, core, transport } = this.#init
    const controller = new AbortController()
    this.#jobs.set(effect.job, controller)
    // What is here within that time is not worth a step on its way.
    let toldAt = performance.now()
    let seen = 0
    const onProgress = (bytes: number): void => {
      seen = bytes
      const now = performance.now()
      if (now - toldAt < progressEveryMs) return
      toldAt = now
      this.step({ kind: 'acquiring', job: effect.job, bytes })
    }
    try {
      await this.#reachOne(effect.sources)
      const { cid, mode, origins, bytesMax } = effect
      // Whoever else is connected may have it: asking costs a round trip, and spares waiting for what nobody has.
      const others = transport.connections().filter((peer) => !core.isBackEnd(peer))
      const sources = [...new Set([...effect.sources, ...others])].slice(0, sourcesMax)
      const { signal } = controller
      const { bytes } = await content.acquire(cid, { mode, sources, origins, bytesMax, signal, onProgress })
      const { usedBytes } = await content.space()
      this.step({ kind: 'acquired', job: effect.job, bytes, usedBytes })
    } catch (error) {
      const code = error instanceof ContentError ? error.code : controller.signal.aborted ? 'aborted' : 'back-end'
      if (code === 'no-space' || code === 'back-end') this.#init.refused()
      const text = error instanceof ContentError ? { text: error.message } : {}
      this.step({ kind: 'acquire-failed', job: effect.job, code, bytes: seen, ...text })
    } finally {
      this.#jobs.delete(effect.job)
    }
  }

  /** Resolves once one of them is connected, or none can be. Who cannot be reached does not hold up the others. */
  async #reachOne(peers: readonly string[]): Promise<void> {
    if (peers.length === 0) return
    const { core, transport } = this.#init
    const dials = peers.map(async (peer) => this.dial(peer, core.addressesOf(peer)))
    for (const dial of dials) this.#run(dial)
    if (peers.some((peer) => transport.connections().includes(peer))) return
    const one = Promise.any(
      dials.map(async (dial, n) => {
        await dial
        if (!transport.connections().includes(peers[n] as string)) throw new Error('not connected')
      })
    )
    await one.catch(() => {})
  }

  async #release(cid: string): Promise<void> {
    const { content } = this.#init
    try {
      const deleted = await this.arrivals.deleted(cid, async () => {
        await content.release(cid)
        const { usedBytes } = await content.space()
        this.step({ kind: 'released', cid, usedBytes })
      })
      if (!deleted) this.step({ kind: 'release-failed', cid, code: 'MESH_BUSY' })
    } catch (error) {
      this.step({ kind: 'release-failed', cid, code: codeOf(error) })
    }
  }

  async #holdBuckets(): Promise<number[]> {
    const buckets = new Set<number>()
    for await (const rows of this.#init.store.range('hold')) {
      for (const { key } of rows) buckets.add(((key[0] as number) << 8) | (key[1] as number))
    }
    return [...buckets]
  }
}

/** What a call is refused with that a stop has overtaken. */
export function stopping(): MeshError {
  return new MeshError('MESH_STOPPING', 'The peer is stopping.', { remedy: 'Start it again, then repeat the command.' })
}

/** Addresses for others: loopback only where there is nothing else. */
export function reachable(addresses: readonly string[]): string[] {
  const outside = addresses.filter((address) => !/^\/ip4\/127\.|^\/ip6\/::1\//.test(address))
  return outside.length > 0 ? outside : [...addresses]
}

/** Rows of a table; those whose key starts with 16 bits in [from, to), where that is given. */
export async function collect(store: Store, table: Table, from?: number, to?: number): Promise<KeyValue[]> {
  const found: KeyValue[] = []
  const key = (n: number | undefined): Uint8Array | undefined =>
    n === undefined || n > 0xffff ? undefined : new Uint8Array([n >> 8, n & 255])
  for await (const rows of store.range(table, key(from), key(to))) found.push(...rows)
  return found
}

/** Is there anything in a table? */
export async function holdsSome(store: Store, table: Table): Promise<boolean> {
  for await (const rows of store.range(table)) if (rows.length > 0) return true
  return false
}

export function codeOf(error: unknown): string {
  if (error instanceof StoreError || error instanceof TransportError) return error.code
  return error instanceof Error && 'code' in error ? String(error.code) : 'MESH_INTERNAL'
}
