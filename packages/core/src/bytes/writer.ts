/*
 * Appends the primitives of the wire formats to one growing array: big-endian integers, shortest unsigned LEB128, raw and
 * length-prefixed bytes, text. It refuses a number that does not fit, so that an encoder can not write what a decoder would
 * refuse or, worse, read differently.
 */
import { FormatError } from './format-error.ts'
import { textLength, writeText } from './utf8.ts'

/** Most of what is written is small: it is written into an array used over and over, and only the result is new. */
const spareBytes = 1024
const sparesMax = 8
const spares: Uint8Array[] = []
const spent = new Uint8Array(0)

export class Writer {
  #bytes: Uint8Array
  #at = 0

  /** `sizeHint`: bytes to start with; an exact hint of something large saves the copy in `finish`. */
  constructor(sizeHint = 64) {
    this.#bytes = sizeHint > spareBytes ? new Uint8Array(sizeHint) : (spares.pop() ?? new Uint8Array(spareBytes))
  }

  u8(n: number): this {
    this.#check(n, 0xff)
    this.#room(1)
    this.#bytes[this.#at++] = n
    return this
  }

  u16(n: number): this {
    this.#check(n, 0xffff)
    this.#room(2)
    this.#bytes[this.#at++] = n >> 8
    this.#bytes[this.#at++] = n
    return this
  }

  u32(n: number): this {
    this.#check(n, 0xffffffff)
    this.#room(4)
    this.#u32(n)
    return this
  }

  u48(n: number): this {
    this.#check(n, 0xffffffffffff)
    this.#room(6)
    const high = Math.floor(n / 0x100000000)
    this.#bytes[this.#at++] = high >> 8
    this.#bytes[this.#at++] = high
    this.#u32(n % 0x100000000)
    return this
  }

  /** Unsigned LEB128 in its shortest form, up to 2^53 - 1. */
  v(n: number): this {
    this.#check(n, Number.MAX_SAFE_INTEGER)
    this.#room(8)
    let left = n
    while (left >= 0x80) {
      this.#bytes[this.#at++] = (left % 0x80) | 0x80
      left = Math.floor(left / 0x80)
    }
    this.#bytes[this.#at++] = left
    return this
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  /** A `v` length, then the bytes. */
  blob(bytes: Uint8Array): this {
    return this.v(bytes.length).raw(bytes)
  }

  /** A `v` length in bytes, then the text in UTF-8. */
  text(text: string): this {
    const length = textLength(text)
    this.v(length)
    this.#room(length)
    this.#at = writeText(text, this.#bytes, this.#at)
    return this
  }

  /** All that was written, in an array of exactly that size. The writer is not to be used afterwards. */
  finish(): Uint8Array {
    const bytes = this.#bytes
    const isSpare = bytes.length === spareBytes
    const whole = this.#at === bytes.length && !isSpare ? bytes : bytes.slice(0, this.#at)
    if (isSpare && spares.length < sparesMax) spares.push(bytes)
    this.#bytes = spent
    this.#at = 0
    return whole
  }

  #u32(n: number): void {
    this.#bytes[this.#at++] = n >>> 24
    this.#bytes[this.#at++] = n >>> 16
    this.#bytes[this.#at++] = n >>> 8
    this.#bytes[this.#at++] = n
  }

  #check(n: number, max: number): void {
    if (!Number.isInteger(n) || n < 0 || n > max) throw new FormatError(`${n} is not an integer from 0 to ${max}`)
  }

  #room(length: number): void {
    const need = this.#at + length
    if (need <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(need, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}
