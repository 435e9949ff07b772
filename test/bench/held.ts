// How a bench waits for pins to be held: by what the peer's notes tell, read once each.

import type { PeerProcess } from '../kit/peer.ts'
import { until } from '../kit/until.ts'

/** Pins that a peer has come to hold, by its journal as its notes tell: claims leave in rounds, which is not what is measured here. */
export class Held {
  readonly #peer: PeerProcess
  #read = 0
  #count = 0

  constructor(peer: PeerProcess) {
    this.#peer = peer
  }

  get count(): number {
    const { notes } = this.#peer
    for (; this.#read < notes.length; this.#read++) if (notes[this.#read]?.code === 'held') this.#count++
    return this.#count
  }

  async reach(pins: number): Promise<void> {
    await until(`${pins} pins are held`, 300_000, () => this.count >= pins, 5)
  }
}
