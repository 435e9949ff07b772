// CRC-32C as LevelDB keeps it: masked, so that a checksum of bytes that hold checksums is not a weak one.

const maskDelta = 0xa282ead8

const table = Uint32Array.from({ length: 256 }, (_none, n) => {
  let crc = n
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let n = 0; n < bytes.length; n++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[n] as number)) & 255] as number)
  crc = (crc ^ 0xffffffff) >>> 0
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0
}
