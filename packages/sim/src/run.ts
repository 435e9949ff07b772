/**
 * One seed, from a founded mesh through a storm into calm weather. The seed decides everything: how many peers and writers,
 * what goes wrong, whether a peer is lost for good at the end.
 */
import { Client } from './client.ts'
import { CrashError, LivenessError, SafetyError } from './failures.ts'
import { Judge, nameOf } from './judge.ts'
import { climateOf, Storm } from './storm.ts'
import { World } from './world.ts'

export interface RunSettings {
  readonly seed: number
  /** peers at the start; by the seed when it is left out */
  readonly peers?: number
  readonly writers?: number
  /** of the peers, those that are not vouched for; by the seed when it is left out */
  readonly volunteers?: number
  /** false: nothing is said by gossip; by the seed when it is left out */
  readonly gossip?: boolean
  /** length of the storm, by the seed when it is left out */
  readonly stormMs?: number
  /** sees every event and effect as a line */
  readonly listener?: (line: string) => void
}

export interface Outcome {
  readonly seed: number
  readonly failure?: { readonly kind: 'crash' | 'safety' | 'liveness'; readonly text: string }
  /** the trace as one number: equal for equal runs */
  readonly hash: string
  readonly steps: number
  readonly virtualMs: number
  readonly acked: number
  readonly refused: number
}

/** All that takes its time in calm weather: brake 30 s, lease and trash 50 s, back-off of failed fetches up to 96 s, clocks 40 s off. */
export const calmMaxMs = 300_000
/** Nothing is fetched or let go for so long: at rest. */
const restMs = 10_000
/** The mesh has met and plans its duties. */
const meetMs = 6000
/** A transfer too many for each five copies lost, and a few by chance. */
const transfersOver = 1.2
const transfersSpare = 3
/** Messages on topic pins at rest: claims are renewed every 5 s, for each shard in use. */
const claimsPerPeerSecond = 4

export function runSeed(settings: RunSettings): Outcome {
  const { seed, listener } = settings
  const run = new Run(settings)
  if (listener !== undefined) run.world.trace.listener = listener
  let failure: Outcome['failure']
  try {
    run.whole()
  } catch (error) {
    const kind = error instanceof SafetyError ? 'safety' : error instanceof LivenessError ? 'liveness' : 'crash'
    failure = {
      kind,
      text: error instanceof CrashError || kind !== 'crash' ? (error as Error).message : String((error as Error).stack)
    }
  }
  const { trace, now } = run.world
  const { acked, refused } = run.client
  return {
    seed,
    ...(failure === undefined ? {} : { failure }),
    hash: trace.hash,
    steps: trace.count,
    virtualMs: now,
    acked,
    refused
  }
}

class Run {
  readonly world: World
  readonly client: Client
  readonly #judge: Judge
  readonly #storm: Storm
  readonly #stormMs: number

  constructor({ seed, peers, writers, stormMs, ...given }: RunSettings) {
    const dice = new World({ seed, peers: 1, writers: 1 }).random.fork()
    const count = peers ?? 3 + dice.below(4)
    const diced = dice.chance(25) ? dice.below(count - 1) : 0
    const volunteers = Math.min(given.volunteers ?? diced, count - 1)
    const trusted = count - volunteers
    const writing = Math.min(writers ?? 1 + dice.below(3), trusted)
    const silent = dice.chance(8)
    this.world = new World({ seed, peers: count, writers: writing, volunteers, gossip: given.gossip ?? !silent })
    this.#stormMs = stormMs ?? 20_000 + dice.below(40_000)
    this.client = new Client(this.world)
    this.#judge = new Judge(this.world, this.client)
    this.#storm = new Storm(this.world, this.client, climateOf(dice))
    if (volunteers > 1 && dice.chance(30)) (this.world.peers.at(-1) as World['founder']).backEnd.lying = true
  }

