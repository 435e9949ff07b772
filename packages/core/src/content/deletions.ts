/**
 * Deleting content that this peer no longer keeps. First the journal says `releasing`, then the back end is told, and when it is done
 * the journal forgets the pin: after a crash in between nobody takes for held what may be half gone. What could not be
 * deleted is tried again, unless it is wanted by then.
 */
import type { Row } from '../effects.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, leafOf } from '../formats/key.ts'
import type { Agenda } from '../loop/agenda.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import { findRow } from './claims.ts'
import type { Hold } from './hold.ts'

const retryMs = 10_000

export interface DeletionsInit {
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly leaves: Leaves
  /** is a fetch of this key queued or under way, also one that was given up? How it ends says what is left. */
  readonly fetching: (key: Uint8Array) => boolean
  /** writes rows of a leaf durably */
  readonly save: (leaf: Leaf, rows: Row[], done: () => void) => void
  /** this bucket has to be looked at again */
  readonly mark: (bucket: number) => void
}

interface Deletion {
  readonly key: Uint8Array
  /** told: the back end is at it · failed: it was, and could not */
  stage: 'noted' | 'told' | 'failed'
  /** to be told whether it is gone */
  readonly watchers: ((gone: boolean) => void)[]
}

export class Deletions {
  readonly #init: DeletionsInit
  /** by CID */
  readonly #underWay = new Map<string, Deletion>()

  constructor(init: DeletionsInit) {
    this.#init = init
  }

  /** Is the back end deleting this content? */
  running(cid: string): boolean {
    return this.#underWay.get(cid)?.stage === 'told'
  }

  /** Was it tried, or cut short by a restart, and is nobody at it now? */
  stuck(cid: string): boolean {
    return (this.#underWay.get(cid)?.stage ?? 'failed') === 'failed'
  }

  /** Lets a hold go for good, unless somebody wishes anew for the pin before the back end is told. */
  begin(leaf: Leaf, hold: Hold): void {
    const { key } = hold
    const cid = cidText(hold.cid)
    if (this.#underWay.has(cid)) return
    const one = this.#note(cid, key)
    const wish = wishOf(leaf, key)
    this.#init.save(leaf, [leaf.holds.set({ ...hold, state: 'releasing' })], () => {
      // It may have been added anew meanwhile.
      const releasing = leaf.holds.get(key)?.state === 'releasing'
      if (releasing && wishOf(leaf, key) === wish) return this.#tell(cid, one)
      this.#end(cid, one, false)
      if (releasing) this.#init.save(leaf, [leaf.holds.set(hold)], () => this.#init.mark(bucketOf(key)))
    })
  }

  /** Goes on with what a restart or a failure has interrupted. */
  resume(hold: Hold): void {
    const cid = cidText(hold.cid)
    if (this.#underWay.has(cid)) return
    this.#tell(cid, this.#note(cid, hold.key))
  }

  /** Deletes what a fetch has left behind, unless it is held or fetched again by now. */
  leftover(cid: string, key: Uint8Array): void {
    this.#init.leaves.with(leafOf(key), (leaf) => {
      const hold = leaf.holds.get(key)
      if (this.#init.fetching(key) || (hold !== undefined && hold.state !== 'failed')) return
      this.copy(cid, key)
    })
  }

  /** Deletes a copy that the journal does not know. */
  copy(cid: string, key: Uint8Array): void {
    if (!this.#underWay.has(cid)) this.#tell(cid, this.#note(cid, key))
  }

  /** Tells once whether the content is gone; at once that it is not, if nothing is deleting it. */
  watch(cid: string, ended: (gone: boolean) => void): void {
    const one = this.#underWay.get(cid)
    if (one === undefined) ended(false)
    else one.watchers.push(ended)
  }

  released(cid: string): void {
    const one = this.#underWay.get(cid)
    if (one === undefined) return
    this.#end(cid, one, true)
    const bucket = bucketOf(one.key)
    this.#init.leaves.with(bucket >> 4, (leaf) => {
      if (leaf.holds.get(one.key)?.state !== 'releasing') return
      this.#init.save(leaf, [leaf.holds.drop(one.key)], () => this.#init.mark(bucket))
    })
  }

  failed(cid: string): void {
    const one = this.#underWay.get(cid)
    if (one === undefined) return
    // Until it is told again the content may be held anew.
    one.stage = 'failed'
    for (const ended of one.watchers.splice(0)) ended(false)
    this.#init.agenda.at(this.#init.outbox.mono + retryMs, () => {
      this.#end(cid, one, false)
      this.#init.mark(bucketOf(one.key))
      this.leftover(cid, one.key)
    })
  }

  #note(cid: string, key: Uint8Array): Deletion {
    const one: Deletion = { key, stage: 'noted', watchers: [] }
    this.#underWay.set(cid, one)
    return one
  }

  #tell(cid: string, one: Deletion): void {
    one.stage = 'told'
    this.#init.outbox.emit({ kind: 'release', cid })
  }

  #end(cid: string, one: Deletion, gone: boolean): void {
    this.#underWay.delete(cid)
    for (const ended of one.watchers.splice(0)) ended(gone)
  }
}

/** The lamport of the newest wish for it; undefined: nobody wishes for it. */
function wishOf(leaf: Leaf, key: Uint8Array): number | undefined {
  const rows = leaf.rows(bucketOf(key))
  return rows[findRow(rows, key)]?.lamport
}
