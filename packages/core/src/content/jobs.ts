/**
 * What is to be fetched, in which order, and with how much room. Four queues: urgent (too few copies), normal, blind (nobody
 * is known to hold it), retry; the last two never take all places, so an unretrievable CID never starves a good one; a bounded
 * number under way, of single blocks more than of DAGs; room reserved before anything is fetched, so that the budget holds also
 * while fetching. A job lives in memory: after a restart the keeper finds it again.
 */
import type { CID } from 'multiformats/cid'
import { equalBytes, toHex } from '../bytes/compare.ts'
import { cidText } from '../formats/cid.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { ContentCode } from '../events.ts'
import type { PinMode } from '../formats/register.ts'
import type { FailureReason } from './hold.ts'

/** Fetches under way at once, unless the back end is said to take another number. */
export const fetchesMaxDefault = 24
/**
 * Places that fetches which may well be in vain (nobody is known to hold it, or a try has failed) never take. What the back end has
 * already, or finds outside the mesh, is among those, and in bulk, so all other places are theirs.
 */
export const surePlaces = 8
/** So many fetches of one block each take one place: most of their time goes by in waiting, be it for a disk. */
export const blocksAPlace = 4
/** Jobs that may wait; what does not fit is asked for again later, unless it goes before one that waits. */
export const queuedMax = 4096
/** Reserved for a pin of unknown size; a larger one asks again for twice as much. */
const reserveDefaultBytes: number = 16 * 1024 * 1024
/** As much as bitswap carries. */
const reserveBlockBytes: number = 2 * 1024 * 1024
/** A reservation below this is not worth a try. */
const reserveMinBytes: number = 64 * 1024

/** Multicodec raw: a block without links. */
const rawCode = 0x55

/** In the order in which they are served. */
const lanes = ['urgent', 'normal', 'blind', 'retry'] as const
export type Lane = (typeof lanes)[number]

export interface Job {
  readonly id: number
  readonly key: Uint8Array
  readonly bucket: number
  readonly cid: CID
  readonly mode: PinMode
  priority: number
  readonly sizeKnown: number | undefined
  readonly tries: number
  /** wall ms */
  readonly since: number
  lane: Lane
  state: 'queued' | 'fetching'
  reserve: number
  /** bytes that came, for progress */
  bytes: number
  cancelled: boolean
}

export interface JobsInit {
  readonly outbox: Outbox
  /** places for fetches; more than `surePlaces` */
  readonly fetchesMax: number
  readonly sources: (job: Job) => readonly string[]
  readonly origins: (job: Job) => readonly string[]
  readonly started: (job: Job) => void
  readonly finished: (job: Job, bytes: number) => void
  readonly failed: (job: Job, reason: FailureReason, text?: string) => void
  /** a job that waited was sent away for one that goes before it */
  readonly displaced: (job: Job) => void
  /** a job that was given up has ended; parts of the content may be there */
  readonly abandoned: (job: Job) => void
  /** lets so many bytes of trash go if that helps; whether it is worth waiting for */
  readonly makeRoom: (bytes: number) => boolean
  /** the share of the budget in use has changed */
  readonly spaceChanged: () => void
}

export class Jobs {
  readonly #init: JobsInit
  readonly #byKey = new Map<string, Job>()
  readonly #byBucket = new Map<number, Set<Job>>()
  readonly #byId = new Map<number, Job>()
  readonly #lanes: Record<Lane, Job[]> = { urgent: [], normal: [], blind: [], retry: [] }
  /** Places taken, and those of them that the doubtful have: both in parts of a place, such as a block takes. */
  #taken = 0
  #doubtful = 0
  #reserved = 0
  #used = 0
  #budget = 0
  #nextId = 1

  constructor(init: JobsInit) {
    this.#init = init
  }

  get budgetBytes(): number {
    return this.#budget
  }

  get usedBytes(): number {
    return this.#used
  }

  get reservedBytes(): number {
    return this.#reserved
  }

  /** Share of the budget that is neither used nor reserved, 0..1. */
  get free(): number {
    return this.#budget === 0 ? 0 : Math.max(0, 1 - (this.#used + this.#reserved) / this.#budget)
  }

