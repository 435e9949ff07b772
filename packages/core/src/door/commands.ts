/**
 * What a person may ask of the core: pin, unpin, status, changes of trust. Everything typed is checked here; a refusal is a
 * code, a sentence and a remedy. A pin is answered when it is on disk, never before.
 */
import type { Crypto } from '../crypto.ts'
import { type Claims, findRow } from '../content/claims.ts'
import type { Collector } from '../content/collector.ts'
import type { Hold } from '../content/hold.ts'
import type { Keeper } from '../content/keeper.ts'
import { isPart } from '../content/visit.ts'
import type { Planner } from '../content/planner.ts'
import type { Failure, Reply, Row } from '../effects.ts'
import type { Command, PinWish } from '../events.ts'
import { cidText } from '../formats/cid.ts'
import { bucketOf, keyOfPin } from '../formats/key.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Author } from '../pinset/author.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { PinAnswer, RetryAnswer, UnpinAnswer } from '../reports.ts'
import type { Facts } from '../trust/facts.ts'
import { badCid, parseCid } from './cids.ts'
import type { Leaving } from './leaving.ts'
import type { Owner } from './owner.ts'
import { Retries } from './retries.ts'
import type { Status } from './status.ts'
import { Unpins } from './unpins.ts'
import { clockInDoubt, draftOf, sameWish, tooFewPeers, unknownPeers } from './wishes.ts'
import { nextLamport, writeDenied, writeFailed, rebuilding } from './writing.ts'

export interface CommandsInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly disk: Disk
  readonly facts: Facts
  readonly members: Members
  readonly leaves: Leaves
  readonly author: Author
  readonly status: Status
  readonly claims: Claims
  readonly keeper: Keeper
  readonly collector: Collector
  readonly planner: Planner
  readonly leaving: Leaving
  readonly owner: Owner
  /** what this peer says of its size */
  readonly spaceSet: (bytes: number) => void
}

type Answer<T> = T | { cid: string; failure: Failure }

/** Commands besides changes of the pinset that sign what must not contradict what was signed before. */
const signing: readonly Command['do'][] = ['change-trust', 'invite', 'leave', 'left']

export class Commands {
  readonly #init: CommandsInit
  readonly #unpins: Unpins
  readonly #retries: Retries

  constructor(init: CommandsInit) {
    this.#init = init
    this.#unpins = new Unpins(init)
    this.#retries = new Retries(init)
  }

