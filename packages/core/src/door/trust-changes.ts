/**
 * Changes of trust by the owner of the mesh. An operation of the key log is on disk before anybody hears of it, this peer's
 * own rooms included: were it told and then lost, the next one would have its number, and the root key would have signed two.
 * So one operation is made at a time; the others wait for it. Before each the key log is compared with a member's.
 */
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, type Random, signedBytes } from '../crypto.ts'
import type { Failure } from '../effects.ts'
import type { TrustChange } from '../events.ts'
import { capInvite, type KeyChange, type Policy } from '../formats/key-op.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import { protocolVersion } from '../sync/frames.ts'
import { type Facts, opRow } from '../trust/facts.ts'
import type { KeyLog } from '../trust/key-log.ts'
import type { Compared, KeyHeads } from './key-heads.ts'

export interface TrustChangesInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly random: Random
  readonly outbox: Outbox
  readonly disk: Disk
  readonly facts: Facts
  readonly keyHeads: KeyHeads
  /** the key log has grown by an own operation that is on disk */
  readonly trustChanged: (op: Uint8Array) => void
}

/** Where the key log stands after it, and the id of the writer that it was about. */
export interface Changed {
  readonly seq: number
  readonly writer?: number
}

interface Waiting {
  readonly wanted: TrustChange
  readonly anyway: boolean
  readonly done: (changed: Changed | Failure) => void
}

export class TrustChanges {
  readonly #init: TrustChangesInit
  readonly #waiting: Waiting[] = []

  constructor(init: TrustChangesInit) {
    this.#init = init
  }

  run(id: number, wanted: TrustChange, anyway: boolean): void {
    const { outbox } = this.#init
    this.change(wanted, anyway, (changed) => {
      if ('code' in changed) outbox.fail(id, changed)
      else outbox.emit({ kind: 'reply', id, reply: { of: 'change-trust', ...changed } })
    })
  }

  /** Is the root key that is in force here? */
  get hasRoot(): boolean {
    const { crypto, facts, meshId } = this.#init
    const probe = signedBytes('pinmesh/key/1', meshId, new Uint8Array(1))
    return crypto.signAsRoot !== undefined && crypto.verify(facts.keyLog.rootKey, probe, crypto.signAsRoot(probe))
  }

  /** Why nothing can be signed here at all. */
  get denied(): Failure | undefined {
    return this.hasRoot ? undefined : noRootKey
  }

  /** One operation; it is done when it is on disk, or refused. */
  change(wanted: TrustChange, anyway: boolean, done: (changed: Changed | Failure) => void): void {
    this.#waiting.push({ wanted, anyway, done })
    if (this.#waiting.length === 1) this.#next()
  }

  #next(): void {
    const one = this.#waiting[0]
    if (one === undefined) return
    if (this.denied !== undefined) return this.#end(one, this.denied)
    this.#init.keyHeads.compare((compared) => {
      const refused = one.anyway ? undefined : refusals[compared]
      if (refused === undefined) this.#make(one)
      else this.#end(one, refused)
    })
  }

  #make(one: Waiting): void {
    const { facts, disk } = this.#init
    // Every mesh was founded with operations: where none is held the store was lost, and what would be signed here was signed before.
    if (facts.keyLog.seq === 0) return this.#end(one, noKeyLog)
    const change = this.#complete(one)
    if ('code' in change || 'seq' in change) return this.#end(one, change)
    const op = this.#sign(change)
    if (!(op instanceof Uint8Array)) return this.#end(one, op)
    const seq = facts.keyLog.seq + 1
    disk.write({ rows: [opRow(seq, op)], sync: true, done: () => this.#written(one, change, op, seq) })
  }

  #written(one: Waiting, change: KeyChange, op: Uint8Array, seq: number): void {
    const { facts, trustChanged } = this.#init
    // Another machine with the root key was faster. What it wrote stands, on disk too, and this comes after it.
    if (facts.takeOp(op).outcome !== 'new') return this.#next()
    trustChanged(op)
    this.#end(one, { seq, ...('writer' in change ? { writer: change.writer } : {}) })
  }

  #end(one: Waiting, changed: Changed | Failure): void {
    this.#waiting.shift()
    one.done(changed)
    this.#next()
  }

  /** The whole operation; or where the key log stands, when it says so already; or why not. */
  #complete({ wanted, anyway }: Waiting): KeyChange | Changed | Failure {
    const { facts, self } = this.#init
    if (wanted.kind === 'add-writer' && !('writer' in wanted)) return this.#newWriter(wanted)
    if (wanted.kind === 'remove-writer' && 'peer' in wanted) {
      const writer = facts.keyLog.writerOf(wanted.peer)
      return writer === undefined ? unknownWriter(wanted.peer) : { kind: 'remove-writer', writer }
    }
    if (wanted.kind === 'policy') return this.#policy(wanted.policy)
    if (wanted.kind === 'remove-peer' || wanted.kind === 'withdraw') {
      if (wanted.peer === self) return ownPeer
      if (!anyway && !facts.knows(wanted.peer)) return unknownPeer(wanted.peer)
    }
    return saysAlready(facts.keyLog, wanted) ? { seq: facts.keyLog.seq } : (wanted as KeyChange)
  }

  /** A new writer gets an id that nobody has had. */
  #newWriter(wanted: { readonly peer: string; readonly mayInvite?: boolean }): KeyChange | Changed {
    const { random, facts } = this.#init
    const { keyLog } = facts
    const known = keyLog.writerOf(wanted.peer)
    const mayInvite = wanted.mayInvite === true
    if (known !== undefined && (!mayInvite || keyLog.writer(known)?.mayInvite === true))
      return { seq: keyLog.seq, writer: known }
    let writer = known ?? random.below(2 ** 32 - 1) + 1
    while (known === undefined && keyLog.writer(writer) !== undefined) writer = random.below(2 ** 32 - 1) + 1
    return { kind: 'add-writer', peer: wanted.peer, writer, caps: mayInvite ? capInvite : 0 }
  }

  #policy(wanted: Partial<Policy>): KeyChange | Changed | Failure {
    const { keyLog } = this.#init.facts
    const before = keyLog.policy
    if (before === undefined) return badPolicy('the policy of the mesh is not known here yet')
    const policy = { ...before, ...wanted }
    if (policy.replicas !== 0 && policy.trustedMin > policy.replicas)
      return badPolicy(`of ${policy.replicas} copies, ${policy.trustedMin} cannot be on trusted peers`)
    if (policy.protocolMin > protocolVersion)
      return badPolicy(`this pinmesh speaks version ${protocolVersion} of the protocol itself`)
    const same = (Object.keys(policy) as (keyof Policy)[]).every((name) => policy[name] === before[name])
    return same ? { seq: keyLog.seq } : { kind: 'policy', policy }
  }

  /** The next operation, signed, or why it was refused. */
  #sign(change: KeyChange): Uint8Array | Failure {
    const { outbox, facts, crypto } = this.#init
    try {
      const signAsRoot = crypto.signAsRoot?.bind(crypto)
      const op = signAsRoot && facts.keyLog.next(change, outbox.wall, signAsRoot)
      return op !== undefined && facts.keyLog.signedByRoot(op) ? op : noRootKey
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      const remedy = 'Give a peer id such as 12D3KooW…, as `mesh id` prints it.'
      return { code: 'MESH_BAD_VALUE', text: `That cannot be changed: ${error.message}.`, remedy }
    }
  }
}

