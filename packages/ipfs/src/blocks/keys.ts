// The keys of the table, one letter for each kind, and how a multihash becomes a file's name. Blocks are keyed by
// multihash, never by CID: the same bytes under two codecs are one block.

/** A block is here. Value: u32 length, then 1 when the bytes are in a file, 0 when in a `v` row. */
export const blockPrefix = 'b'
/** The bytes of a small block. */
export const valuePrefix = 'v'
/** A pin or an unfinished acquisition, by CID bytes. */
export const pinPrefix = 'p'
/** Pin number → CID bytes. */
export const numberPrefix = 'i'
/** Pin number, multihash: this pin needs this block. */
export const edgePrefix = 'e'
/** Multihash, pin number: the same edge seen from the block. */
export const ownerPrefix = 'r'
/** Facts about the table itself. */
export const metaPrefix = 'm'

/** Present: rows may be missing of what the table has held. */
export const doubtKey: Uint8Array = Buffer.from('mdoubt')

export function key(prefix: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(prefix), ...parts]))
}

/** A pin number as 6 bytes, big-endian, so that rows sort by number. */
export function number48(n: number): Uint8Array {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(n, 0, 6)
  return bytes
}

export function readNumber48(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUIntBE(0, 6)
}

/** A multihash as text: map key and file name. */
export function nameOf(multihash: Uint8Array): string {
  return Buffer.from(multihash.buffer, multihash.byteOffset, multihash.byteLength).toString('hex')
}

export function multihashOf(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(name, 'hex'))
}
