/**
 * One peer: the core, and around it what a shell would be (disk, back end, connections, a clock that is off by some time).
 * It may crash and start again from its disk, stand still and go on, or be gone for good.
 */
import { Core, type Command, type Effect, type Event, type Reply, toHex } from '@pinmesh/core'
import { BackEnd } from './content.ts'
import { simCrypto } from './crypto.ts'
import { SimDisk } from './disk.ts'
import type { Station } from './network.ts'
import type { SimRandom } from './random.ts'
import { CrashError } from './failures.ts'
import type { World } from './world.ts'

/** More effects in one step than this mean that something has no bound. */
const effectsMax = 2000
/** Events that wait for a stopped process, as its sockets would hold them. */
const inboxMax = 2000
/** The wall clock of the world when it begins, ms since 1970. */
export const epochMs = 1_800_000_000_000

export interface PeerSettings {
  readonly index: number
  readonly id: string
  readonly key: Uint8Array
  /** only the founder has it */
  readonly root: Uint8Array | undefined
  readonly spaceBytes: number
  readonly zone: string
  readonly gossip: boolean
}

export class SimPeer implements Station {
  readonly settings: PeerSettings
  readonly disk: SimDisk = new SimDisk()
  readonly backEnd: BackEnd
  /** CIDs whose deletion is under way: nobody can put them there meanwhile */
  readonly deleting: Set<string> = new Set<string>()
  readonly #world: World
  readonly #random: SimRandom
  readonly #replies = new Map<number, (reply: Reply) => void>()
  #inbox: Event[] = []
  #processes = 0
  #wakes = Infinity
  #monoBase = 0
  #commands = 0
  core: Core | undefined
  process: number | undefined
  stopped = false
  /** not coming back */
  gone = false
  /** when it went for good */
  goneAt: number = Infinity
  /** wall clock minus the world's, ms */
  skewMs = 0
  /** content that a crash left without a row in the journal: nobody's, and nobody deletes it */
  readonly strays: Set<string> = new Set()
  writeFailPercent = 0
  writeSlowness = 1

  constructor(world: World, settings: PeerSettings, random: SimRandom) {
    this.#world = world
    this.settings = settings
    this.#random = random
    this.backEnd = new BackEnd(world.scheduler, random.fork())
  }

  get id(): string {
    return this.settings.id
  }

  /** Running and not stopped. */
  get up(): boolean {
    return this.core !== undefined && !this.stopped
  }

