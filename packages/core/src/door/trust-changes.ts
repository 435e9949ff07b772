/**
 * Changes of trust by the owner of the mesh. An operation of the key log is on disk before anybody hears of it, this peer's
 * own rooms included: were it told and then lost, the next one would have its number, and the root key would have signed two.
 * So one operation is made at a time; the others wait for it.
 */
import { FormatError } from '../bytes/format-error.ts'
import type { Crypto, Random } from '../crypto.ts'
import type { Command } from '../events.ts'
import type { KeyChange } from '../formats/key-op.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import { type Facts, opRow } from '../trust/facts.ts'

type Wanted = (Command & { do: 'change-trust' })['change']

export interface TrustChangesInit {
  readonly crypto: Crypto
  readonly random: Random
  readonly outbox: Outbox
  readonly disk: Disk
  readonly facts: Facts
  /** the key log has grown by an own operation that is on disk */
  readonly trustChanged: (op: Uint8Array) => void
}

export class TrustChanges {
  readonly #init: TrustChangesInit
  readonly #waiting: { readonly id: number; readonly wanted: Wanted }[] = []

  constructor(init: TrustChangesInit) {
    this.#init = init
  }

  run(id: number, wanted: Wanted): void {
    this.#waiting.push({ id, wanted })
    if (this.#waiting.length === 1) this.#next()
  }

  #next(): void {
    const one = this.#waiting[0]
    if (one === undefined) return
    const { outbox, facts, disk } = this.#init
    const known = one.wanted.kind === 'add-writer' ? facts.keyLog.writerOf(one.wanted.peer) : undefined
    if (known !== undefined && !('writer' in one.wanted)) {
      outbox.emit({ kind: 'reply', id: one.id, reply: { of: 'change-trust', seq: facts.keyLog.seq, writer: known } })
      return this.#ended()
    }
    const change = this.#complete(one.wanted)
    const op = this.#sign(one.id, change)
    if (op === undefined) return this.#ended()
    const seq = facts.keyLog.seq + 1
    disk.write({ rows: [opRow(seq, op)], sync: true, done: () => this.#written(one.id, change, op, seq) })
  }

  #written(id: number, change: KeyChange, op: Uint8Array, seq: number): void {
    const { outbox, facts, trustChanged } = this.#init
    if (facts.takeOp(op).outcome === 'new') {
      trustChanged(op)
      const writer = change.kind === 'add-writer' ? { writer: change.writer } : {}
      outbox.emit({ kind: 'reply', id, reply: { of: 'change-trust', seq, ...writer } })
      return this.#ended()
    }
    // Another peer with the root key was faster. What it wrote stands, on disk too, and this comes after it.
    this.#next()
  }

  #ended(): void {
    this.#waiting.shift()
    this.#next()
  }

  /** A new writer gets an id that nobody has had. */
  #complete(wanted: Wanted): KeyChange {
    if (wanted.kind !== 'add-writer' || 'writer' in wanted) return wanted as KeyChange
    const { random, facts } = this.#init
    let writer = random.below(2 ** 32 - 1) + 1
    while (facts.keyLog.writer(writer) !== undefined) writer = random.below(2 ** 32 - 1) + 1
    return { kind: 'add-writer', peer: wanted.peer, writer, caps: 0 }
  }

  /** The next operation, or undefined when it was refused. */
  #sign(id: number, change: KeyChange): Uint8Array | undefined {
    const { outbox, facts, crypto } = this.#init
    try {
      const signAsRoot = crypto.signAsRoot?.bind(crypto)
      const op = signAsRoot && facts.keyLog.next(change, Math.max(0, Math.floor(outbox.wall)), signAsRoot)
      if (op !== undefined && facts.keyLog.signedByRoot(op)) return op
      outbox.fail(id, {
        code: 'MESH_NO_ROOT_KEY',
        text: 'Only the owner of the mesh can do this: its root key is not on this peer.',
        remedy: 'Run it on the peer that founded the mesh.'
      })
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      const remedy = 'Give a peer id such as 12D3KooW…, as `mesh id` prints it.'
      outbox.fail(id, { code: 'MESH_BAD_VALUE', text: `That cannot be changed: ${error.message}.`, remedy })
    }
    return undefined
  }
}