  whole(): void {
    const { world } = this
    world.begin()
    world.run(meetMs)
    this.#storm.begin()
    world.run(this.#stormMs)
    this.#storm.calm()
    this.#settle()
    if (world.random.chance(35)) this.#loseOne()
    this.#rest()
  }

  /** P1, P2, P4: the mesh comes to rest with everything in its place. */
  #settle(): void {
    const { world } = this
    const calmSince = world.now
    world.runUntil(
      () => world.now - calmSince > restMs && this.#judge.unsettled().length === 0 && this.#still(),
      calmMaxMs,
      1000
    )
    const wrong = this.#judge.unsettled()
    if (wrong.length > 0) {
      const lines = [...wrong.slice(0, 8), ...this.#explained(wrong[0] as string)]
      throw new LivenessError(
        `${wrong.length} things are wrong ${calmMaxMs / 1000} s after the storm:\n  ${lines.join('\n  ')}`
      )
    }
    if (!this.#still()) throw new LivenessError(`copies still move ${calmMaxMs / 1000} s after the storm`)
    this.#judge.strict = true
  }

  /** What each peer says of the pin that a complaint names. */
  #explained(complaint: string): string[] {
    const cid = /baf\w+/.exec(complaint)?.[0]
    if (cid === undefined) return []
    const lines: string[] = []
    const names = new Map(this.world.peers.map((peer) => [peer.id, nameOf(peer)]))
    for (const peer of this.world.up()) {
      peer.command({ do: 'status', cid }, (reply) => {
        const peers =
          reply.of === 'status'
            ? reply.report.peers.map((one) => `${names.get(one.peer) ?? '?'}${one.target ? '*' : ''}=${one.state}`)
            : ['does not know it']
        lines.push(`${nameOf(peer)} says: ${peers.join(' ')}`)
      })
    }
    this.world.run(1000)
    return lines
  }

  /** P6: a peer is lost for good; what it held is copied once. */
  #loseOne(): void {
    const { world } = this
    const victims = world.up().filter((peer) => peer !== world.founder)
    const victim = victims[world.random.below(Math.max(1, victims.length))]
    if (victim === undefined || world.up().length < 3) return
    world.trace.tell(world.now, `lose ${nameOf(victim)}`)
    // What it says it holds counts: its back end may have lied.
    const copies = Math.max([...victim.backEnd.set.cids()].length, victim.disk.rows('hold').length)
    const fetched = (): number => world.peers.reduce((sum, peer) => sum + peer.backEnd.fetched, 0)
    const before = fetched()
    victim.lose()
    world.run(world.timings.downMs)
    this.#settle()
    const transfers = fetched() - before
    if (transfers > transfersOver * copies + transfersSpare)
      throw new LivenessError(`${transfers} transfers for ${copies} copies lost with ${nameOf(victim)}`)
  }

  /** P5: nothing moves and little is said. */
  #rest(): void {
    const { world } = this
    // Beside volunteers an extra copy may go at any later time: their promises do not count.
    const releases = (): number => ((world.settings.volunteers ?? 0) > 0 ? 0 : this.#judge.releases)
    const moves = this.#judge.acquires + releases()
    const { pins, facts } = world.network.published
    world.run(restMs)
    if (this.#judge.acquires + releases() > moves && !this.#retrying()) throw new LivenessError('copies move at rest')
    const claims = world.network.published.pins - pins
    if (claims > (claimsPerPeerSecond * world.up().length * restMs) / 1000)
      throw new LivenessError(`${claims} messages about pins in ${restMs} ms at rest`)
    if (world.network.published.facts - facts > 0) throw new LivenessError('facts change at rest')
  }

  /** Nothing was fetched or let go lately, but for tries at what nobody has. */
  #still(): boolean {
    return this.#retrying() || this.world.now - this.#judge.lastMoveAt > restMs
  }

  #retrying(): boolean {
    const first = this.world.up()[0]
    if (first === undefined) return false
    return [...this.#judge.pinsOf(first).keys()].some((cid) => this.world.holders(cid).length === 0)
  }
}