  get wall(): number {
    return Math.floor(epochMs + this.#world.scheduler.now + this.skewMs)
  }

  start(): void {
    if (this.core !== undefined || this.gone) return
    const { id, key, root, spaceBytes, zone, gossip } = this.settings
    this.process = ++this.#processes
    this.#monoBase = this.#random.below(100_000) - this.#world.scheduler.now
    this.#wakes = Infinity
    this.core = new Core({
      charter: this.#world.charter,
      self: id,
      crypto: simCrypto(key, root),
      random: this.#random.fork(),
      timings: this.#world.timings,
      startedAt: this.#mono,
      spaceBytes,
      zone,
      version: '0.1.0',
      ipfsPeer: '',
      gossip
    })
    const holdBuckets = [
      ...new Set(this.disk.rows('hold').map(({ key: at }) => ((at[0] as number) << 8) | (at[1] as number)))
    ]
    this.hear({
      kind: 'started',
      facts: this.disk.rows('fact'),
      meta: this.disk.rows('meta'),
      leaves: this.disk.rows('leaf'),
      holdBuckets,
      addresses: [`/ip4/127.0.0.1/tcp/${4000 + this.settings.index}`],
      usedBytes: this.backEnd.set.used
    })
    if (this.backEnd.failing) this.probe()
  }

  /** kill -9, or the plug is pulled. */
  crash(): void {
    if (this.core === undefined) return
    this.#endProcess()
    this.disk.crash((batches) => this.#random.below(batches + 1))
    const journal = new Set(
      this.disk
        .rows('hold')
        .filter(({ value }) => value[1] !== 0)
        .map(({ key }) => toHex(key))
    )
    for (const cid of this.backEnd.set.cids()) if (!journal.has(this.#world.keyOf(cid))) this.strays.add(cid)
  }

  /** As `crash`, for ever: its disk is lost too. */
  lose(): void {
    if (this.core !== undefined) this.crash()
    this.gone = true
    this.goneAt = this.#world.now
  }

  /** SIGSTOP. */
  stop(): void {
    this.stopped = this.core !== undefined
  }

  /** SIGCONT: what waited in its sockets comes now. */
  goOn(): void {
    if (!this.stopped) return
    this.stopped = false
    for (const event of this.#inbox.splice(0)) this.hear(event)
    this.#wake()
  }

  hear(event: Event): void {
    if (this.core === undefined) return
    if (this.stopped) {
      if (this.#inbox.length < inboxMax || event.kind !== 'gossiped') this.#inbox.push(event)
      return
    }
    this.#step(this.core, event)
  }

  /** Runs a command; the reply may never come. */
  command(command: Command, replied: (reply: Reply) => void): void {
    const id = ++this.#commands
    this.#replies.set(id, replied)
    this.hear({ kind: 'commanded', id, command })
  }

  /** The shell's look at its back end. */
  probe(): void {
    this.hear({ kind: 'probed', store: this.backEnd.failing ? 'failing' : 'ok', usedBytes: this.backEnd.set.used })
  }

  get #mono(): number {
    return this.#world.scheduler.now + this.#monoBase
  }

  #endProcess(): void {
    this.core = undefined
    this.process = undefined
    this.stopped = false
    this.#inbox = []
    this.#replies.clear()
    this.backEnd.ended()
    this.deleting.clear()
    this.#world.network.ended(this.settings.index)
  }

  #step(core: Core, event: Event): void {
    const { trace, scheduler } = this.#world
    trace.add(scheduler.now, this.settings.index, event as never)
    let effects: Effect[]
    try {
      effects = core.step(event, { mono: this.#mono, wall: this.wall })
    } catch (error) {
      throw new CrashError(`p${this.settings.index} threw at ${event.kind}: ${(error as Error).stack ?? String(error)}`)
    }
    if (effects.length > effectsMax)
      throw new CrashError(`p${this.settings.index}: ${effects.length} effects from one ${event.kind}`)
    if (event.kind === 'gossiped') this.#checkVerdict(effects)
    for (const effect of effects) {
      if (this.core !== core) return
      trace.add(scheduler.now, this.settings.index, effect as never)
      this.#world.watch(this, effect)
      this.#carryOut(effect)
    }
    this.#wake()
  }

  #checkVerdict(effects: readonly Effect[]): void {
    const verdicts = effects.filter((effect) => effect.kind === 'judge')
    if (verdicts.length !== 1)
      throw new CrashError(`p${this.settings.index}: ${verdicts.length} verdicts on one message`)
    if (verdicts[0]?.verdict === 'reject') throw new CrashError(`p${this.settings.index} rejected an honest message`)
  }

  /** Sees to it that the core is stepped when it asks for it. */
  #wake(): void {
    const { core } = this
    if (core === undefined || this.stopped) return
    const at = core.wakeAt
    if (at === Infinity || at >= this.#wakes) return
    const process = this.process
    this.#wakes = at
    this.#world.scheduler.at(Math.max(this.#world.scheduler.now + 0.01, at - this.#monoBase), () => {
      if (this.process !== process || this.#wakes !== at) return
      this.#wakes = Infinity
      if (this.stopped) return
      if (core.wakeAt <= this.#mono) this.#step(core, { kind: 'woke' })
      else this.#wake()
    })
  }

  /** Later, in the same process. */
  #later(ms: number, run: () => void): void {
    const process = this.process
    this.#world.scheduler.after(ms, () => {
      if (this.process === process) run()
    })
  }

  #carryOut(effect: Effect): void {
    const { network } = this.#world
    switch (effect.kind) {
      case 'load':
        return this.#load(effect.leaf)
      case 'write':
        return this.#write(effect)
      case 'publish':
        return network.publish(this.settings.index, effect.topic, effect.bytes)
      case 'ask':
        return network.ask(this.settings.index, effect)
      case 'answer':
        return network.answer(this.settings.index, effect.id, effect.frame)
      case 'dial':
        return network.dial(this.settings.index, network.indexOf(effect.peer))
      case 'acquire':
        return this.#acquire(effect)
      case 'cancel':
        return this.backEnd.cancel(effect.job, () =>
          this.hear({ kind: 'acquire-failed', job: effect.job, code: 'aborted', bytes: 0 })
        )
      case 'release':
        return this.#release(effect.cid)
      case 'reply': {
        const replied = this.#replies.get(effect.id)
        this.#replies.delete(effect.id)
        replied?.(effect.reply)
        return
      }
      case 'judge':
      case 'note':
    }
  }

  #load(leaf: number): void {
    this.#later(this.#random.between(0.1, 3), () => {
      this.hear({
        kind: 'loaded',
        leaf,
        entries: this.disk.rowsOfLeaf('entry', leaf),
        holds: this.disk.rowsOfLeaf('hold', leaf)
      })
    })
  }

  #write({ batch, rows, sync }: Effect & { kind: 'write' }): void {
    this.disk.begin(rows)
    const failed = this.#random.chance(this.writeFailPercent)
    this.#later(this.#random.between(sync ? 0.5 : 0.1, (sync ? 12 : 2) * this.writeSlowness), () => {
      this.disk.end(rows, failed ? 'failed' : sync ? 'synced' : 'written')
      this.hear(failed ? { kind: 'write-failed', batch, code: 'MESH_DISK_FULL' } : { kind: 'written', batch })
    })
  }

  #acquire({ job, cid, sources, bytesMax }: Effect & { kind: 'acquire' }): void {
    const piece = this.#world.catalog.get(cid)
    const process = this.process
    this.backEnd.acquire(job, cid, {
      piece,
      bytesMax,
      reachable: () => piece?.outside === true || this.#world.reachable(this, cid, sources),
      done: (outcome) => {
        if (this.process !== process) return
        if ('code' in outcome) this.hear({ kind: 'acquire-failed', job, ...outcome })
        else this.hear({ kind: 'acquired', job, bytes: outcome.bytes, usedBytes: this.backEnd.set.used })
      }
    })
  }

  #release(cid: string): void {
    const done = this.backEnd.release(cid)
    this.deleting.add(cid)
    this.#later(this.#random.between(1, 30), () => {
      this.deleting.delete(cid)
      if (done) this.hear({ kind: 'released', cid, usedBytes: this.backEnd.set.used })
      else this.hear({ kind: 'release-failed', cid, code: 'back-end' })
    })
  }

  /** A short name of its rows of a table, to compare with another's. */
  digest(table: 'pin' | 'leaf'): string {
    return this.disk
      .rows(table)
      .map(({ key, value }) => `${toHex(key)}=${toHex(value)}`)
      .join('\n')
  }
}