  /** Share of the budget that is used, 0..1: what comes and goes with every fetch is left out. */
  get filled(): number {
    return this.#budget === 0 ? 1 : this.#used / this.#budget
  }

  get idle(): boolean {
    return this.#byKey.size === 0
  }

  setBudget(bytes: number): void {
    this.#budget = bytes
    this.#init.spaceChanged()
    this.run()
  }

  setUsed(bytes: number): void {
    this.#used = bytes
    this.#init.spaceChanged()
  }

  of(key: Uint8Array): Job | undefined {
    return this.#byKey.get(toHex(key))
  }

  /** Is it queued, or the back end still at it, be it in vain? */
  busy(key: Uint8Array): boolean {
    return this.of(key) !== undefined || [...this.#byId.values()].some((job) => equalBytes(job.key, key))
  }

  /** Of the pins of a bucket. */
  in(bucket: number): readonly Job[] {
    return [...(this.#byBucket.get(bucket) ?? [])]
  }

  add(wish: Pick<Job, 'key' | 'bucket' | 'cid' | 'mode' | 'priority' | 'sizeKnown' | 'tries' | 'lane'>): Job {
    const job: Job = {
      ...wish,
      id: this.#nextId++,
      since: this.#init.outbox.wall,
      state: 'queued',
      reserve: 0,
      bytes: 0,
      cancelled: false
    }
    this.#byKey.set(toHex(job.key), job)
    const same = this.#byBucket.get(job.bucket)
    if (same === undefined) this.#byBucket.set(job.bucket, new Set([job]))
    else same.add(job)
    this.#enqueue(job)
    return job
  }

  /** Gives a job up: what has come of it may be released by the back end. */
  cancel(job: Job): void {
    if (job.cancelled) return
    job.cancelled = true
    this.#forget(job)
    if (job.state === 'fetching') this.#init.outbox.emit({ kind: 'cancel', job: job.id })
    else this.#unqueue(job)
  }

  /** Starts what there is room for. */
  run(): void {
    for (const lane of lanes) {
      for (let job = this.#lanes[lane][0]; job !== undefined; job = this.#lanes[lane][0]) {
        // It waits for a whole place, and those behind it too: they would take the parts of it as they come free.
        if (this.#taken + placeOf(job) > this.#places) return
        if (isDoubtful(lane) && this.#doubtful + placeOf(job) > this.#places - surePlaces * blocksAPlace) break
        // Room that others have reserved may come back: it waits for that, and those behind it too.
        const lacking = this.#reserveFor(job) - this.#room
        if (lacking > 0 && (lacking <= this.#reserved || this.#makeRoom(job, lacking))) return
        this.#lanes[lane].shift()
        this.#start(job)
      }
    }
  }

  /** What a job waits among: with others of its priority, and no longer among the doubtful once somebody is known to hold it. */
  promote(job: Job, to: Lane, priority: number): void {
    const lane = isDoubtful(job.lane) ? to : job.lane
    if (job.state !== 'queued' || (job.lane === lane && job.priority === priority)) return
    this.#unqueue(job)
    job.lane = lane
    job.priority = priority
    this.#enqueue(job)
  }

  /** May one more wait? When all places are taken the last in line makes room for what goes before it. */
  makeRoom(lane: Lane, priority: number): boolean {
    if (this.#byKey.size < queuedMax) return true
    const last = lanes.toReversed().find((one) => this.#lanes[one].length > 0)
    const job = last === undefined ? undefined : this.#lanes[last].at(-1)
    if (last === undefined || job === undefined) return false
    const before = lanes.indexOf(lane) - lanes.indexOf(last) || job.priority - priority
    if (before >= 0) return false
    this.#unqueue(job)
    this.#forget(job)
    this.#init.displaced(job)
    return true
  }

  #forget(job: Job): void {
    this.#byKey.delete(toHex(job.key))
    const same = this.#byBucket.get(job.bucket)
    same?.delete(job)
    if (same?.size === 0) this.#byBucket.delete(job.bucket)
  }

  get #places(): number {
    return this.#init.fetchesMax * blocksAPlace
  }

  #take(job: Job, size: number): void {
    this.#taken += size
    if (isDoubtful(job.lane)) this.#doubtful += size
  }

  #enqueue(job: Job): void {
    const lane = this.#lanes[job.lane]
    let at = lane.length
    while (at > 0 && (lane[at - 1] as Job).priority < job.priority) at--
    lane.splice(at, 0, job)
  }

  #unqueue(job: Job): void {
    this.#lanes[job.lane] = this.#lanes[job.lane].filter((other) => other !== job)
  }

  progressed(id: number, bytes: number): void {
    const job = this.#byId.get(id)
    if (job !== undefined) job.bytes = bytes
  }

  acquired(id: number, bytes: number, usedBytes: number): void {
    this.#used = usedBytes
    const job = this.#end(id)
    if (job === undefined) return this.#init.spaceChanged()
    // Given up too late: it is here, and goes only by the rules.
    if (this.of(job.key) === job) this.#forget(job)
    this.#init.finished(job, bytes)
    this.run()
  }

  acquireFailed(id: number, code: ContentCode, bytes: number, text?: string): void {
    const job = this.#end(id)
    if (job === undefined) return
    if (job.cancelled) this.#init.abandoned(job)
    else if (code === 'limit' && this.#enlarge(job, bytes)) return
    else {
      this.#forget(job)
      this.#init.failed(job, reasonOf(code), text)
    }
    this.run()
  }

  #start(job: Job): void {
    const reserve = this.#reserveFor(job)
    if (reserve > this.#room) {
      this.#forget(job)
      this.#init.failed(job, 'no-space')
      return
    }
    job.reserve = reserve
    job.state = 'fetching'
    this.#reserved += reserve
    this.#take(job, placeOf(job))
    this.#byId.set(job.id, job)
    this.#init.spaceChanged()
    this.#init.outbox.emit({
      kind: 'acquire',
      job: job.id,
      cid: cidText(job.cid),
      mode: job.mode,
      sources: this.#init.sources(job),
      origins: this.#init.origins(job),
      bytesMax: reserve
    })
    this.#init.started(job)
  }

  #reserveFor(job: Job): number {
    const { reserve, sizeKnown } = job
    const most = isBlock(job) ? reserveBlockBytes : reserveDefaultBytes
    return Math.max(reserve, sizeKnown ?? Math.min(most, Math.max(this.#room, reserveMinBytes)))
  }

  /** It is larger than was reserved: reserve twice as much, or twice what has been seen, and go on from what is there. */
  #enlarge(job: Job, bytes: number): boolean {
    const wanted = 2 * Math.max(job.reserve, bytes)
    if (this.#makeRoom(job, wanted - this.#room)) {
      job.reserve = wanted
      job.state = 'queued'
      this.#enqueue(job)
      return true
    }
    if (wanted > this.#room) {
      if (job.reserve >= this.#room) return false
      job.reserve = this.#room
    } else job.reserve = wanted
    job.state = 'queued'
    this.#start(job)
    return true
  }

  /** Nothing is thrown away for a fetch that may well be in vain. */
  #makeRoom(job: Job, bytes: number): boolean {
    return bytes > 0 && !isDoubtful(job.lane) && this.#init.makeRoom(bytes)
  }

  #end(id: number): Job | undefined {
    const job = this.#byId.get(id)
    if (job === undefined) return undefined
    this.#byId.delete(id)
    this.#take(job, -placeOf(job))
    this.#reserved -= job.reserve
    this.#init.spaceChanged()
    return job
  }

  get #room(): number {
    return this.#budget - this.#used - this.#reserved
  }
}

function isBlock({ cid, mode }: Job): boolean {
  return cid.code === rawCode || mode === 'direct'
}

function placeOf(job: Job): number {
  return isBlock(job) ? 1 : blocksAPlace
}

function isDoubtful(lane: Lane): boolean {
  return lane === 'blind' || lane === 'retry'
}

function reasonOf(code: ContentCode): FailureReason {
  if (code === 'limit' || code === 'no-space') return 'no-space'
  if (code === 'refused' || code === 'bad-dag') return 'refused'
  return code === 'back-end' ? 'back-end' : 'unreachable'
}
