/**
 * Bad weather: at random moments one of many things goes wrong, while clients go on with their work. Each fault ends by itself
 * after a while; `calm` ends them all.
 */
import { bucketOf } from '@pinmesh/core'
import { fairWeather } from './network.ts'
import type { Client } from './client.ts'
import type { SimPeer } from './peer.ts'
import type { SimRandom } from './random.ts'
import type { World } from './world.ts'

/** What this seed's weather is like. */
export interface Climate {
  readonly crashes: boolean
  readonly stops: boolean
  readonly partitions: boolean
  readonly loss: boolean
  readonly clocks: boolean
  readonly disks: boolean
  readonly content: boolean
  readonly leaves: boolean
  readonly joins: number
}

export function climateOf(random: SimRandom): Climate {
  const some = (): boolean => random.chance(60)
  return {
    crashes: some(),
    stops: some(),
    partitions: some(),
    loss: some(),
    clocks: some(),
    disks: some(),
    content: some(),
    leaves: some(),
    joins: random.below(3)
  }
}

const mb = 1_000_000

export class Storm {
  readonly #world: World
  readonly #client: Client
  readonly #random: SimRandom
  readonly #climate: Climate
  #raging = false
  #joins = 0

  constructor(world: World, client: Client, climate: Climate) {
    this.#world = world
    this.#client = client
    this.#random = world.random.fork()
    this.#climate = climate
  }

