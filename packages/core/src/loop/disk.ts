/**
 * Durable before told: rows are handed in as groups, a group is written whole, and what depends on it goes on only when
 * `done` says that it is on disk. One batch is under way at a time; groups that come meanwhile form the next one (group commit),
 * and in bulk what nobody waits for gathers a little longer.
 * If a batch fails, groups that can be rolled back are told so; the others are tried again, since what they hold still stands.
 */
import type { Row } from '../effects.ts'
import type { Agenda } from './agenda.ts'
import type { Outbox } from './outbox.ts'

export interface Group {
  readonly rows: readonly Row[]
  /** must survive power loss before `done` */
  readonly sync?: boolean
  /** undefined: on disk; a code: nothing of the group was written (only with `rollback`) */
  readonly done?: (code: string | undefined) => void
  /** give up on failure instead of trying again */
  readonly rollback?: boolean
  /** nobody waits for it: it may gather with others for a moment */
  readonly patient?: boolean
}

/** A batch stays well under a millisecond-scale write: about 1 MB of small rows. */
const rowsPerBatchMax = 4096
const retryMs = 1000
/** Patient groups begin no batch so soon after the one before: in bulk each would be synced for itself. */
const gatherMs = 20

export class Disk {
  readonly #outbox: Outbox
  readonly #agenda: Agenda
  #waiting: Group[] = []
  #underWay: Group[] | undefined
  #batch = 0
  #heldUntil = 0
  /** Somebody waits for one of the groups. */
  #pressing = false
  /** mono ms before which patient groups begin no batch, and for which a wake is planned */
  #gatherUntil = 0
  #wakesAt = 0

  constructor(outbox: Outbox, agenda: Agenda) {
    this.#outbox = outbox
    this.#agenda = agenda
  }

  write(group: Group): void {
    if (group.patient !== true) this.#pressing = true
    this.#waiting.push(group)
  }

  get busy(): boolean {
    return this.#underWay !== undefined || this.#waiting.length > 0
  }

  /** Rows handed in and not yet on disk: what bounds intake. */
  get backlog(): number {
    return this.#waiting.length
  }

  /** Called at the end of every step. */
  flush(): void {
    if (this.#underWay !== undefined || this.#waiting.length === 0) return
    if (this.#outbox.mono < this.#heldUntil) return
    if (!this.#pressing && this.#outbox.mono < this.#gatherUntil) return this.#wakeThen()
    const groups: Group[] = []
    const rows: Row[] = []
    let sync = false
    while (this.#waiting.length > groups.length && rows.length < rowsPerBatchMax) {
      const group = this.#waiting[groups.length] as Group
      groups.push(group)
      rows.push(...group.rows)
      if (group.sync === true) sync = true
    }
    this.#waiting = this.#waiting.slice(groups.length)
    this.#pressing = this.#waiting.length > 0
    this.#gatherUntil = this.#outbox.mono + gatherMs
    this.#underWay = groups
    this.#outbox.emit({ kind: 'write', batch: ++this.#batch, rows, sync })
  }

  #wakeThen(): void {
    if (this.#wakesAt === this.#gatherUntil) return
    this.#wakesAt = this.#gatherUntil
    this.#agenda.at(this.#wakesAt, () => {})
  }

  written(batch: number): void {
    for (const group of this.#take(batch)) group.done?.(undefined)
  }

  failed(batch: number, code: string): void {
    const again: Group[] = []
    for (const group of this.#take(batch)) {
      if (group.rollback === true) group.done?.(code)
      else again.push(group)
    }
    this.#waiting = [...again, ...this.#waiting]
    this.#pressing = true
    this.#heldUntil = this.#outbox.mono + retryMs
    this.#outbox.note('store-failed', 'The store took no write; it is tried again in a second.', { reason: code })
    this.#agenda.at(this.#heldUntil, () => {})
  }

  #take(batch: number): Group[] {
    if (batch !== this.#batch || this.#underWay === undefined) throw new Error(`batch ${batch} was not under way`)
    const groups = this.#underWay
    this.#underWay = undefined
    return groups
  }
}
