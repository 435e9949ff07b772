/**
 * The key log: who may write, who is trusted, what the policy is. One linear chain signed by the root key, never pruned.
 * Its reading is a pure fold of its operations, so every peer that holds the same log trusts the same keys.
 * An operation that does not fit the chain or the signature is refused; one that fits and changes nothing (a client id used
 * twice, a writer that never was) stays in the chain without effect, so that chains stay equal.
 */
import { equalBytes, toHex } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import {
  type KeyChange,
  type KeyOp,
  type Policy,
  capInvite,
  decodeKeyOp,
  encodeKeyOp,
  keyOpBytes,
  keyOpHash
} from '../formats/key-op.ts'

export interface Writer {
  readonly id: number
  readonly peer: string
  readonly removed: boolean
  /** it may sign invitations */
  readonly mayInvite: boolean
  /** the owner wants nothing kept of what it wrote */
  readonly dropped: boolean
}

export type Fit = 'next' | 'old' | 'gap' | 'fork'

const noHash = new Uint8Array(32)
const notSigned = 'a key log operation is not signed by the root key'

export class KeyLog {
  readonly #meshId: Uint8Array
  readonly #crypto: Crypto
  readonly #ops: Uint8Array[] = []
  readonly #writers = new Map<number, Writer>()
  readonly #hashes: Uint8Array[] = []
  /** Every root key there was, and the first 8 bytes of its hash. */
  readonly #roots: Uint8Array[] = []
  readonly #prints: Uint8Array[] = []
  readonly #vouched = new Set<string>()
  readonly #everVouched = new Set<string>()
  readonly #denied = new Set<string>()
  readonly #removedPeers = new Set<string>()
  readonly #revoked = new Set<string>()
  #root: Uint8Array
  #head: Uint8Array = noHash
  #policy: Policy | undefined

  constructor(init: { meshId: Uint8Array; root: Uint8Array; crypto: Crypto }) {
    this.#meshId = init.meshId
    this.#root = init.root
    this.#crypto = init.crypto
    this.#addRoot(init.root)
  }

  /** Number of operations; the first has 1. */
  get seq(): number {
    return this.#ops.length
  }

  /** Hash of the newest operation, zeros before the first. */
  get head(): Uint8Array {
    return this.#head
  }

  /** Hash of operation number `seq`; undefined where the log does not reach. */
  headAt(seq: number): Uint8Array | undefined {
    return seq === 0 ? noHash : this.#hashes[seq - 1]
  }

  get rootKey(): Uint8Array {
    return this.#root
  }

  /** First 8 bytes of the SHA-256 of the root key in force. */
  get rootFingerprint(): Uint8Array {
    return this.#prints.at(-1) ?? noHash
  }

  isRoot(print: Uint8Array): boolean {
    return equalBytes(print, this.rootFingerprint)
  }

  /** Was this a root key, once? */
  wasRoot(print: Uint8Array): boolean {
    return this.#prints.some((one) => equalBytes(print, one))
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

  /** Also of one from whom it was withdrawn since: what the peer witnessed in its day stands. */
  everVouched(peer: string): boolean {
    return this.#everVouched.has(peer)
  }

  /** The owner has withdrawn its trust, or removed the peer: no invitation brings it back. */
  denied(peer: string): boolean {
    return this.#denied.has(peer)
  }

  /** Was the invitation of this one-time key ended by the owner? */
  revoked(key: Uint8Array): boolean {
    return this.#revoked.has(toHex(key))
  }

  removedPeer(peer: string): boolean {
    return this.#removedPeers.has(peer)
  }

  /**
   * Takes one encoded operation. `old`: held already; `gap`: a predecessor is missing; `fork`: the root has signed two
   * operations with one number, of which the first seen stands. Throws FormatError when it is malformed or forged.
   */
  append(bytes: Uint8Array): Fit {
    const op = decodeKeyOp(bytes)
    const fit = this.#fit(op, bytes)
    if (fit !== 'next') return fit
    this.#ops.push(bytes)
    this.#head = keyOpHash(op, this.#meshId, this.#crypto)
    this.#hashes.push(this.#head)
    this.#apply(op.op)
    return fit
  }

  /** What `append` would say. */
  fit(bytes: Uint8Array): Fit {
    return this.#fit(decodeKeyOp(bytes), bytes)
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

  #fit(op: KeyOp, bytes: Uint8Array): Fit {
    if (op.seq <= this.seq) {
      if (equalBytes(bytes, this.#ops[op.seq - 1] ?? noHash)) return 'old'
      if (!this.#roots.some((root) => this.#signed(op, root))) throw new FormatError(notSigned)
      return 'fork'
    }
    if (op.seq > this.seq + 1) return 'gap'
    if (!this.#signed(op)) throw new FormatError(notSigned)
    return equalBytes(op.prev, this.#head) ? 'next' : 'fork'
  }

  #signed(op: KeyOp, root: Uint8Array = this.#root): boolean {
    return this.#crypto.verify(root, signedBytes('pinmesh/key/1', this.#meshId, keyOpBytes(op)), op.sig)
  }

  #apply(change: KeyChange): void {
    switch (change.kind) {
      case 'add-writer':
        return this.#addWriter(change)
      case 'remove-writer':
        return this.#changeWriter(change.writer, { removed: true })
      case 'vouch':
        this.#vouched.add(change.peer)
        this.#everVouched.add(change.peer)
        this.#denied.delete(change.peer)
        this.#removedPeers.delete(change.peer)
        return
      case 'withdraw':
        this.#vouched.delete(change.peer)
        this.#denied.add(change.peer)
        return
      case 'remove-peer':
        this.#vouched.delete(change.peer)
        this.#denied.add(change.peer)
        this.#removedPeers.add(change.peer)
        return
      case 'policy':
        this.#policy = change.policy
        return
      case 'rotate-root':
        this.#root = change.key
        return this.#addRoot(change.key)
      case 'drop-limbo':
        // Of one that still writes there is nothing to drop, and what it will write must not be dropped unseen.
        if (this.#writers.get(change.writer)?.removed === true) this.#changeWriter(change.writer, { dropped: true })
        return
      case 'revoke-invite':
        this.#revoked.add(toHex(change.key))
    }
  }

  #addRoot(root: Uint8Array): void {
    this.#roots.push(root)
    this.#prints.push(this.#crypto.hash(root).slice(0, 8))
  }

  /** A client id belongs to the key that had it first; naming that key again changes what it may do. */
  #addWriter({ writer: id, peer, caps }: KeyChange & { kind: 'add-writer' }): void {
    const known = this.#writers.get(id)
    if (known !== undefined && (known.peer !== peer || known.removed)) return
    this.#writers.set(id, { id, peer, removed: false, mayInvite: (caps & capInvite) !== 0, dropped: false })
  }

  #changeWriter(id: number, to: Partial<Writer>): void {
    const writer = this.#writers.get(id)
    if (writer !== undefined) this.#writers.set(id, { ...writer, ...to })
  }
}

/** A readable name for one writer's log, used as a map key. */
export function logName(id: { writer: number; prefixLen: number; prefix: number }): string {
  return `${id.writer.toString(16)}/${id.prefixLen}/${id.prefix.toString(16)}`
}