  /** Lets it rage; time has to be run by the caller. */
  begin(): void {
    this.#raging = true
    const next = (everyMs: number, act: () => void): void =>
      this.#world.scheduler.after(this.#random.between(0.2 * everyMs, 1.8 * everyMs), () => {
        if (!this.#raging) return
        act()
        next(everyMs, act)
      })
    next(900, () => this.#wish())
    next(1500, () => this.#fault())
    next(4000, () => this.#clear(this.#random.pick(this.#world.peers)))
  }

  /** Everybody comes back, all links heal, all disks and back ends work. Clocks are set. */
  calm(): void {
    this.#raging = false
    this.#world.trace.tell(this.#world.now, 'calm')
    this.#world.network.heal()
    this.#world.network.weather = { ...fairWeather }
    for (const peer of this.#world.peers) {
      this.#mend(peer)
      peer.skewMs = Math.round(peer.skewMs / 20)
      peer.goOn()
      peer.start()
    }
    this.#world.scheduler.after(1000, () => this.#world.peers.forEach((peer) => this.#stay(peer)))
  }

  #mend(peer: SimPeer): void {
    peer.writeFailPercent = 0
    peer.writeSlowness = 1
    peer.backEnd.slowness = 1
    peer.backEnd.full = false
    peer.backEnd.deaf = false
    if (!peer.backEnd.failing) return
    peer.backEnd.failing = false
    peer.probe()
  }

  #wish(): void {
    const { settings, cids, random: _ } = this.#world
    const writers = this.#world.peers.slice(0, settings.writers).filter((peer) => peer.up)
    if (writers.length === 0) return
    const by = this.#random.pick(writers)
    const known = [...this.#client.cids()]
    const dice = this.#random.below(100)
    if (known.length > 0 && dice < 20) this.#client.unpin(by, this.#random.pick(known))
    else if (known.length > 0 && dice < 35) this.#pin(by, this.#random.pick(known))
    else this.#pin(by, this.#random.pick(cids))
  }

  #pin(by: SimPeer, cid: string): void {
    const where = this.#random.below(100)
    const from = where < 80 ? 'here' : where < 93 ? 'outside' : 'nowhere'
    const bytes = this.#random.chance(10) ? this.#random.below(300 * mb) : this.#random.below(10 * mb)
    const copies = this.#random.chance(7) ? 0 : 1 + this.#random.below(Math.min(4, this.#world.settings.peers))
    this.#client.pin(by, cid, {
      copies,
      bytes: bytes + 1,
      from,
      ...(this.#random.chance(20) ? { name: `n${this.#random.below(9)}` } : {})
    })
  }

  #fault(): void {
    const { crashes, stops, partitions, loss, clocks, disks, content, leaves, joins } = this.#climate
    const peer = this.#random.pick(this.#world.peers)
    const acts: (() => void)[] = []
    if (crashes)
      acts.push(
        () => this.#crash(peer),
        () => this.#crash(peer)
      )
    if (stops) acts.push(() => this.#stop(peer))
    if (partitions) acts.push(() => this.#partition())
    if (loss) acts.push(() => this.#lose())
    if (clocks) acts.push(() => this.#turnClock(peer))
    if (disks) acts.push(() => this.#spoilDisk(peer))
    if (content) acts.push(() => this.#spoilContent(peer))
    if (leaves) acts.push(() => this.#leave(peer))
    if (joins > this.#joins) acts.push(() => this.#join())
    if (acts.length > 0) this.#random.pick(acts)()
  }

  #after(lowMs: number, highMs: number, run: () => void): void {
    this.#world.scheduler.after(this.#random.between(lowMs, highMs), () => {
      if (this.#raging) run()
    })
  }

  #tell(text: string): void {
    this.#world.trace.tell(this.#world.now, text)
  }

  #crash(peer: SimPeer): void {
    const together = this.#random.chance(10) ? this.#random.shuffled(this.#world.peers).slice(0, 3) : [peer]
    for (const one of together) {
      if (one.core === undefined) continue
      this.#tell(`crash p${one.settings.index}`)
      one.crash()
      this.#after(200, this.#random.chance(40) ? 30_000 : 3000, () => one.start())
    }
  }

  #stop(peer: SimPeer): void {
    if (!peer.up) return
    this.#tell(`stop p${peer.settings.index}`)
    peer.stop()
    this.#after(500, 25_000, () => peer.goOn())
  }

  #partition(): void {
    const all = this.#random.shuffled(this.#world.peers)
    const shape = this.#random.below(4)
    this.#tell(`partition ${shape}`)
    if (shape === 0) this.#world.partition(all.slice(0, 1), all.slice(1))
    else if (shape === 1) this.#world.partition(all.slice(0, all.length >> 1), all.slice(all.length >> 1))
    else if (shape === 2) this.#world.partition(all.slice(0, 1), all.slice(1, 1 + (all.length >> 1)))
    else this.#world.partition(all.slice(0, 1), all.slice(1), true)
    this.#after(2000, this.#random.chance(30) ? 50_000 : 12_000, () => this.#world.network.heal())
  }

  #lose(): void {
    this.#tell('loss')
    const slow = this.#random.chance(30) ? 2000 : 200
    this.#world.network.weather = {
      delayMinMs: 1,
      delayMaxMs: slow,
      lossPercent: this.#random.below(60),
      doublePercent: this.#random.below(30)
    }
    this.#after(1000, 15_000, () => (this.#world.network.weather = { ...fairWeather }))
  }

  #turnClock(peer: SimPeer): void {
    peer.skewMs = Math.floor(this.#random.between(-1, 1) * (this.#random.chance(20) ? 40_000 : 3000))
    this.#tell(`clock p${peer.settings.index} ${peer.skewMs}`)
  }

  #spoilDisk(peer: SimPeer): void {
    this.#tell(`disk p${peer.settings.index}`)
    if (this.#random.chance(50)) peer.writeSlowness = 1 + this.#random.below(100)
    else peer.writeFailPercent = this.#random.below(100)
    this.#after(500, 8000, () => this.#mend(peer))
  }

  #spoilContent(peer: SimPeer): void {
    this.#tell(`content p${peer.settings.index}`)
    const kind = this.#random.below(4)
    if (kind === 0) peer.backEnd.failing = true
    else if (kind === 1) peer.backEnd.full = true
    else if (kind === 2) peer.backEnd.deaf = true
    else peer.backEnd.slowness = 2 + this.#random.below(10)
    if (kind === 0) peer.probe()
    this.#after(1000, 20_000, () => this.#mend(peer))
  }

  /** It begins to leave, and stays after all. */
  #leave(peer: SimPeer): void {
    if (!peer.up) return
    this.#tell(`leave p${peer.settings.index}`)
    peer.command({ do: 'leave' }, () => {})
    this.#after(2000, 40_000, () => this.#stay(peer))
  }

  /** Its operator has the trash emptied at once. */
  #clear(peer: SimPeer): void {
    if (!peer.up) return
    this.#tell(`gc p${peer.settings.index}`)
    const buckets = [...new Set(peer.disk.rows('hold').map(({ key }) => bucketOf(key)))]
    peer.command({ do: 'empty-trash', buckets, now: true }, () => {})
  }

  #stay(peer: SimPeer): void {
    if (peer.up) peer.command({ do: 'stay' }, () => {})
  }

  #join(): void {
    this.#joins++
    this.#tell('join')
    const peer = this.#world.addPeer()
    peer.start()
    const vouch = (): void => {
      if (this.#world.founder.up) this.#world.vouch(peer)
      else this.#world.scheduler.after(1000, vouch)
    }
    vouch()
  }
}
