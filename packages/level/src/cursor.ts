/** Reads LevelDB's numbers one behind the other. Throws RangeError where there is nothing left. */
export class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++)
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 50; shift += 7) {
      const part = this.byte()
      value += (part & 0x7f) * 2 ** shift
      if (part < 0x80) return value
    }
    throw new RangeError('a number is too long')
  }

  /** A view. */
  take(count: number): Buffer {
    if (count > this.left) throw new RangeError('bytes end too early')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
}
