/**
 * Leaving the mesh in order: the record says so, placement asks this peer for nothing any more, and the release rule lets each
 * copy go once enough others have promised to keep theirs. That a leave is under way is on disk before it is answered, so a
 * restart goes on with it. Who has handed everything on says `left`, and is no member any more.
 */
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Claimer } from '../content/claimer.ts'
import type { Claims } from '../content/claims.ts'
import type { Keeper } from '../content/keeper.ts'
import type { Planner } from '../content/planner.ts'
import { countWitnesses, possibleWitnesses, witnessesWanted } from '../content/release.ts'
import type { KeyValue } from '../events.ts'
import { cidText } from '../formats/cid.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { Self } from '../members/self.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import { isHeld } from '../placement/pin-view.ts'
import type { HeldPin, LeaveReport } from '../reports.ts'

/** meta 'l': a leave is under way. */
const leaveRowKey = new Uint8Array([0x6c])
/** Pins named in one report. */
const pinsMax = 1000

export interface LeavingInit {
  readonly self: string
  readonly outbox: Outbox
  readonly disk: Disk
  readonly leaves: Leaves
  readonly members: Members
  readonly claims: Claims
  readonly claimer: Claimer
  readonly keeper: Keeper
  readonly planner: Planner
  readonly timings: Timings
  /** what this peer says of itself */
  readonly own: Self
  /** tells everybody the roots, so that the last record is asked for also where gossip fails */
  readonly greetAll: () => void
}

interface Survey {
  held: number
  handedOn: number
  stuck: number
  promisedUntil: number
  readonly pins: HeldPin[]
}

export class Leaving {
  readonly #init: LeavingInit

  constructor(init: LeavingInit) {
    this.#init = init
  }

  /** Goes on with a leave that was under way before the restart (rows of table meta). */
  load(rows: readonly KeyValue[]): void {
    const row = rows.find(({ key }) => key.length === 1 && key[0] === leaveRowKey[0])
    if (row !== undefined && new Reader(row.value).u8() === 1) this.#init.own.setLeave('leaving')
  }

  run(id: number, what: 'leave' | 'stay' | 'leave-report' | 'left'): void {
    switch (what) {
      case 'leave':
        return this.#turn(id, 'leaving', new Writer().u8(1).finish())
      case 'stay':
        return this.#turn(id, 'no', null)
      case 'left':
        return this.#turn(id, 'left', null)
      case 'leave-report':
        return this.#survey(id)
    }
  }

  #turn(id: number, leave: 'no' | 'leaving' | 'left', value: Uint8Array | null): void {
    const { disk, own, outbox, greetAll } = this.#init
    own.setLeave(leave)
    const row = { table: 'meta' as const, key: leaveRowKey, value }
    disk.write({
      rows: [row],
      sync: true,
      done: () => {
        if (leave === 'left') greetAll()
        outbox.emit({ kind: 'reply', id, reply: { of: 'done' } })
      }
    })
  }

  /** Looks at every pin that is held here, a leaf at a time. */
  #survey(id: number): void {
    const { claimer, keeper, leaves, outbox } = this.#init
    const survey: Survey = { held: 0, handedOn: 0, stuck: 0, promisedUntil: 0, pins: [] }
    const buckets = claimer.holding()
    const ready = keeper.ready && claimer.complete
    let missing = buckets.length
    const reply = (): void => {
      const report: LeaveReport = { ready, ...survey }
      outbox.emit({ kind: 'reply', id, reply: { of: 'leave-report', report } })
    }
    if (missing === 0) return reply()
    for (const bucket of buckets) {
      leaves.later(bucket >> 4, (leaf) => {
        this.#look(leaf, bucket, survey)
        if (--missing === 0) reply()
      })
    }
  }

  #look(leaf: Leaf, bucket: number, survey: Survey): void {
    const { self, members, claims, planner, keeper } = this.#init
    leaf.rows(bucket).forEach((row, at) => {
      const hold = leaf.holds.get(row.key)
      if (hold?.state !== 'held') return
      survey.held++
      const coveredUntil = keeper.trash.coveredUntil(bucket, hold)
      survey.promisedUntil = Math.max(survey.promisedUntil, coveredUntil)
      const question = { ...this.#init, bucket, at, row, coveredUntil }
      const want = witnessesWanted(question)
      const witnesses = countWitnesses(question)
      if (witnesses >= want) {
        survey.handedOn++
        return
      }
      const { targets } = planner.plan(bucket, row, at, 'held')
      if (possibleWitnesses(question, targets) < want) survey.stuck++
      if (survey.pins.length >= pinsMax) return
      const copies = members.candidates.filter(
        ({ peer }) => peer !== self && members.usable(peer) && isHeld(claims.stateOf(peer, bucket, at))
      ).length
      const name = row.name === undefined ? {} : { name: row.name }
      survey.pins.push({ cid: cidText(row.cid), ...name, want, copies, witnesses })
    })
  }
}
