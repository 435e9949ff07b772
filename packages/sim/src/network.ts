/**
 * The network between the peers: connections that are dialled and break, frames that are asked and answered over them, and
 * gossip that floods the connected part of the mesh. Messages are late, doubled, reordered, lost; links are cut one way or both.
 * A cut does not close a connection at once: what is sent over it vanishes until somebody notices.
 */
import type { Event, Topic } from '@pinmesh/core'
import type { SimRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** Who is on the network: the world's peers, by number. */
export interface Station {
  readonly id: string
  /** The process is there, be it stopped or not; undefined without one. Grows with each start. */
  readonly process: number | undefined
  hear(event: Event): void
}

interface Ask {
  readonly from: number
  readonly process: number
  readonly to: number
  readonly id: number
}

export interface Weather {
  delayMinMs: number
  delayMaxMs: number
  lossPercent: number
  doublePercent: number
}

export const fairWeather: Weather = { delayMinMs: 1, delayMaxMs: 30, lossPercent: 0, doublePercent: 0 }

/** A connection over a cut link is noticed after so long. */
const noticeMinMs = 500
const noticeMaxMs = 9000

export class Network {
  readonly #scheduler: Scheduler
  readonly #random: SimRandom
  readonly #stations: Station[] = []
  readonly #connections: Set<number>[] = []
  readonly #cuts = new Set<string>()
  readonly #asks = new Map<number, Ask>()
  #askCount = 0
  weather: Weather = { ...fairWeather }
  /** messages published so far, by topic */
  readonly published: Record<Topic, number> = { beats: 0, facts: 0, pins: 0 }

  constructor(scheduler: Scheduler, random: SimRandom) {
    this.#scheduler = scheduler
    this.#random = random
  }

  add(station: Station): void {
    this.#stations.push(station)
    this.#connections.push(new Set())
  }

  indexOf(id: string): number {
    return this.#stations.findIndex((station) => station.id === id)
  }

  connected(a: number, b: number): boolean {
    return this.#connections[a]?.has(b) === true
  }

  degree(a: number): number {
    return this.#connections[a]?.size ?? 0
  }

  /** Do messages of `from` arrive at `to`? */
  open(from: number, to: number): boolean {
    return !this.#cuts.has(`${from}>${to}`)
  }

  /** From now on nothing gets from `from` to `to`. */
  cut(from: number, to: number): void {
    this.#cuts.add(`${from}>${to}`)
    this.#scheduler.after(this.#random.between(noticeMinMs, noticeMaxMs), () => {
      if (!this.open(from, to)) this.#disconnect(from, to)
    })
  }

  heal(): void {
    this.#cuts.clear()
  }

  dial(from: number, to: number): void {
    const process = this.#stations[from]?.process
    this.#later(() => {
      const there = this.#stations[to]?.process
      if (there === undefined || process === undefined || this.#stations[from]?.process !== process) return
      if (!this.open(from, to) || !this.open(to, from) || this.connected(from, to)) return
      this.#connections[from]?.add(to)
      this.#connections[to]?.add(from)
      this.#tell(from, { kind: 'connected', peer: this.#id(to) })
      this.#tell(to, { kind: 'connected', peer: this.#id(from) })
    }, 2)
  }

  /** The process has ended: its connections close. */
  ended(who: number): void {
    for (const other of this.#connections[who] ?? []) this.#disconnect(who, other)
  }

  publish(from: number, topic: Topic, bytes: Uint8Array): void {
    this.published[topic]++
    for (const [to, via] of this.#reached(from)) {
      if (this.#random.chance(this.weather.lossPercent)) continue
      const copies = this.#random.chance(this.weather.doublePercent) ? 2 : 1
      for (let n = 0; n < copies; n++) this.#send(to, { kind: 'gossiped', topic, bytes, from: this.#id(via) })
    }
  }

  ask(from: number, ask: { id: number; peer: string; frame: Uint8Array; timeoutMs: number }): void {
    const to = this.indexOf(ask.peer)
    const process = this.#stations[from]?.process ?? 0
    if (!this.connected(from, to)) {
      this.#later(() =>
        this.#answer({ from, process, to, id: ask.id }, { kind: 'unanswered', id: ask.id, code: 'MESH_DISCONNECTED' })
      )
      return
    }
    const number = ++this.#askCount
    this.#asks.set(number, { from, process, to, id: ask.id })
    if (this.open(from, to)) this.#send(to, { kind: 'asked', id: number, peer: this.#id(from), frame: ask.frame })
    this.#scheduler.after(ask.timeoutMs, () => this.#unanswered(number, 'MESH_TIMED_OUT'))
  }

  answer(from: number, number: number, frame: Uint8Array): void {
    const ask = this.#asks.get(number)
    if (ask === undefined || ask.to !== from || !this.open(from, ask.from)) return
    this.#later(() => {
      if (!this.#asks.delete(number)) return
      this.#answer(ask, { kind: 'answered', id: ask.id, frame })
    })
  }

  #unanswered(number: number, code: string): void {
    const ask = this.#asks.get(number)
    if (ask === undefined) return
    this.#asks.delete(number)
    this.#answer(ask, { kind: 'unanswered', id: ask.id, code })
  }

  #answer(ask: Ask, event: Event): void {
    if (this.#stations[ask.from]?.process === ask.process) this.#tell(ask.from, event)
  }

  #disconnect(a: number, b: number): void {
    if (!this.connected(a, b)) return
    this.#connections[a]?.delete(b)
    this.#connections[b]?.delete(a)
    for (const [number, ask] of this.#asks) {
      if ((ask.from === a && ask.to === b) || (ask.from === b && ask.to === a))
        this.#unanswered(number, 'MESH_DISCONNECTED')
    }
    this.#tell(a, { kind: 'disconnected', peer: this.#id(b) })
    this.#tell(b, { kind: 'disconnected', peer: this.#id(a) })
  }

  /** Who hears what `from` publishes, and from which neighbour. */
  #reached(from: number): Map<number, number> {
    const via = new Map<number, number>([[from, from]])
    for (const at of via.keys()) {
      for (const next of this.#connections[at] ?? []) if (!via.has(next) && this.open(at, next)) via.set(next, at)
    }
    via.delete(from)
    return via
  }

  #send(to: number, event: Event): void {
    const process = this.#stations[to]?.process
    this.#later(() => {
      if (process !== undefined && this.#stations[to]?.process === process) this.#tell(to, event)
    })
  }

  #later(run: () => void, times = 1): void {
    const { delayMinMs, delayMaxMs } = this.weather
    this.#scheduler.after(times * this.#random.between(delayMinMs, delayMaxMs), run)
  }

  #tell(to: number, event: Event): void {
    const station = this.#stations[to]
    if (station?.process !== undefined) station.hear(event)
  }

  #id(index: number): string {
    return this.#stations[index]?.id ?? ''
  }
}
