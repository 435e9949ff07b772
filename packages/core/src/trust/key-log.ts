/**
 * The key log: who may write, who is trusted, what the policy is. One linear chain signed by the root key, never pruned.
 * Its reading is a pure fold of its operations, so every peer that holds the same log trusts the same keys.
 * An operation that does not fit the chain or the signature is refused; one that fits and changes nothing (a client id used
 * twice, a writer that never was) stays in the chain without effect, so that chains stay equal.
 */
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import {
  type KeyChange,
  type KeyOp,
  type Policy,
  decodeKeyOp,
  encodeKeyOp,
  keyOpBytes,
  keyOpHash
} from '../formats/key-op.ts'

export interface Writer {
  readonly id: number
  readonly peer: string
  readonly removed: boolean
}

const noHash = new Uint8Array(32)

export class KeyLog {
  readonly #meshId: Uint8Array
  readonly #crypto: Crypto
  readonly #ops: Uint8Array[] = []
  readonly #writers = new Map<number, Writer>()
  readonly #vouched = new Set<string>()
  readonly #removedPeers = new Set<string>()
  #root: Uint8Array
  #head: Uint8Array = noHash
  #policy: Policy | undefined

  constructor(init: { meshId: Uint8Array; root: Uint8Array; crypto: Crypto }) {
    this.#meshId = init.meshId
    this.#root = init.root
    this.#crypto = init.crypto
  }

  /** Number of operations; the first has 1. */
  get seq(): number {
    return this.#ops.length
  }

  /** Hash of the newest operation, zeros before the first. */
  get head(): Uint8Array {
    return this.#head
  }

  get rootKey(): Uint8Array {
    return this.#root
  }

  /** Undefined until the founding operations are in. */
  get policy(): Policy | undefined {
    return this.#policy
  }

  /** Encoded operations after `seq`, oldest first. */
  after(seq: number): readonly Uint8Array[] {
    return this.#ops.slice(seq)
  }

  writer(id: number): Writer | undefined {
    return this.#writers.get(id)
  }

  /** The id under which this peer may write now. */
  writerOf(peer: string): number | undefined {
    for (const writer of this.#writers.values()) if (writer.peer === peer && !writer.removed) return writer.id
    return undefined
  }

  writers(): Iterable<Writer> {
    return this.#writers.values()
  }

  vouched(peer: string): boolean {
    return this.#vouched.has(peer)
  }

  removedPeer(peer: string): boolean {
    return this.#removedPeers.has(peer)
  }

  /**
   * Takes one encoded operation. `old`: held already; `gap`: a predecessor is missing; `fork`: the root has signed two
   * operations with one number, of which the first seen stands. Throws FormatError when it is malformed or forged.
   */
  append(bytes: Uint8Array): 'next' | 'old' | 'gap' | 'fork' {
    const op = decodeKeyOp(bytes)
    if (op.seq <= this.seq) return equalBytes(bytes, this.#ops[op.seq - 1] ?? noHash) ? 'old' : 'fork'
    if (op.seq > this.seq + 1) return 'gap'
    if (!this.#signed(op)) throw new FormatError('a key log operation is not signed by the root key')
    if (!equalBytes(op.prev, this.#head)) return 'fork'
    this.#ops.push(bytes)
    this.#head = keyOpHash(op, this.#meshId, this.#crypto)
    this.#apply(op.op)
    return 'next'
  }

  /** Makes, signs and encodes the next operation; it is not appended. */
  next(change: KeyChange, wall: number, signAsRoot: (bytes: Uint8Array) => Uint8Array): Uint8Array {
    const unsigned: KeyOp = { seq: this.seq + 1, prev: this.#head, op: change, wall, sig: new Uint8Array(64) }
    const sig = signAsRoot(signedBytes('pinmesh/key/1', this.#meshId, keyOpBytes(unsigned)))
    return encodeKeyOp({ ...unsigned, sig })
  }

  /** Has the present root key signed this? Throws FormatError when it is malformed. */
  signedByRoot(bytes: Uint8Array): boolean {
    return this.#signed(decodeKeyOp(bytes))
  }

  #signed(op: KeyOp): boolean {
    return this.#crypto.verify(this.#root, signedBytes('pinmesh/key/1', this.#meshId, keyOpBytes(op)), op.sig)
  }

  #apply(change: KeyChange): void {
    switch (change.kind) {
      case 'add-writer':
        if (!this.#writers.has(change.writer))
          this.#writers.set(change.writer, { id: change.writer, peer: change.peer, removed: false })
        return
      case 'remove-writer': {
        const writer = this.#writers.get(change.writer)
        if (writer !== undefined) this.#writers.set(change.writer, { ...writer, removed: true })
        return
      }
      case 'vouch':
        this.#vouched.add(change.peer)
        this.#removedPeers.delete(change.peer)
        return
      case 'withdraw':
        this.#vouched.delete(change.peer)
        return
      case 'remove-peer':
        this.#vouched.delete(change.peer)
        this.#removedPeers.add(change.peer)
        return
      case 'policy':
        this.#policy = change.policy
        return
      case 'rotate-root':
        this.#root = change.key
        return
      case 'drop-limbo':
    }
  }
}

/** A readable name for one writer's log, used as a map key. */
export function logName(id: { writer: number; prefixLen: number; prefix: number }): string {
  return `${id.writer.toString(16)}/${id.prefixLen}/${id.prefix.toString(16)}`
}