  run(id: number, command: Command): void {
    if (this.#init.author.unsure && signing.includes(command.do)) this.#init.outbox.fail(id, rebuilding)
    else this.#run(id, command)
  }

  #run(id: number, command: Command): void {
    switch (command.do) {
      case 'pin':
        this.#each<PinWish, Answer<PinAnswer>>(id, command.wishes, {
          one: (wish, done) => this.#pin(wish, done),
          reply: (answers) => ({ of: 'pin', answers })
        })
        return
      case 'unpin':
        this.#each<string, Answer<UnpinAnswer>>(id, command.cids, {
          one: (cid, done) => this.#unpins.run(cid, command, done),
          reply: (answers) => ({ of: 'unpin', answers })
        })
        return
      case 'status':
        this.#init.status.run(id, command.cid)
        return
      case 'retry':
        this.#each<string, Answer<RetryAnswer>>(id, command.cids, {
          one: (cid, done) => this.#retries.run(cid, command.local, done),
          reply: (answers) => ({ of: 'retry', answers })
        })
        return
      case 'statuses':
        this.#init.status.runLeaf(id, command.leaf)
        return
      case 'change-trust':
      case 'invite':
      case 'limbo':
      case 'adopt-limbo':
        this.#init.owner.run(id, command)
        return
      case 'set-space':
        this.#init.keeper.jobs.setBudget(command.bytes)
        this.#init.spaceSet(command.bytes)
        this.#init.outbox.emit({ kind: 'reply', id, reply: { of: 'done' } })
        return
      case 'leave':
      case 'stay':
      case 'left':
      case 'leave-report':
        this.#init.leaving.run(id, command.do)
        return
      case 'empty-trash':
        this.#init.collector.emptyTrash(command.buckets, command.now, (report) =>
          this.#init.outbox.emit({ kind: 'reply', id, reply: { of: 'emptied', report } })
        )
        return
      case 'drop-copies':
        this.#init.collector.dropCopies(
          command.cids.map(parseCid).filter((cid) => cid !== undefined),
          (cids) => this.#init.outbox.emit({ kind: 'reply', id, reply: { of: 'dropped', cids } })
        )
        return
      case 'resume':
        this.#init.members.liveness.resume()
        this.#init.keeper.markAll()
        this.#init.outbox.emit({ kind: 'reply', id, reply: { of: 'done' } })
    }
  }

  /** Runs each part and replies once, in the order of the parts. */
  #each<W, T>(
    id: number,
    parts: readonly W[],
    how: { one: (part: W, done: (answer: T) => void) => void; reply: (answers: T[]) => Reply }
  ): void {
    const answers: T[] = Array.from({ length: parts.length })
    let left = parts.length
    const end = (): void => this.#init.outbox.emit({ kind: 'reply', id, reply: how.reply(answers) })
    if (left === 0) end()
    parts.forEach((part, at) =>
      how.one(part, (answer) => {
        answers[at] = answer
        if (--left === 0) end()
      })
    )
  }

  #pin(wish: PinWish, done: (answer: Answer<PinAnswer>) => void): void {
    const refuse = (failure: Failure): void => done({ cid: wish.cid, failure })
    const { facts, self, meshId, crypto, members, planner, author, outbox } = this.#init
    const cid = parseCid(wish.cid)
    if (cid === undefined) return refuse(badCid(wish.cid))
    const denied = writeDenied(this.#init)
    if (denied !== undefined) return refuse(denied)
    if (wish.expiry !== undefined && members.clock.inDoubt) return refuse(clockInDoubt)
    const key = keyOfPin(meshId, cid, crypto)
    const draft = draftOf(wish, { cid, key, policy: facts.keyLog.policy })
    if ('failure' in draft) return refuse(draft.failure)
    const { register, mapKey } = draft
    const bucket = bucketOf(key)
    const strangers = (register.chosen ?? []).filter((peer) => !members.isMember(peer))
    if (strangers.length > 0 && wish.anyway !== true) return refuse(unknownPeers(strangers))
    const eligible = planner.eligibleForNew(bucket)
    const { max, min } = register
    if (eligible < min && wish.anyway !== true) return refuse(tooFewPeers(min, eligible))
    const want =
      max === 0 ? { want: eligible, everywhere: true } : { want: Math.max(max, register.chosen?.length ?? 0) }
    const answer = { cid: cidText(cid), ...want, min, ...(wish.slot === undefined ? {} : { slot: wish.slot }) }
    if (wish.dry === true) return done(answer)
    author.change({
      leaf: bucket >> 4,
      mapKey,
      change: (leaf) => {
        const current = leaf.view().get(mapKey)
        const next = { ...register, lamport: nextLamport(leaf, mapKey, outbox) }
        return current !== undefined && sameWish(current.register, next) ? undefined : next
      },
      ...(wish.heldHere === true
        ? { rows: (leaf: Leaf): Row[] => this.#holdHere(leaf, bucket, key, wish.bytes ?? 0) }
        : {}),
      done: (code) => {
        if (code !== undefined) return refuse(writeFailed(code, self))
        this.#init.keeper.mark(bucket)
        done(answer)
      }
    })
  }

  /** What has just been added here is held, whether or not it is this peer's duty, until others hold it. */
  #holdHere(leaf: Leaf, bucket: number, key: Uint8Array, bytes: number): Row[] {
    const rows = leaf.rows(bucket)
    const row = rows[findRow(rows, key)]
    const before = leaf.holds.get(key)
    if (row === undefined || this.#init.keeper.deletions.running(cidText(row.cid))) return []
    if (before?.state === 'held' && !isPart(before, row)) return []
    const hold: Hold = {
      key,
      cid: row.cid,
      mode: 'recursive',
      state: 'held',
      since: this.#init.outbox.wall,
      bytes,
      extra: true,
      promisedUntil: before?.promisedUntil ?? 0,
      tries: 0,
      nextAt: 0,
      reason: 'unreachable',
      provenance: leaf.provenance(row)
    }
    return [leaf.holds.set(hold)]
  }
}
