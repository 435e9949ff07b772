/**
 * Taking over what another writer wished for. Before a writer is removed, its wishes are written again by this peer, as they are
 * (`adopt`): when the removal is signed they stand without it, so on no peer do they ever lose their standing for good. Afterwards pins in
 * limbo can be listed, and taken over too. Leaves are worked on a few at a time, so that a million pins need no more memory than a thousand.
 */
import type { CID } from 'multiformats/cid'
import type { Crypto } from '../crypto.ts'
import type { Failure } from '../effects.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, keyOfPin, mapKeyOf } from '../formats/key.ts'
import type { Register } from '../formats/register.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Timings } from '../members/profiles.ts'
import type { Author } from '../pinset/author.ts'
import type { Heads } from '../pinset/heads.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import { limboOf, type LimboPin, winnerOf, wishesOf } from '../pinset/limbo.ts'
import type { LimboReport } from '../reports.ts'
import type { Facts } from '../trust/facts.ts'
import { nextLamport, writeFailed } from './writing.ts'

/** Leaves worked on at once: their entries share seals. */
const leavesAtOnce = 64
/** Pins of one page of the list. */
const pageMax = 1000
const leafCount = 4096

export interface AdoptionInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly timings: Timings
  readonly facts: Facts
  readonly heads: Heads
  readonly leaves: Leaves
  readonly author: Author
}

export interface Adopted {
  readonly adopted: number
}

/** What to write under a map key, and whether that is still wished for when its turn has come. */
interface Wish {
  readonly mapKey: string
  readonly register: (leaf: Leaf) => Register | undefined
}

export class Adoption {
  readonly #init: AdoptionInit

  constructor(init: AdoptionInit) {
    this.#init = init
  }

  /** Writes again whatever stands by this writer alone. It is done when all is on disk, or with why it is not. */
  takeOver(writer: number, done: (adopted: Adopted | Failure) => void): void {
    const wishes = (leaf: Leaf): Wish[] =>
      [...wishesOf(leaf, writer)].map(({ mapKey }) => ({
        mapKey,
        register: (now) => this.#wishOf(now, mapKey, writer)
      }))
    this.#each(this.#init.heads.leavesOf(writer), wishes, done)
  }

  /** Writes pins in limbo again, all or these. */
  adopt(cids: readonly CID[] | undefined, done: (adopted: Adopted | Failure) => void): void {
    const { meshId, crypto } = this.#init
    const keys = cids?.map((cid) => keyOfPin(meshId, cid, crypto))
    const wanted = keys && new Set(keys.map((key) => mapKeyOf(key)))
    const leaves = keys === undefined ? this.#limboLeaves() : [...new Set(keys.map((key) => bucketOf(key) >> 4))]
    const wishes = (leaf: Leaf): Wish[] =>
      this.#limbo(leaf)
        .filter(({ mapKey }) => wanted === undefined || wanted.has(mapKey.split('.', 1)[0] ?? ''))
        .map((pin) => ({ mapKey: pin.mapKey, register: (now) => this.#stillInLimbo(now, pin) }))
    this.#each(leaves, wishes, done)
  }

  /** Pins in limbo from leaf number `from` on; `next` is where the list goes on, undefined at its end. */
  list(from: number, done: (page: { pins: LimboReport[]; next?: number }) => void): void {
    const rest = this.#limboLeaves().filter((leaf) => leaf >= from)
    const pins: LimboReport[] = []
    const step = (): void => {
      const leaf = rest.shift()
      if (leaf === undefined) return done({ pins })
      if (pins.length >= pageMax) return done({ pins, next: leaf })
      this.#init.leaves.later(leaf, (resident) => {
        pins.push(...this.#limbo(resident).map((pin) => this.#report(resident, pin)))
        step()
      })
    }
    step()
  }

  #report(leaf: Leaf, { register, writer }: LimboPin): LimboReport {
    const { facts, timings, meshId, crypto } = this.#init
    const hold = leaf.holds.get(keyOfPin(meshId, register.cid, crypto))
    const here = hold !== undefined && (hold.state === 'limbo' || hold.state === 'held')
    return {
      cid: cidText(register.cid),
      ...(register.name === undefined ? {} : { name: register.name }),
      want: register.max,
      writer: facts.keyLog.writer(writer)?.peer ?? '',
      ...(here && hold.state === 'limbo' ? { keptUntil: hold.since + timings.limboMs } : {}),
      held: here
    }
  }

  #limbo(leaf: Leaf): LimboPin[] {
    return [...limboOf(leaf, (writer) => this.#inLimbo(writer))]
  }

  #inLimbo(writer: number): boolean {
    const known = this.#init.facts.keyLog.writer(writer)
    return known?.removed === true && !known.dropped
  }

  #limboLeaves(): number[] {
    const { heads } = this.#init
    const found: number[] = []
    for (let leaf = 0; leaf < leafCount; leaf++)
      if (heads.of(leaf).some(({ writer }) => this.#inLimbo(writer))) found.push(leaf)
    return found
  }

  #stillInLimbo(leaf: Leaf, pin: LimboPin): Register | undefined {
    const standing = winnerOf(leaf, pin.mapKey)
    if (standing !== undefined && standing.register.lamport > pin.register.lamport) return undefined
    return { ...pin.register, lamport: nextLamport(leaf, pin.mapKey, this.#init.outbox) }
  }

  /** What the writer wants under this key now; its unpin only where another's pin would come back. */
  #wishOf(leaf: Leaf, mapKey: string, writer: number): Register | undefined {
    const winner = winnerOf(leaf, mapKey)
    if (winner?.writer !== writer) return undefined
    const others = leaf.registers(mapKey).some(({ log, register }) => log.id.writer !== writer && register.op === 'pin')
    if (winner.register.op === 'unpin' && !others) return undefined
    return { ...winner.register, lamport: nextLamport(leaf, mapKey, this.#init.outbox) }
  }

  #each(leaves: readonly number[], wishes: (leaf: Leaf) => Wish[], done: (adopted: Adopted | Failure) => void): void {
    let adopted = 0
    let failed: string | undefined
    let running = 0
    let at = 0
    let ended = false
    const next = (): void => {
      while (running < leavesAtOnce && at < leaves.length && failed === undefined) {
        running++
        this.#one(leaves[at++] as number, wishes, (count, code) => {
          running--
          adopted += count
          failed ??= code
          next()
        })
      }
      if (running > 0 || ended) return
      ended = true
      done(failed === undefined ? { adopted } : writeFailed(failed, this.#init.self))
    }
    next()
  }

  #one(id: number, wishes: (leaf: Leaf) => Wish[], done: (count: number, code: string | undefined) => void): void {
    const { leaves, author } = this.#init
    leaves.with(id, (leaf) => {
      const wanted = wishes(leaf)
      let left = wanted.length
      let count = 0
      let failed: string | undefined
      if (left === 0) return done(0, undefined)
      for (const { mapKey, register } of wanted) {
        let written = false
        const change = (now: Leaf): Register | undefined => {
          const next = register(now)
          written = next !== undefined
          return next
        }
        const ended = (code: string | undefined): void => {
          failed ??= code
          if (code === undefined && written) count++
          if (--left === 0) done(count, failed)
        }
        author.change({ leaf: id, mapKey, change, done: ended })
      }
    })
  }
}
