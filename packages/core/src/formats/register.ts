/*
 * A register is the value under a map key: one writer's last wish for one pin. The pin form carries everything a peer needs
 * to keep it; the unpin form carries only that it is unwished, and since when. Lists and texts that are empty are left out,
 * so that one register has one encoding.
 */
import type { CID } from 'multiformats/cid'

import { compareBytes, fromText } from '../bytes/compare.ts'
import { Reader } from '../bytes/reader.ts'
import { textLength } from '../bytes/utf8.ts'
import { Writer } from '../bytes/writer.ts'
import { checkDistinct, checkFlags, checkOrder, checkRange, checkText, codeOf, nameAt } from './check.ts'
import { cidBody, readCid } from './cid.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'

export const registerBytesMax = 1024
export const nameBytesMax = 255
export const metaBytesMax = 512
export const chosenMax = 16
export const originsMax = 8
export const originBytesMax = 255
export const priorityMax = 255
/** Of a pin that asks for none: there is room for what can wait, and for what can not. */
export const priorityNormal = 128
/** Largest number of replicas that can be asked for; 0 stands for everywhere. */
export const replicasMax = 65535

export type PinMode = 'recursive' | 'direct'
export type Register = PinRegister | UnpinRegister

export interface PinRegister {
  op: 'pin'
  /** max(highest seen for this key + 1, wall clock in ms), 48 bits. */
  lamport: number
  mode: PinMode
  /** Fewest copies that count as safe; at most `max` unless that is 0. */
  min: number
  /** Copies wished for; 0 = on every eligible peer. */
  max: number
  trustedMin: number
  /** 0..255, larger is sooner. */
  priority: number
  /** Version 1. */
  cid: CID
  /** Size of the content where known. */
  bytes?: number
  /** Wall clock, seconds. */
  expiry?: number
  /** At most 255 bytes. '' is written as absent. */
  name?: string
  /** Sorted by the bytes of the key, keys distinct and not empty, keys and values at most 512 bytes in all. */
  meta?: ReadonlyArray<readonly [string, string]>
  /** Peers, at most 16, sorted by their key bytes. */
  chosen?: readonly string[]
  /** Multiaddr texts, at most 8, distinct, each at most 255 bytes, in the order given. */
  origins?: readonly string[]
}

export interface UnpinRegister {
  op: 'unpin'
  lamport: number
}

const ops = ['pin', 'unpin'] as const
const modes: readonly PinMode[] = ['recursive', 'direct']
const hasBytes = 1
const hasExpiry = 2
const hasName = 4
const hasMeta = 8
const hasChosen = 16
const hasOrigins = 32

/** Throws FormatError on a value out of bounds. */
export function encodeRegister(register: Register): Uint8Array {
  const writer = new Writer(96).u48(register.lamport).u8(codeOf(ops, register.op, 'the operation of a register'))
  if (register.op === 'pin') writePin(writer, register)
  const bytes = writer.finish()
  checkRange(bytes.length, 0, registerBytesMax, 'the length of a register')
  return bytes
}

/** Throws FormatError. Nothing in the result refers to `bytes`. */
export function decodeRegister(bytes: Uint8Array): Register {
  checkRange(bytes.length, 0, registerBytesMax, 'the length of a register')
  const reader = new Reader(bytes)
  const lamport = reader.u48()
  const op = nameAt(ops, reader.u8(), 'the operation of a register')
  const register: Register = op === 'unpin' ? { op, lamport } : readPin(reader, lamport)
  reader.end()
  return register
}

function writePin(writer: Writer, pin: PinRegister): void {
  checkReplicas(pin.min, pin.max, pin.trustedMin)
  const { name = '', meta = [], chosen = [], origins = [] } = pin
  let flags = 0
  if (pin.bytes !== undefined) flags |= hasBytes
  if (pin.expiry !== undefined) flags |= hasExpiry
  if (name !== '') flags |= hasName
  if (meta.length > 0) flags |= hasMeta
  if (chosen.length > 0) flags |= hasChosen
  if (origins.length > 0) flags |= hasOrigins
  writer.u8(flags).u8(codeOf(modes, pin.mode, 'the mode of a pin'))
  writer.v(pin.min).v(pin.max).v(pin.trustedMin).u8(pin.priority).raw(cidBody(pin.cid))
  if (pin.bytes !== undefined) writer.v(pin.bytes)
  if (pin.expiry !== undefined) writer.u48(pin.expiry)
  if (name !== '') writer.text(checkText(name, 1, nameBytesMax, 'the name of a pin'))
  if (meta.length > 0) writeMeta(writer, meta)
  if (chosen.length > 0) writeChosen(writer, chosen)
  if (origins.length > 0) writeOrigins(writer, origins)
}

