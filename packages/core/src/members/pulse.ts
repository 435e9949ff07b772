/**
 * What goes on by the clock alone: own beats, the look at who is alive, connections to members, the daily renewal of the
 * record. Beats always go out; they say how the store is. A step that comes much too late (a stopped process, a sleeping
 * laptop) moves all deadlines by the gap, since others were not silent: this peer was deaf.
 */
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Timings } from './profiles.ts'
import type { Members } from './members.ts'
import type { Self } from './self.ts'

/** Members that a peer keeps a connection to; gossip does the rest. */
const connectionsWanted = 12
/** A record is renewed when a seventh of its life has passed. */
const renewalShare = 7

export interface PulseInit {
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly timings: Timings
  readonly members: Members
  readonly self: Self
  readonly connections: () => ReadonlySet<string>
  readonly random: (below: number) => number
  /** sends the next beat */
  readonly beat: () => void
  /** somebody's state has changed */
  readonly changed: (peer: string, from: string, to: string) => void
  /** this peer stood still for a while */
  readonly late: () => void
  /** forget records that are out of date */
  readonly expire: () => void
}

interface Dialling {
  tries: number
  nextAt: number
}

export class Pulse {
  readonly #init: PulseInit
  readonly #dialling = new Map<string, Dialling>()
  #lookedAt = 0
  #renewAt = 0
  #wasIsolated = false
  #wasBraking = false
  #wasInDoubt = false
  #wasDated = false
  #clockStanding = ''

  constructor(init: PulseInit) {
    this.#init = init
  }

  begin(): void {
    const { agenda, outbox, timings } = this.#init
    this.#lookedAt = outbox.mono
    this.#renewAt = outbox.mono + timings.recordLifeMs / renewalShare
    const beat = (): void => {
      this.#init.beat()
      this.#dial()
      this.#renew()
      agenda.at(outbox.mono + timings.beatMs, beat)
    }
    agenda.at(outbox.mono, beat)
    const look = (): void => {
      this.look()
      agenda.at(outbox.mono + timings.beatMs / 4, look)
    }
    agenda.at(outbox.mono + timings.beatMs / 4, look)
  }

  /** A connection stands: the next trouble starts from the beginning. */
  connected(peer: string): void {
    this.#dialling.delete(peer)
  }

  look(): void {
    const { outbox, timings, members } = this.#init
    const gap = outbox.mono - this.#lookedAt
    this.#lookedAt = outbox.mono
    if (gap > 2 * timings.beatMs) {
      members.liveness.stepGap(gap)
      this.#init.late()
      outbox.note('late', 'This peer was stopped for a while; it waits to hear the others before it judges them.', {
        gapMs: Math.round(gap)
      })
    }
    for (const { peer, from, to } of members.liveness.advance(outbox.mono)) this.#init.changed(peer, from, to)
    this.#tell('isolated', this.#wasIsolated, (this.#wasIsolated = members.isolated))
    this.#tell('braking', this.#wasBraking, (this.#wasBraking = members.braking))
    this.#lookAtClock()
  }

  #lookAtClock(): void {
    const { outbox, members, self } = this.#init
    const { clock } = members
    clock.look()
    if (clock.standing === this.#clockStanding) return
    this.#clockStanding = clock.standing
    if (clock.inDoubt !== this.#wasInDoubt) {
      this.#wasInDoubt = clock.inDoubt
      const text = clock.inDoubt
        ? "This peer's clock is not that of the others: nothing lapses or is deleted here until it is."
        : "This peer's clock is that of the others again."
      outbox.note('MESH_CLOCK_SKEW', text, { is: clock.inDoubt, offsetMs: clock.offsetMs })
    }
    this.#init.changed(self.peer, 'clock', clock.inDoubt ? 'in doubt' : 'right')
    if (clock.isDated === this.#wasDated) return
    this.#wasDated = clock.isDated
    self.refresh()
  }

  #tell(what: 'isolated' | 'braking', was: boolean, is: boolean): void {
    if (was === is) return
    const text = is
      ? what === 'isolated'
        ? 'Most members are silent: this peer takes itself for cut off and neither repairs nor lets go.'
        : 'Many members went down at once: only pins with at most one copy are repaired, and nothing is let go.'
      : `No longer ${what}.`
    this.#init.outbox.note(what, text, { is })
    this.#init.changed(this.#init.self.peer, what, is ? 'yes' : 'no')
  }

  #dial(): void {
    const { members, outbox, timings, self } = this.#init
    const connections = this.#init.connections()
    let wanted = connectionsWanted - connections.size
    const others = members.candidates.filter(({ peer }) => peer !== self.peer && !connections.has(peer))
    const start = this.#init.random(Math.max(1, others.length))
    for (let n = 0; n < others.length && wanted > 0; n++) {
      const candidate = others[(start + n) % others.length]
      if (candidate === undefined || candidate.addresses.length === 0) continue
      const known = this.#dialling.get(candidate.peer) ?? { tries: 0, nextAt: outbox.mono }
      if (known.nextAt > outbox.mono) continue
      this.#dialling.set(candidate.peer, {
        tries: known.tries + 1,
        nextAt: outbox.mono + timings.beatMs * 2 ** Math.min(known.tries, 6)
      })
      outbox.emit({ kind: 'dial', peer: candidate.peer, addresses: candidate.addresses })
      wanted--
    }
  }

  #renew(): void {
    const { outbox, timings, self } = this.#init
    this.#init.expire()
    if (outbox.mono < this.#renewAt) return
    this.#renewAt = outbox.mono + timings.recordLifeMs / renewalShare
    self.refresh()
  }
}
