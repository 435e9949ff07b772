/*
 * A claim is a peer's signed statement of what it holds, fetches and fails at in one shard, bucket by bucket, a nibble a pin,
 * in the order of the pins' keys. `view` says which pins those are: it is a hash over the claimant's rows of the bucket, so a
 * reader with other rows knows that it can not read the nibbles yet. The promised pins are promised until `holdUntil`.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { checkLength, checkRange } from './check.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'

/** One gossip message. */
export const claimBytesMax: number = 64 * 1024
export const bucketsMax = 256
/** Pins in all buckets of a claim: what fits as nibbles, so that the short forms name no more than could be spelled out. */
export const claimPinsMax: number = 2 * claimBytesMax

export type PinState =
  | 'none'
  | 'queued'
  | 'fetching'
  | 'held'
  | 'promised'
  | 'leaving'
  | 'unreachable'
  | 'no-space'
  | 'back-end'
  | 'refused'

/** The nibble of a state is its place here. */
export const pinStates: readonly PinState[] = [
  'none',
  'queued',
  'fetching',
  'held',
  'promised',
  'leaving',
  'unreachable',
  'no-space',
  'back-end',
  'refused'
]

export interface ClaimBucket {
  /** The bucket's low byte; the high one is the shard. */
  low: number
  /** Hash over the claimant's sorted rows of this bucket, 8 bytes. */
  view: Uint8Array
  /** One nibble value (an index into pinStates) a pin, at least one pin. */
  states: Uint8Array
}

export interface Claim {
  peer: string
  shard: number
  /** Grows with every claim of this peer. */
  seq: number
  /** Wall clock, ms. */
  wall: number
  /** The giver's own stamp up to which it will not release what is promised here, wall ms. */
  holdUntil: number
  /** Log2 of the bytes the peer holds, coarse, 0..255. */
  sizeClass: number
  /** Sorted by low, only buckets with pins. */
  buckets: ClaimBucket[]
  sig: Uint8Array
}

const held = 3
const promised = 4
const allPromised = 1
const allHeld = 2
const nibbles = 3

/** The part that is signed: all but sig. */
export function claimBytes(claim: Omit<Claim, 'sig'>): Uint8Array {
  return signedPart(claim).finish()
}

export function encodeClaim(claim: Claim): Uint8Array {
  const bytes = signedPart(claim)
    .raw(checkLength(claim.sig, 64, 'a signature'))
    .finish()
  checkRange(bytes.length, 0, claimBytesMax, 'the length of a claim')
  return bytes
}

/** Throws FormatError. `view` and `sig` are views into `bytes`, `states` are arrays of their own. */
export function decodeClaim(bytes: Uint8Array): Claim {
  checkRange(bytes.length, 0, claimBytesMax, 'the length of a claim')
  const reader = new Reader(bytes)
  const claim: Claim = {
    peer: peerOfKey(reader.raw(32)),
    shard: reader.u8(),
    seq: reader.v(),
    wall: reader.u48(),
    holdUntil: reader.u48(),
    sizeClass: reader.u8(),
    buckets: readBuckets(reader),
    sig: reader.raw(64)
  }
  reader.end()
  return claim
}

function signedPart(claim: Omit<Claim, 'sig'>): Writer {
  const { buckets } = claim
  let length = 160
  for (const { states } of buckets) length += 13 + (states.length >> 1)
  const writer = new Writer(length).raw(keyOfPeer(claim.peer)).u8(claim.shard).v(claim.seq)
  writer.u48(claim.wall).u48(claim.holdUntil).u8(claim.sizeClass)
  writer.v(checkRange(buckets.length, 0, bucketsMax, 'the number of buckets'))
  let before = -1
  let pins = 0
  for (const bucket of buckets) {
    checkRising(before, bucket.low)
    before = bucket.low
    pins = checkRange(pins + bucket.states.length, 0, claimPinsMax, 'the number of pins in a claim')
    writer.u8(bucket.low).raw(checkLength(bucket.view, 8, 'the view of a bucket'))
    writeStates(writer, bucket.states)
  }
  return writer
}

function readBuckets(reader: Reader): ClaimBucket[] {
  const count = reader.v(bucketsMax)
  const buckets: ClaimBucket[] = []
  let before = -1
  let pinsLeft = claimPinsMax
  for (let i = 0; i < count; i++) {
    const low = reader.u8()
    checkRising(before, low)
    before = low
    const view = reader.raw(8)
    const states = readStates(reader, pinsLeft)
    pinsLeft -= states.length
    buckets.push({ low, view, states })
  }
  return buckets
}

function checkRising(before: number, low: number): void {
  if (low <= before) throw new FormatError('the buckets of a claim are not sorted or repeat')
}

/** The shortest form is the only one: `nibbles` is for buckets that are neither all promised nor all held. */
function formOf(states: Uint8Array): number {
  const first = states[0]
  if (first !== promised && first !== held) return nibbles
  for (const state of states) if (state !== first) return nibbles
  return first === promised ? allPromised : allHeld
}

function writeStates(writer: Writer, states: Uint8Array): void {
  if (states.length === 0) throw new FormatError('a bucket of a claim is empty')
  const form = formOf(states)
  writer.u8(form).v(states.length)
  if (form !== nibbles) return
  const packed = new Uint8Array((states.length + 1) >> 1)
  for (let i = 0; i < states.length; i++) {
    const state = states[i] as number
    if (state >= pinStates.length) throw new FormatError(`the state ${state} of a pin is unknown`)
    packed[i >> 1] = (packed[i >> 1] as number) | (i % 2 === 0 ? state << 4 : state)
  }
  writer.raw(packed)
}

function readStates(reader: Reader, pinsMax: number): Uint8Array {
  const form = checkRange(reader.u8(), allPromised, nibbles, 'the form of a bucket')
  const count = reader.v(pinsMax)
  if (count === 0) throw new FormatError('a bucket of a claim is empty')
  if (form !== nibbles) return new Uint8Array(count).fill(form === allPromised ? promised : held)
  const packed = reader.raw((count + 1) >> 1)
  if (count % 2 === 1 && ((packed[packed.length - 1] as number) & 15) !== 0) {
    throw new FormatError('the last nibble of a bucket is not empty')
  }
  const states = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const pair = packed[i >> 1] as number
    const state = i % 2 === 0 ? pair >> 4 : pair & 15
    if (state >= pinStates.length) throw new FormatError(`the state ${state} of a pin is unknown`)
    states[i] = state
  }
  if (formOf(states) !== nibbles) throw new FormatError('a bucket of one state is not in its short form')
  return states
}
