/*
 * Reads the primitives that Writer writes, from bytes nobody vouches for. Every method throws FormatError instead of reading
 * past the end; no length is believed before it has been compared with a bound and with the bytes at hand.
 * Byte results are views into the input, not copies: they live as long as the whole input does and change when it is reused.
 */
import { FormatError } from './format-error.ts'
import { readText } from './utf8.ts'

export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    // A Node Buffer would hand out Buffers, which Yjs refuses as values.
    const plain = bytes.constructor === Uint8Array
    this.#bytes = plain ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Bytes read so far: with `since`, what an exact slice of the input needs. */
  get at(): number {
    return this.#at
  }

  /** A view of what was read from `start` (an earlier `at`) on. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#at)
  }

  u8(): number {
    this.#need(1)
    return this.#bytes[this.#at++] as number
  }

  u16(): number {
    this.#need(2)
    const bytes = this.#bytes
    return ((bytes[this.#at++] as number) << 8) | (bytes[this.#at++] as number)
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16()
  }

  u48(): number {
    return this.u16() * 0x100000000 + this.u32()
  }

  /** Unsigned LEB128: the shortest form only, at most `max` (2^53 - 1 unless told). */
  v(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0
    let unit = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * unit
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new FormatError('a number is not in its shortest form')
        if (value > max) throw new FormatError(`a number is larger than ${max}`)
        return value
      }
      unit *= 0x80
    }
    throw new FormatError('a number is larger than 2^53 - 1')
  }

  /** A view of the next `length` bytes. */
  raw(length: number): Uint8Array {
    this.#need(length)
    const start = this.#at
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  /** A `v` length of at most `max`, then a view of as many bytes. */
  blob(max: number): Uint8Array {
    return this.raw(this.v(max))
  }

  /** A `v` length of at most `max` bytes, then strict UTF-8. */
  text(max: number): string {
    return readText(this.blob(max))
  }

  /** Throws when bytes are left. */
  end(): void {
    if (this.left !== 0) throw new FormatError(`${this.left} bytes follow the end`)
  }

  #need(length: number): void {
    if (length > this.#bytes.length - this.#at) throw new FormatError('the bytes end too early')
  }
}
