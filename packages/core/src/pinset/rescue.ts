/**
 * Getting back what another branch of the own log held. When this peer has forked a log (its disk was restored from a
 * backup, usually), the peers that met the other branch still have it until the next generation arrives. Before that is
 * written they are asked, so that every pin of either branch goes on.
 */
import { FormatError } from '../bytes/format-error.ts'
import type { Crypto } from '../crypto.ts'
import type { PinRegister } from '../formats/register.ts'
import { decodeStored, type StoredEntry } from '../formats/stored.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Frame } from '../sync/frames.ts'
import { Log, type LogId } from './log.ts'

/** Peers asked for their branch. */
const askedMax = 8

export interface RescueInit {
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly connections: () => Iterable<string>
  /** asks one peer; undefined when no answer comes */
  readonly ask: (peer: string, frame: Frame, answered: (frame: Frame | undefined) => void) => void
  /** throws FormatError unless the run is a chain under its writer's seal */
  readonly verify: (run: readonly StoredEntry[]) => void
}

export class Rescue {
  readonly #init: RescueInit

  constructor(init: RescueInit) {
    this.#init = init
  }

  /** Hands over the pins of every branch that others have of this generation, by map key, when all have answered. */
  fetch(log: LogId & { readonly generation: number }, done: (pins: ReadonlyMap<string, PinRegister>) => void): void {
    const pins = new Map<string, PinRegister>()
    const peers = [...this.#init.connections()].slice(0, askedMax)
    let left = peers.length
    if (left === 0) return done(pins)
    const { writer, prefixLen, prefix, generation } = log
    for (const peer of peers) {
      this.#init.ask(peer, { kind: 'want', logs: [{ writer, prefixLen, prefix, generation, from: 0 }] }, (answer) => {
        if (answer?.kind === 'data') for (const run of answer.runs) this.#read(log, run, pins)
        if (--left === 0) done(pins)
      })
    }
  }

  #read(id: LogId & { readonly generation: number }, run: readonly Uint8Array[], pins: Map<string, PinRegister>): void {
    try {
      const entries = run.map((bytes) => decodeStored(bytes, this.#init.crypto))
      this.#init.verify(entries)
      const { writer, prefixLen, prefix, generation } = id
      if (
        entries.some(
          ({ entry }) => entry.writer !== writer || entry.prefix !== prefix || entry.generation !== generation
        )
      )
        return
      const branch = new Log({ writer, prefixLen, prefix }, this.#init)
      for (const stored of entries) {
        const verdict = branch.judge(stored.entry)
        if (verdict !== 'next' && verdict !== 'reset') return
        branch.append(stored)
      }
      for (const [mapKey, register] of branch.registers()) {
        const known = pins.get(mapKey)
        if (register.op === 'pin' && (known === undefined || known.lamport < register.lamport))
          pins.set(mapKey, register)
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      this.#init.outbox.note('rescue-refused', 'A branch of the own log that a peer sent was not valid.', {
        reason: error.message
      })
    }
  }
}
