// The bytes of a CAR as its decoder asks for them. A CAR tells lengths before what they measure, and it comes from a
// stranger: nothing is gathered beyond a bound that does not depend on what was told.

/** Bytes between the parts of a CAR (version 2 allows some) that are passed over. */
const gapBytesMax: number = 1 << 20

export class CarBytes {
  /** Largest length that may be asked for. */
  bytesMax: number
  pos = 0
  /** What the source itself failed with: it is not the CAR's fault. */
  failure: { error: unknown } | undefined
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array()
  /** Bytes to be dropped before anything is read again. */
  #gap = 0

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytesMax: number) {
    this.#source = each(source)
    this.bytesMax = bytesMax
  }

  /** Up to so many bytes; fewer only at the end. */
  async upTo(length: number): Promise<Uint8Array> {
    await this.#gather(length)
    return this.#held.subarray(0, length)
  }

  async exactly(length: number, seek = false): Promise<Uint8Array> {
    if (!(length >= 0 && length <= this.bytesMax)) throw new Error(`it tells a length of ${length} bytes`)
    await this.#gather(length)
    if (this.#held.length < length) throw new Error('it ends in the middle of a block')
    const bytes = this.#held.subarray(0, length)
    if (seek) this.seek(length)
    return bytes
  }

  seek(length: number): void {
    const here = Math.min(length, this.#held.length)
    this.#held = this.#held.subarray(here)
    this.#gap += length - here
    if (!(length >= 0 && this.#gap <= gapBytesMax)) throw new Error(`its parts lie ${length} bytes apart`)
    this.pos += length
  }

  async #gather(length: number): Promise<void> {
    if (this.#held.length >= length && this.#gap === 0) return
    const pieces = [this.#held]
    for (let have = this.#held.length; have < length;) {
      const piece = await this.#next()
      if (piece === undefined) break
      pieces.push(piece)
      have += piece.length
    }
    this.#held = pieces.length === 1 ? this.#held : new Uint8Array(Buffer.concat(pieces))
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#source.next()
      if (done === true) return undefined
      const dropped = Math.min(this.#gap, value.length)
      this.#gap -= dropped
      return value.subarray(dropped)
    } catch (error) {
      this.failure = { error }
      throw error
    }
  }
}

async function* each(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* source
}
