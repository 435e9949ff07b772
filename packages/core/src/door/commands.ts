/**
 * What a person may ask of the core: pin, unpin, status, changes of trust. Everything typed is checked here; a refusal is a
 * code, a sentence and a remedy. A pin is answered when it is on disk, never before.
 */
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Crypto } from '../crypto.ts'
import { findRow } from '../content/claims.ts'
import type { Collector } from '../content/collector.ts'
import type { Hold } from '../content/hold.ts'
import type { Keeper } from '../content/keeper.ts'
import type { Planner } from '../content/planner.ts'
import type { Failure, Reply, Row } from '../effects.ts'
import type { Command, PinWish } from '../events.ts'
import { bucketOf, keyOfPin, mapKeyOf } from '../formats/key.ts'
import { encodeRegister, type PinRegister, type Register, sortMeta, sortPeers } from '../formats/register.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Author } from '../pinset/author.ts'
import type { Leaf } from '../pinset/leaf.ts'
import type { Leaves } from '../pinset/leaves.ts'
import type { PinAnswer } from '../reports.ts'
import type { Facts } from '../trust/facts.ts'
import type { Invitations } from '../trust/invitations.ts'
import { badCid, notPinned, parseCid } from './cids.ts'
import type { Leaving } from './leaving.ts'
import type { Status } from './status.ts'
import type { TrustChanges } from './trust-changes.ts'

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
  readonly keeper: Keeper
  readonly collector: Collector
  readonly planner: Planner
  readonly trust: TrustChanges
  readonly leaving: Leaving
  readonly invitations: Invitations
  /** what this peer says of its size */
  readonly spaceSet: (bytes: number) => void
}

type Answer<T> = T | { cid: string; failure: Failure }

export class Commands {
  readonly #init: CommandsInit

  constructor(init: CommandsInit) {
    this.#init = init
  }

