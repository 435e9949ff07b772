// Unpacks Snappy's raw format (snappy/format_description.txt), which LevelDB packs its blocks with: here for the index of a
// table alone, so it is plain rather than fast. Throws RangeError on anything that is not well formed.

/** An index of more than this belongs to no table that LevelDB writes. */
const unpackedBytesMax: number = 64 << 20

export function unpack(packed: Uint8Array): Uint8Array {
  let at = 0
  const byte = (): number => {
    const value = packed[at++]
    if (value === undefined) throw new RangeError('packed bytes end too early')
    return value
  }
  const little = (bytes: number): number => {
    let value = 0
    for (let n = 0; n < bytes; n++) value += byte() * 2 ** (8 * n)
    return value
  }
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const part = byte()
    length += (part & 0x7f) * 2 ** shift
    if (part < 0x80) break
  }
  if (length > unpackedBytesMax) throw new RangeError('too much is packed')
  const out = new Uint8Array(length)
  let to = 0
  while (at < packed.length) {
    const tag = byte()
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >> 2
      const count = (short < 60 ? short : little(short - 59)) + 1
      if (at + count > packed.length || to + count > length) throw new RangeError('a literal is too long')
      out.set(packed.subarray(at, at + count), to)
      at += count
      to += count
      continue
    }
    const count = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const back = kind === 1 ? ((tag >> 5) << 8) | byte() : little(kind === 2 ? 2 : 4)
    if (back === 0 || back > to || to + count > length) throw new RangeError('a copy is of nothing')
    for (let n = 0; n < count; n++, to++) out[to] = out[to - back] as number
  }
  if (to !== length) throw new RangeError('less is packed than was said')
  return out
}