/** The key log is never pruned: what would change nothing is not put into it. */
function saysAlready(keyLog: KeyLog, wanted: TrustChange): boolean {
  switch (wanted.kind) {
    case 'vouch':
      return keyLog.vouched(wanted.peer)
    case 'withdraw':
      return keyLog.denied(wanted.peer)
    case 'remove-peer':
      return keyLog.removedPeer(wanted.peer)
    case 'revoke-invite':
      return keyLog.revoked(wanted.key)
    default:
      return false
  }
}

const noRootKey: Failure = {
  code: 'MESH_NO_ROOT_KEY',
  text: 'Only the owner of the mesh can do this: its root key is not on this peer.',
  remedy: 'Run it where the root key is: on the peer that founded the mesh, unless it was moved.'
}

export const ownPeer: Failure = {
  code: 'MESH_OWN_PEER',
  text: 'A peer cannot take away its own place in the mesh.',
  remedy: 'Run it on another peer that has the root key.'
}

const noKeyLog: Failure = {
  code: 'MESH_NO_MEMBER',
  text: 'This peer has lost the key log of the mesh, so nothing can be signed after it.',
  remedy: 'Wait until another member is connected: it has the key log.'
}

const refusals: Partial<Record<Compared, Failure>> = {
  unreachable: {
    code: 'MESH_NO_MEMBER',
    text: 'No other member can be asked now whether the root key has signed elsewhere; nothing was signed.',
    remedy: 'Wait until one is connected; where the root key is on this machine alone, --anyway does no harm.'
  },
  forked: {
    code: 'MESH_KEY_LOG_FORKED',
    text: 'The root key has signed another operation elsewhere with a number that is used here; nothing was signed.',
    remedy: 'Keep one machine for the root key, and join the peers of the other side anew.'
  }
}

function unknownPeer(peer: string): Failure {
  return {
    code: 'MESH_UNKNOWN_PEER',
    text: `${peer} is not known in this mesh.`,
    remedy: 'See `mesh peers`; to shut out one that was not seen here, or not for a long time, add --anyway.'
  }
}

function unknownWriter(peer: string): Failure {
  return {
    code: 'MESH_UNKNOWN_WRITER',
    text: `${peer} is no writer of this mesh.`,
    remedy: 'See `mesh writers ls`.'
  }
}

function badPolicy(why: string): Failure {
  return {
    code: 'MESH_BAD_POLICY',
    text: `The mesh cannot have that policy: ${why}.`,
    remedy: 'See `mesh policy show`.'
  }
}