  run(id: number, command: Command): void {
    switch (command.do) {
      case 'pin':
        this.#each<PinWish, Answer<PinAnswer>>(id, command.wishes, {
          one: (wish, done) => this.#pin(wish, done),
          reply: (answers) => ({ of: 'pin', answers })
        })
        return
      case 'unpin':
        this.#each<string, Answer<{ cid: string }>>(id, command.cids, {
          one: (cid, done) => this.#unpin(cid, command.yes, done),
          reply: (answers) => ({ of: 'unpin', answers })
        })
        return
      case 'status':
        this.#init.status.run(id, command.cid)
        return
      case 'change-trust':
        this.#init.trust.run(id, command.change, command.anyway === true)
        return
      case 'invite':
        this.#init.invitations.issue(command.terms, (grant) => {
          if ('code' in grant) this.#init.outbox.fail(id, grant)
          else this.#init.outbox.emit({ kind: 'reply', id, reply: { of: 'invite', grant } })
        })
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
    const { facts, self, meshId, crypto, planner, author } = this.#init
    const cid = parseCid(wish.cid)
    if (cid === undefined) return refuse(badCid(wish.cid))
    const denied = this.#writeDenied()
    if (denied !== undefined) return refuse(denied)
    const policy = facts.keyLog.policy
    const max = wish.max ?? policy?.replicas ?? 3
    const min = wish.min ?? Math.max(1, max - 1)
    if (max !== 0 && min > max) {
      return refuse({
        code: 'MESH_BAD_REPLICAS',
        text: `At least ${min} copies were asked for, but at most ${max}.`,
        remedy: 'Give --min a number up to that of -r.'
      })
    }
    if (wish.expiry !== undefined && this.#init.members.clock.inDoubt) return refuse(clockInDoubt)
    const key = keyOfPin(meshId, cid, crypto)
    const bucket = bucketOf(key)
    const eligible = planner.eligibleForNew(bucket)
    if (eligible < min && wish.anyway !== true) {
      return refuse({
        code: 'MESH_TOO_FEW_PEERS',
        text: `The pin wants at least ${min} copies, but only ${eligible} ${eligible === 1 ? 'peer' : 'peers'} could hold it now; nothing was written.`,
        remedy: 'Wait for more peers, ask for fewer copies with -r or --min, or add --anyway.'
      })
    }
    const register = (lamport: number): PinRegister =>
      registerOf(wish, cid, { lamport, max, min, trustedMin: wish.trustedMin ?? policy?.trustedMin ?? 1 })
    let mapKey: string
    try {
      mapKey = mapKeyOf(key, wish.slot)
      encodeRegister(register(1))
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      return refuse({
        code: 'MESH_BAD_PIN',
        text: `The pin cannot be written: ${error.message}.`,
        remedy: 'Shorten the name or metadata, or give fewer peers.'
      })
    }
    author.change({
      leaf: bucket >> 4,
      mapKey,
      change: (leaf) => {
        const current = leaf.view().get(mapKey)
        const next = register(this.#lamport(leaf, mapKey))
        return current !== undefined && sameWish(current.register, next) ? undefined : next
      },
      ...(wish.heldHere === true
        ? { rows: (leaf: Leaf): Row[] => this.#holdHere(leaf, bucket, key, wish.bytes ?? 0) }
        : {}),
      done: (code) => {
        if (code !== undefined) return refuse(writeFailed(code, self))
        this.#init.keeper.mark(bucket)
        done({ cid: cid.toString(), want: max, min })
      }
    })
  }

  /** What has just been added here is held, whether or not it is this peer's duty, until others hold it. */
  #holdHere(leaf: Leaf, bucket: number, key: Uint8Array, bytes: number): Row[] {
    const rows = leaf.rows(bucket)
    const row = rows[findRow(rows, key)]
    const before = leaf.hold(key)
    if (row === undefined || before?.state === 'held' || this.#init.keeper.deletions.running(row.cid.toString()))
      return []
    const hold: Hold = {
      key,
      cid: row.cid,
      mode: row.mode,
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
    return [leaf.setHold(hold)]
  }

  #unpin(text: string, yes: boolean, done: (answer: Answer<{ cid: string }>) => void): void {
    const refuse = (failure: Failure): void => done({ cid: text, failure })
    const cid = parseCid(text)
    if (cid === undefined) return refuse(badCid(text))
    const denied = this.#writeDenied()
    if (denied !== undefined) return refuse(denied)
    const { meshId, crypto, facts, self, leaves, author, keeper } = this.#init
    const key = keyOfPin(meshId, cid, crypto)
    const bucket = bucketOf(key)
    const mapKey = mapKeyOf(key)
    leaves.with(bucket >> 4, (leaf) => {
      const seen = leaf.view().get(mapKey)
      if (seen === undefined) return refuse(notPinned(text))
      const writer = facts.keyLog.writerOf(self)
      if (seen.writer !== writer && !yes) {
        const other = facts.keyLog.writer(seen.writer)?.peer ?? 'another writer'
        return refuse({
          code: 'MESH_OTHERS_PIN',
          text: `${text} was pinned by ${other}.`,
          remedy: 'To end that pin for everybody, repeat with --yes.'
        })
      }
      author.change({
        leaf: leaf.id,
        mapKey,
        change: (resident) => this.#unpinChange(resident, mapKey, writer),
        done: (code) => {
          if (code !== undefined) return refuse(writeFailed(code, self))
          keeper.mark(bucket)
          done({ cid: cid.toString() })
        }
      })
    })
  }

  /** A plain delete where only the own log asks; a register of its own while another writer's pin stands. */
  #unpinChange(leaf: Leaf, mapKey: string, writer: number | undefined): Register | null | undefined {
    const registers = [...leaf.registers(mapKey)]
    const others = registers.some(({ log, register }) => log.id.writer !== writer && register.op === 'pin')
    if (others) return { op: 'unpin', lamport: this.#lamport(leaf, mapKey) }
    return registers.some(({ log }) => log.id.writer === writer) ? null : undefined
  }

  #writeDenied(): Failure | undefined {
    const { facts, self, author } = this.#init
    if (facts.keyLog.writerOf(self) === undefined) return notWriter(self)
    if (author.full)
      return { code: 'MESH_BUSY', text: 'Too many changes wait to be written.', remedy: 'Try again in a moment.' }
    return undefined
  }

  #lamport(leaf: Leaf, mapKey: string): number {
    let highest = 0
    for (const { register } of leaf.registers(mapKey)) highest = Math.max(highest, register.lamport)
    return Math.max(highest + 1, Math.floor(this.#init.outbox.wall))
  }
}

const clockInDoubt: Failure = {
  code: 'MESH_CLOCK_SKEW',
  text: "This peer's clock is not that of the others: nobody could tell when the pin is to lapse.",
  remedy: 'Set the clock of this machine right (see mesh id), or pin it without --expire-in.'
}

function notWriter(self: string): Failure {
  return {
    code: 'MESH_NOT_A_WRITER',
    text: 'This peer may hold content of the mesh, but not change the pinset.',
    remedy: `Ask the owner to run on the founding peer: mesh writers add ${self}`
  }
}

function writeFailed(code: string, self: string): Failure {
  if (code === 'MESH_NOT_A_WRITER') return notWriter(self)
  if (code === 'MESH_LOG_FULL') {
    return {
      code,
      text: "Too many pins fall into one part of this writer's log.",
      remedy: 'Have another writer pin it, or unpin something.'
    }
  }
  return {
    code,
    text: 'The change could not be written to disk; nothing was changed.',
    remedy: 'Look at the disk of this peer, then try again.'
  }
}

function registerOf(
  wish: PinWish,
  cid: CID,
  terms: { lamport: number; max: number; min: number; trustedMin: number }
): PinRegister {
  return {
    op: 'pin',
    ...terms,
    mode: wish.mode ?? 'recursive',
    priority: wish.priority ?? 0,
    cid,
    ...(wish.bytes === undefined ? {} : { bytes: wish.bytes }),
    ...(wish.expiry === undefined ? {} : { expiry: wish.expiry }),
    ...(wish.name === undefined ? {} : { name: wish.name }),
    ...(wish.meta === undefined ? {} : { meta: sortMeta(wish.meta) }),
    ...(wish.chosen === undefined ? {} : { chosen: sortPeers(wish.chosen) }),
    ...(wish.origins === undefined ? {} : { origins: wish.origins })
  }
}

function sameWish(a: PinRegister, b: PinRegister): boolean {
  return equalBytes(encodeRegister({ ...a, lamport: 0 }), encodeRegister({ ...b, lamport: 0 }))
}
