/**
 * Ending a wish. One slot of a CID is ended at a time, or every slot; the CID stays wanted while any slot wants it.
 */
import type { Crypto } from '../crypto.ts'
import type { Keeper } from '../content/keeper.ts'
import { findRow } from '../content/claims.ts'
import type { Failure } from '../effects.ts'
import { FormatError } from '../bytes/format-error.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, keyOfPin, mapKeyOf, parseMapKey } from '../formats/key.ts'
import type { Register } from '../formats/register.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { UnpinAnswer } from '../reports.ts'
import { badCid, notPinned, parseCid } from './cids.ts'
import { nextLamport, writeDenied, writeFailed, type Writing } from './writing.ts'

export interface UnpinsInit extends Writing {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly leaves: Leaves
  readonly keeper: Keeper
}

export interface UnpinHow {
  /** end another writer's wish too */
  readonly yes: boolean
  /** which request; absent: the one without a slot */
  readonly slot?: string
  readonly everySlot?: boolean
}

type Done = (answer: UnpinAnswer | { cid: string; failure: Failure }) => void

export class Unpins {
  readonly #init: UnpinsInit

  constructor(init: UnpinsInit) {
    this.#init = init
  }

  run(text: string, how: UnpinHow, done: Done): void {
    const refuse = (failure: Failure): void => done({ cid: text, failure })
    const cid = parseCid(text)
    if (cid === undefined) return refuse(badCid(text))
    const denied = writeDenied(this.#init)
    if (denied !== undefined) return refuse(denied)
    const key = keyOfPin(this.#init.meshId, cid, this.#init.crypto)
    const mapKey = mapKeyIn(key, how.slot)
    if (mapKey === undefined) return refuse(badSlot(how.slot ?? ''))
    const bucket = bucketOf(key)
    this.#init.leaves.with(bucket >> 4, (leaf) => {
      const rows = leaf.rows(bucket)
      const all = rows[findRow(rows, key)]?.mapKeys ?? []
      const ended = how.everySlot === true ? all : all.filter((one) => one === mapKey)
      if (ended.length === 0) return refuse(all.length === 0 ? notPinned(text) : otherSlots(text, slotsOf(all)))
      const other = how.yes ? undefined : this.#others(leaf, ended)
      if (other !== undefined) return refuse(othersPin(text, other))
      const kept = all.filter((one) => !ended.includes(one))
      const slots = kept.length === 0 ? {} : { slots: slotsOf(kept) }
      this.#end(leaf, ended, (code) => {
        if (code !== undefined) return refuse(writeFailed(code, this.#init.self))
        this.#init.keeper.mark(bucket)
        done({ cid: cidText(cid), ...slots })
      })
    })
  }

  /** The peer of another writer whose wish would be ended. */
  #others(leaf: Leaf, mapKeys: readonly string[]): string | undefined {
    const { keyLog } = this.#init.facts
    const own = keyLog.writerOf(this.#init.self)
    const writer = mapKeys.map((mapKey) => leaf.view().get(mapKey)?.writer).find((one) => one !== own)
    return writer === undefined ? undefined : (keyLog.writer(writer)?.peer ?? 'another writer')
  }

  /** Ends them one beside the other; `done` once, with the first failure if there is one. */
  #end(leaf: Leaf, mapKeys: readonly string[], done: (code?: string) => void): void {
    const { author, facts, self } = this.#init
    const writer = facts.keyLog.writerOf(self)
    let left = mapKeys.length
    let failed: string | undefined
    for (const mapKey of mapKeys) {
      author.changeAtOnce({
        leaf: leaf.id,
        mapKey,
        change: (resident) => this.#change(resident, mapKey, writer),
        done: (code) => {
          failed ??= code
          if (--left === 0) done(failed)
        }
      })
    }
  }

  /** A plain delete where only the own log asks; a register of its own while another writer's pin stands. */
  #change(leaf: Leaf, mapKey: string, writer: number | undefined): Register | null | undefined {
    const registers = leaf.registers(mapKey)
    const others = registers.some(({ log, register }) => log.id.writer !== writer && register.op === 'pin')
    if (others) return { op: 'unpin', lamport: nextLamport(leaf, mapKey, this.#init.outbox) }
    return registers.some(({ log }) => log.id.writer === writer) ? null : undefined
  }
}

/** The slots of these map keys; '' for the request without one. */
export function slotsOf(mapKeys: readonly string[]): string[] {
  return mapKeys.map((mapKey) => parseMapKey(mapKey).slot)
}

function mapKeyIn(key: Uint8Array, slot: string | undefined): string | undefined {
  try {
    return mapKeyOf(key, slot)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function badSlot(slot: string): Failure {
  return {
    code: 'MESH_BAD_PIN',
    text: `"${slot.slice(0, 40)}" is not a slot.`,
    remedy: 'Give 1 to 16 of the characters A-Z a-z 0-9 _ -.'
  }
}

function otherSlots(cid: string, slots: readonly string[]): Failure {
  const names = slots.map((slot) => (slot === '' ? 'without a slot' : `in slot ${slot}`))
  return {
    code: 'MESH_NOT_PINNED',
    text: `${cid} is pinned only ${names.join(' and ')}.`,
    remedy: 'Give that one with --slot, or --all-slots to end every one.'
  }
}

function othersPin(cid: string, peer: string): Failure {
  return {
    code: 'MESH_OTHERS_PIN',
    text: `${cid} was pinned by ${peer}.`,
    remedy: 'To end that pin for everybody, repeat with --yes.'
  }
}
