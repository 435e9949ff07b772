// CRC-32C as LevelDB keeps it: masked, so that a checksum of bytes that hold checksums is not a weak one.

const maskDelta = 0xa282ead8

const table = Uint32Array.from({ length: 256 }, (_none, n) => {
  let crc = n
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let n = 0; n < bytes.length; n++) crc = step(crc, bytes[n] as number)
  return masked(crc)
}

/** The first place from `from` on up to which the bytes have the sum that stands behind them (u32, little-endian); undefined if there is none. */
export function summedEnd(bytes: Buffer, from: number, lengthMax: number): number | undefined {
  const last = Math.min(from + lengthMax, bytes.length - 4)
  let crc = 0xffffffff
  for (let at = from; at < last;) {
    crc = step(crc, bytes[at++] as number)
    if (masked(crc) === bytes.readUInt32LE(at)) return at
  }
  return undefined
}

function step(crc: number, byte: number): number {
  return (crc >>> 8) ^ (table[(crc ^ byte) & 255] as number)
}

function masked(crc: number): number {
  const whole = (crc ^ 0xffffffff) >>> 0
  return (((whole >>> 15) | (whole << 17)) + maskDelta) >>> 0
}
