/**
 * Pins that somebody has asked for anew since they were last tried here: what has failed is tried at once, whatever its
 * back-off. Kept in memory alone: after a restart the back-off stands, which costs time and nothing else.
 */
import { toHex } from '../bytes/compare.ts'
import { Front } from '../loop/front.ts'
import type { PinRow } from '../pinset/view.ts'
import { findRow } from './claims.ts'

/** More than that are asked for by no person; the oldest wait for their time again. */
const keysMax = 4096

export class Anew {
  readonly #keys = new Set<string>()
  readonly #oldest = new Front(this.#keys)

  add(key: Uint8Array): void {
    this.#keys.add(toHex(key))
    if (this.#keys.size > keysMax) this.#keys.delete(this.#oldest.next() as string)
  }

  /** Of rows that have changed, those that are wished for again. */
  addWished(before: readonly PinRow[], after: readonly PinRow[]): void {
    for (const { key, lamport } of after) {
      const old = before[findRow(before, key)]
      if (old !== undefined && old.lamport < lamport) this.add(key)
    }
  }

  has(key: Uint8Array): boolean {
    return this.#keys.has(toHex(key))
  }

  /** It is being tried. */
  done(key: Uint8Array): void {
    this.#keys.delete(toHex(key))
  }
}
