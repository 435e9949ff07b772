/*
 * A heartbeat: positive evidence a peer gives about itself, and the root of its pinset, from which a neighbour notices a lost
 * message within a beat. It names the interval at which its sender beats, so each peer is judged by its own pace.
 */
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { checkLength, checkRange, codeOf, nameAt } from './check.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'

/** Bounds of a declared interval: none slower than an hour, or a peer could be alive for years after its last beat. */
export const everyMsMin = 10
export const everyMsMax: number = 60 * 60 * 1000

export type StoreState = 'ok' | 'read-only' | 'full' | 'failing'

export interface Beat {
  peer: string
  incarnation: number
  /** Counts the beats of this incarnation. */
  n: number
  /** Interval of this peer's beats, 10 ms to 1 h. */
  everyMs: number
  /** recordHash8 of the sender's record, 8 bytes. */
  recordHash: Uint8Array
  /** Root digest of the sender's pinset, 16 bytes. */
  root: Uint8Array
  store: StoreState
  /** Share of the budget that is free, 0 (none) to 255 (all). */
  free: number
  /** Wall clock, ms. */
  wall: number
  sig: Uint8Array
}

const stores: readonly StoreState[] = ['ok', 'read-only', 'full', 'failing']

/** The part that is signed: all but sig. */
export function beatBytes(beat: Omit<Beat, 'sig'>): Uint8Array {
  const writer = new Writer(96)
  writeSigned(writer, beat)
  return writer.finish()
}

export function encodeBeat(beat: Beat): Uint8Array {
  const writer = new Writer(160)
  writeSigned(writer, beat)
  return writer.raw(checkLength(beat.sig, 64, 'a signature')).finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeBeat(bytes: Uint8Array): Beat {
  const reader = new Reader(bytes)
  const beat: Beat = {
    peer: peerOfKey(reader.raw(32)),
    incarnation: reader.v(),
    n: reader.v(),
    everyMs: checkRange(reader.v(), everyMsMin, everyMsMax, 'the interval of a beat'),
    recordHash: reader.raw(8),
    root: reader.raw(16),
    store: nameAt(stores, reader.u8(), 'the store of a beat'),
    free: reader.u8(),
    wall: reader.u48(),
    sig: reader.raw(64)
  }
  reader.end()
  return beat
}

function writeSigned(writer: Writer, beat: Omit<Beat, 'sig'>): void {
  writer.raw(keyOfPeer(beat.peer)).v(beat.incarnation).v(beat.n)
  writer.v(checkRange(beat.everyMs, everyMsMin, everyMsMax, 'the interval of a beat'))
  writer.raw(checkLength(beat.recordHash, 8, 'the hash of a record'))
  writer.raw(checkLength(beat.root, 16, 'the root of a pinset'))
  writer
    .u8(codeOf(stores, beat.store, 'the store of a beat'))
    .u8(beat.free)
    .u48(beat.wall)
}
