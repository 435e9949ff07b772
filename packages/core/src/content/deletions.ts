/**
 * Deleting content that this peer no longer keeps. First the journal says `releasing`, then the back end is told, and when it is done
 * the journal forgets the pin: after a crash in between nobody takes for held what may be half gone. What could not be
 * deleted is tried again.
 */
import type { Row } from '../effects.ts'
import { bucketOf } from '../formats/key.ts'
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { Hold } from './hold.ts'

const retryMs = 10_000

export interface DeletionsInit {
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly leaves: Leaves
  /** writes rows of a leaf durably */
  readonly save: (leaf: Leaf, rows: Row[], done: () => void) => void
  /** this bucket has to be looked at again */
  readonly mark: (bucket: number) => void
}

export class Deletions {
  readonly #init: DeletionsInit
  /** by CID; `told`: the back end is at it */
  readonly #underWay = new Map<string, { readonly key: Uint8Array; told: boolean }>()

  constructor(init: DeletionsInit) {
    this.#init = init
  }

  /** Is the back end deleting this content? */
  running(cid: string): boolean {
    return this.#underWay.get(cid)?.told === true
  }

  /** Lets a hold go for good. */
  begin(leaf: Leaf, hold: Hold): void {
    const cid = hold.cid.toString()
    if (this.#underWay.has(cid)) return
    const one = { key: hold.key, told: false }
    this.#underWay.set(cid, one)
    this.#init.save(leaf, [leaf.setHold({ ...hold, state: 'releasing' })], () => {
      // It may have been added anew meanwhile.
      if (leaf.hold(hold.key)?.state === 'releasing') this.#tell(cid, one)
      else this.#underWay.delete(cid)
    })
  }

  /** Goes on with what a restart or a failure has interrupted. */
  resume(hold: Hold): void {
    const cid = hold.cid.toString()
    if (this.#underWay.has(cid)) return
    const one = { key: hold.key, told: false }
    this.#underWay.set(cid, one)
    this.#tell(cid, one)
  }

  released(cid: string): void {
    const one = this.#underWay.get(cid)
    if (one === undefined) return
    this.#underWay.delete(cid)
    const bucket = bucketOf(one.key)
    this.#init.leaves.with(bucket >> 4, (leaf) => {
      if (leaf.hold(one.key)?.state !== 'releasing') return
      this.#init.save(leaf, [leaf.dropHold(one.key)], () => this.#init.mark(bucket))
    })
  }

  failed(cid: string): void {
    const one = this.#underWay.get(cid)
    if (one === undefined) return
    this.#init.agenda.at(this.#init.outbox.mono + retryMs, () => {
      this.#underWay.delete(cid)
      this.#init.mark(bucketOf(one.key))
    })
  }

  #tell(cid: string, one: { told: boolean }): void {
    one.told = true
    this.#init.outbox.emit({ kind: 'release', cid })
  }
}
