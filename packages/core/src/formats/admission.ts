/*
 * An admission: an invitation that was used. The newcomer has shown that it holds the one-time key, and a member has
 * witnessed it, with its own clock. So everybody can check it alone and for ever, and nobody can use an invitation after its day.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { checkLength } from './check.ts'
import { decodeGrant, encodeGrant, type Grant, grantBytesMax } from './invite.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'

export const admissionBytesMax = 512

export interface Admission {
  grant: Grant
  /** Who was admitted. */
  peer: string
  /** By the one-time key over the peer's key, 64 bytes (tag pinmesh/admit/1). */
  proof: Uint8Array
  /** The member that witnessed it. */
  sponsor: string
  /** Its wall clock, ms. */
  wall: number
  /** By the sponsor over all before it (tag pinmesh/admission/1). */
  sig: Uint8Array
}

const version = 1

/** The part that the sponsor signs: all but sig. */
export function admissionBytes(admission: Omit<Admission, 'sig'>): Uint8Array {
  const writer = new Writer(400)
  writeSigned(writer, admission)
  return writer.finish()
}

export function encodeAdmission(admission: Admission): Uint8Array {
  const writer = new Writer(480)
  writeSigned(writer, admission)
  return writer.raw(checkLength(admission.sig, 64, 'a signature')).finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeAdmission(bytes: Uint8Array): Admission {
  const reader = new Reader(bytes)
  if (reader.u8() !== version) throw new FormatError('an admission is of an unknown version')
  const admission: Admission = {
    grant: decodeGrant(reader.blob(grantBytesMax)),
    peer: peerOfKey(reader.raw(32)),
    proof: reader.raw(64),
    sponsor: peerOfKey(reader.raw(32)),
    wall: reader.u48(),
    sig: reader.raw(64)
  }
  reader.end()
  checkTime(admission)
  return admission
}

function writeSigned(writer: Writer, admission: Omit<Admission, 'sig'>): void {
  checkTime(admission)
  writer.u8(version).blob(encodeGrant(admission.grant)).raw(keyOfPeer(admission.peer))
  writer
    .raw(checkLength(admission.proof, 64, 'a proof'))
    .raw(keyOfPeer(admission.sponsor))
    .u48(admission.wall)
}

function checkTime({ grant, wall }: Omit<Admission, 'sig'>): void {
  if (wall > grant.until * 1000) throw new FormatError('an invitation was used after its day')
}
