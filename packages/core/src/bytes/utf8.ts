/*
 * UTF-8 by hand, because the core's type environment knows no TextEncoder, and because both directions must be strict:
 * one text has exactly one encoding here. Refused are overlong forms, surrogates (encoded or lone) and code points above
 * U+10FFFF (Unicode 16, table 3-7).
 */
import { FormatError } from './format-error.ts'

const chunkUnits = 4096

/** Length of a text in UTF-8 bytes. Throws FormatError on a lone surrogate. */
export function textLength(text: string): number {
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) length += 1
    else if (unit < 0x800) length += 2
    else if (unit < 0xd800 || unit > 0xdfff) length += 3
    else {
      const low = text.charCodeAt(++i)
      if (unit > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) throw new FormatError('the text holds a lone surrogate')
      length += 4
    }
  }
  return length
}

/** Writes the text at `offset`; the caller has made room for `textLength(text)` bytes. Returns the offset after it. */
export function writeText(text: string, target: Uint8Array, offset: number): number {
  let at = offset
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code < 0x80) {
      target[at++] = code
    } else if (code < 0x800) {
      target[at++] = 0xc0 | (code >> 6)
      target[at++] = 0x80 | (code & 63)
    } else if (code < 0xd800 || code > 0xdfff) {
      target[at++] = 0xe0 | (code >> 12)
      target[at++] = 0x80 | ((code >> 6) & 63)
      target[at++] = 0x80 | (code & 63)
    } else {
      code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00)
      target[at++] = 0xf0 | (code >> 18)
      target[at++] = 0x80 | ((code >> 12) & 63)
      target[at++] = 0x80 | ((code >> 6) & 63)
      target[at++] = 0x80 | (code & 63)
    }
  }
  return at
}

/** Strict decoding of all the bytes. Throws FormatError. */
export function readText(bytes: Uint8Array): string {
  let text = ''
  let units: number[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at++] as number
    if (first < 0x80) {
      units.push(first)
    } else {
      const more = trailing(first)
      const second = bytes[at] ?? 0
      if (!secondFits(first, second)) throw new FormatError('the text is not valid UTF-8')
      let code = first & (0x3f >> more)
      for (let i = 0; i < more; i++) {
        const next = bytes[at++] ?? 0
        if ((next & 0xc0) !== 0x80) throw new FormatError('the text is not valid UTF-8')
        code = (code << 6) | (next & 63)
      }
      if (code < 0x10000) units.push(code)
      else units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 1023))
    }
    if (units.length >= chunkUnits) {
      text += String.fromCharCode(...units)
      units = []
    }
  }
  return text + String.fromCharCode(...units)
}

function trailing(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 1
  if (first >= 0xe0 && first <= 0xef) return 2
  if (first >= 0xf0 && first <= 0xf4) return 3
  throw new FormatError('the text is not valid UTF-8')
}

/** The second byte alone tells an overlong form, a surrogate and a code point that is too large. */
function secondFits(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0 && second <= 0xbf
  if (first === 0xed) return second >= 0x80 && second <= 0x9f
  if (first === 0xf0) return second >= 0x90 && second <= 0xbf
  if (first === 0xf4) return second >= 0x80 && second <= 0x8f
  return second >= 0x80 && second <= 0xbf
}
