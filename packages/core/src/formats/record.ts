/*
 * A member's record: what a peer says of itself, signed, renewed daily and valid until a stated day. With the key log it
 * alone decides who is a member, whoever was heard or not. In an open mesh it carries a stamp, a proof of work over the key,
 * so that a thousand identities cost a thousand times one.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { taggedBytes } from '../crypto.ts'
import { checkDistinct, checkFlags, checkLength, checkRange, checkText, codeOf, nameAt } from './check.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'

export const recordBytesMax = 1024
/** Log2 of the largest weight. */
export const weightMax = 10
export const zoneBytesMax = 32
export const ipfsPeerBytesMax = 128
export const addressesMax = 8
export const addressBytesMax = 128
export const versionBytesMax = 32

export type MemberClass = 'trusted' | 'volunteer'

export interface MemberFlags {
  declining: boolean
  /** It hands its duties on: a member still, and asked for nothing new. */
  leaving: boolean
  maintenance: boolean
  syncing: boolean
  /** It has left: no member any more. */
  left: boolean
}

export interface MemberRecord {
  peer: string
  /** Grows with every start of the peer. */
  incarnation: number
  class: MemberClass
  /** Log2 of the share this peer takes, 0..10. */
  weight: number
  /** Declared failure domain, at most 32 bytes, '' = none. */
  zone: string
  flags: MemberFlags
  /** Peer id of the IPFS back end, '' = the same as peer. */
  ipfsPeer: string
  /** Multiaddr texts, at most 8, distinct, each 1..128 bytes, best first. */
  addresses: string[]
  /** Wall clock, seconds; not a member after it. */
  until: number
  /** Nonce of the proof of work, 8 bytes. */
  stamp: Uint8Array
  /** Version of the program, at most 32 bytes. */
  version: string
  sig: Uint8Array
}

const classes: readonly MemberClass[] = ['trusted', 'volunteer']
const flagNames = ['declining', 'leaving', 'maintenance', 'syncing', 'left'] as const

/** The part that is signed: all but sig. */
export function recordBytes(record: Omit<MemberRecord, 'sig'>): Uint8Array {
  const writer = new Writer(256)
  writeSigned(writer, record)
  return writer.finish()
}

export function encodeRecord(record: MemberRecord): Uint8Array {
  const writer = new Writer(320)
  writeSigned(writer, record)
  const bytes = writer.raw(checkLength(record.sig, 64, 'a signature')).finish()
  checkRange(bytes.length, 0, recordBytesMax, 'the length of a record')
  return bytes
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeRecord(bytes: Uint8Array): MemberRecord {
  checkRange(bytes.length, 0, recordBytesMax, 'the length of a record')
  const reader = new Reader(bytes)
  const record: MemberRecord = {
    peer: peerOfKey(reader.raw(32)),
    incarnation: reader.v(),
    class: nameAt(classes, reader.u8(), 'the class of a member'),
    weight: checkRange(reader.u8(), 0, weightMax, 'the weight of a member'),
    zone: reader.text(zoneBytesMax),
    flags: readFlags(reader),
    ipfsPeer: reader.text(ipfsPeerBytesMax),
    addresses: readAddresses(reader),
    until: reader.u48(),
    stamp: reader.raw(8),
    version: reader.text(versionBytesMax),
    sig: reader.raw(64)
  }
  reader.end()
  checkIpfsPeer(record)
  return record
}

/**
 * Where the peer itself is reached, and where its IPFS back end is: addresses of the latter end in /p2p/ and its peer id, so
 * that one list carries both.
 */
export function placesOf({ ipfsPeer, addresses }: Pick<MemberRecord, 'ipfsPeer' | 'addresses'>): {
  own: string[]
  backEnd: string[]
} {
  const isBackEnd = (address: string): boolean => ipfsPeer !== '' && address.endsWith(`/p2p/${ipfsPeer}`)
  return {
    own: addresses.filter((address) => !isBackEnd(address)),
    backEnd: addresses.filter(isBackEnd)
  }
}

/** An address of a peer, with the peer's id at its end. */
export function withPeer(address: string, peer: string): string {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
}

/** First 8 bytes of the SHA-256 of the encoded record: what a beat names. */
export function recordHash8(bytes: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.hash(bytes).slice(0, 8)
}

/** Work in a stamp: leading zero bits of SHA-256('pinmesh/stamp/1' ‖ 0x00 ‖ mesh id ‖ key ‖ stamp), 0..256. */
export function stampBits(peer: string, meshId: Uint8Array, stamp: Uint8Array, crypto: Crypto): number {
  return zeroBits(crypto.hash(stampedBytes(peer, meshId, stamp)))
}

/**
 * The first stamp of at least so many bits whose number is `from` or above, `tries` of them; undefined if none of those is. A stamp
 * is its number in 8 bytes.
 */
export function findStamp(
  place: { peer: string; meshId: Uint8Array; crypto: Crypto },
  work: { bits: number; from: number; tries: number }
): Uint8Array | undefined {
  // One array for all tries: to join the parts anew would cost as much as the hash.
  const bytes = stampedBytes(place.peer, place.meshId, new Uint8Array(8))
  const number = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4)
  for (let n = work.from; n < work.from + work.tries; n++) {
    number.setUint32(0, n)
    if (zeroBits(place.crypto.hash(bytes)) >= work.bits) return bytes.slice(-8)
  }
  return undefined
}