function readPin(reader: Reader, lamport: number): PinRegister {
  const flags = checkFlags(reader.u8(), 63, 'a register')
  const mode = nameAt(modes, reader.u8(), 'the mode of a pin')
  const min = reader.v(replicasMax)
  const max = reader.v(replicasMax)
  const trustedMin = reader.v(replicasMax)
  checkReplicas(min, max, trustedMin)
  const priority = reader.u8()
  const pin: PinRegister = { op: 'pin', lamport, mode, min, max, trustedMin, priority, cid: readCid(reader) }
  if (flags & hasBytes) pin.bytes = reader.v()
  if (flags & hasExpiry) pin.expiry = reader.u48()
  if (flags & hasName) pin.name = checkText(reader.text(nameBytesMax), 1, nameBytesMax, 'the name of a pin')
  if (flags & hasMeta) pin.meta = readMeta(reader)
  if (flags & hasChosen) pin.chosen = readChosen(reader)
  if (flags & hasOrigins) pin.origins = readOrigins(reader)
  return pin
}

function checkReplicas(min: number, max: number, trustedMin: number): void {
  checkRange(max, 0, replicasMax, 'the wished number of copies')
  checkRange(min, 0, max === 0 ? replicasMax : max, 'the least number of copies')
  checkRange(trustedMin, 0, replicasMax, 'the least number of trusted copies')
}

function writeMeta(writer: Writer, meta: ReadonlyArray<readonly [string, string]>): void {
  writer.v(checkMeta(meta).length)
  for (const [key, value] of meta) writer.text(key).text(value)
}

function readMeta(reader: Reader): ReadonlyArray<readonly [string, string]> {
  const count = checkRange(reader.v(metaBytesMax), 1, metaBytesMax, 'the number of metadata')
  const meta: Array<readonly [string, string]> = []
  for (let i = 0; i < count; i++) meta.push([reader.text(metaBytesMax), reader.text(metaBytesMax)])
  return checkMeta(meta)
}

function checkMeta(meta: ReadonlyArray<readonly [string, string]>): ReadonlyArray<readonly [string, string]> {
  let length = 0
  let before: Uint8Array | undefined
  for (const [key, value] of meta) {
    const bytes = fromText(checkText(key, 1, metaBytesMax, 'the key of a metadatum'))
    checkOrder(before, bytes, 'the keys of metadata')
    before = bytes
    length += bytes.length + textLength(value)
  }
  checkRange(length, 1, metaBytesMax, 'the length of all metadata')
  return meta
}

function writeChosen(writer: Writer, chosen: readonly string[]): void {
  writer.v(checkRange(chosen.length, 1, chosenMax, 'the number of chosen peers'))
  let before: Uint8Array | undefined
  for (const peer of chosen) {
    const key = keyOfPeer(peer)
    checkOrder(before, key, 'the chosen peers')
    before = key
    writer.raw(key)
  }
}

function readChosen(reader: Reader): string[] {
  const count = checkRange(reader.v(chosenMax), 1, chosenMax, 'the number of chosen peers')
  const chosen: string[] = []
  let before: Uint8Array | undefined
  for (let i = 0; i < count; i++) {
    const key = reader.raw(32)
    checkOrder(before, key, 'the chosen peers')
    before = key
    chosen.push(peerOfKey(key))
  }
  return chosen
}

function writeOrigins(writer: Writer, origins: readonly string[]): void {
  writer.v(checkRange(origins.length, 1, originsMax, 'the number of origins'))
  checkDistinct(origins, 'the origins')
  for (const origin of origins) writer.text(checkText(origin, 1, originBytesMax, 'an origin'))
}

function readOrigins(reader: Reader): string[] {
  const count = checkRange(reader.v(originsMax), 1, originsMax, 'the number of origins')
  const origins: string[] = []
  for (let i = 0; i < count; i++) {
    origins.push(checkText(reader.text(originBytesMax), 1, originBytesMax, 'an origin'))
  }
  checkDistinct(origins, 'the origins')
  return origins
}

/** Sorts metadata as a register wants them: by the bytes of their keys. */
export function sortMeta(meta: ReadonlyArray<readonly [string, string]>): ReadonlyArray<readonly [string, string]> {
  return [...meta].sort(([a], [b]) => compareBytes(fromText(a), fromText(b)))
}

/** Sorts peers as `chosen` wants them: by key bytes, without repeats. */
export function sortPeers(peers: readonly string[]): string[] {
  const keyed = [...new Set(peers)].map((peer) => ({ peer, key: keyOfPeer(peer) }))
  return keyed.sort((a, b) => compareBytes(a.key, b.key)).map(({ peer }) => peer)
}