function stampedBytes(peer: string, meshId: Uint8Array, stamp: Uint8Array): Uint8Array {
  return taggedBytes('pinmesh/stamp/1', meshId, keyOfPeer(peer), checkLength(stamp, 8, 'a stamp'))
}

function zeroBits(hash: Uint8Array): number {
  let bits = 0
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}

/** A count of at most 8, then distinct texts of 1..128 bytes. */
export function writeAddresses(writer: Writer, addresses: readonly string[]): void {
  writer.u8(checkRange(addresses.length, 0, addressesMax, 'the number of addresses'))
  checkDistinct(addresses, 'the addresses')
  for (const address of addresses) writer.text(checkText(address, 1, addressBytesMax, 'an address'))
}

/** The inverse of writeAddresses. */
export function readAddresses(reader: Reader): string[] {
  const count = checkRange(reader.u8(), 0, addressesMax, 'the number of addresses')
  const addresses: string[] = []
  for (let i = 0; i < count; i++) {
    addresses.push(checkText(reader.text(addressBytesMax), 1, addressBytesMax, 'an address'))
  }
  checkDistinct(addresses, 'the addresses')
  return addresses
}

function writeSigned(writer: Writer, record: Omit<MemberRecord, 'sig'>): void {
  checkIpfsPeer(record)
  writer.raw(keyOfPeer(record.peer)).v(record.incarnation)
  writer.u8(codeOf(classes, record.class, 'the class of a member'))
  writer.u8(checkRange(record.weight, 0, weightMax, 'the weight of a member'))
  writer.text(checkText(record.zone, 0, zoneBytesMax, 'the zone of a member'))
  let flags = 0
  flagNames.forEach((name, i) => {
    if (record.flags[name]) flags |= 1 << i
  })
  writer.u16(flags).text(checkText(record.ipfsPeer, 0, ipfsPeerBytesMax, 'the IPFS peer of a member'))
  writeAddresses(writer, record.addresses)
  writer.u48(record.until).raw(checkLength(record.stamp, 8, 'a stamp'))
  writer.text(checkText(record.version, 0, versionBytesMax, 'the version of a member'))
}

function readFlags(reader: Reader): MemberFlags {
  const bits = checkFlags(reader.u16(), 31, 'a record')
  return {
    declining: (bits & 1) !== 0,
    leaving: (bits & 2) !== 0,
    maintenance: (bits & 4) !== 0,
    syncing: (bits & 8) !== 0,
    left: (bits & 16) !== 0
  }
}

function checkIpfsPeer(record: Omit<MemberRecord, 'sig'>): void {
  if (record.ipfsPeer === record.peer) throw new FormatError('a record repeats its peer as its IPFS peer')
}
