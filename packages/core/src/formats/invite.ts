/*
 * An invitation: all that a newcomer needs in one word to copy: which mesh, whose root key to expect, where to call, as what,
 * and a one-time key. It is signed by the root or by a writer that may invite; the text form is base58btc ('z…').
 */
import { base58btc } from 'multiformats/bases/base58'

import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { checkLength, checkRange, codeOf, nameAt } from './check.ts'
import { readAddresses, writeAddresses } from './record.ts'

/** Longest text form, in characters. */
export const inviteTextMax = 2048
export const usesMax = 65535

export type InviteRole = 'writer' | 'trusted' | 'volunteer'

export interface Invite {
  meshId: Uint8Array
  /** First 8 bytes of the SHA-256 of the root key. */
  rootFingerprint: Uint8Array
  /** Multiaddr texts, at most 8, distinct, each 1..128 bytes. */
  addresses: string[]
  role: InviteRole
  /** How many peers may use it, 1..65535. */
  uses: number
  /** Wall clock, seconds. */
  until: number
  /** The one-time key, 32 bytes. */
  key: Uint8Array
  sig: Uint8Array
}

const version = 1
const roles: readonly InviteRole[] = ['writer', 'trusted', 'volunteer']
const invitePattern = /^z[1-9A-HJ-NP-Za-km-z]+$/

/** The part that is signed: all but sig. */
export function inviteBytes(invite: Omit<Invite, 'sig'>): Uint8Array {
  const writer = new Writer(256)
  writeSigned(writer, invite)
  return writer.finish()
}

export function encodeInvite(invite: Invite): Uint8Array {
  const writer = new Writer(320)
  writeSigned(writer, invite)
  return writer.raw(checkLength(invite.sig, 64, 'a signature')).finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeInvite(bytes: Uint8Array): Invite {
  const reader = new Reader(bytes)
  if (reader.u8() !== version) throw new FormatError('an invitation is of an unknown version')
  const invite: Invite = {
    meshId: reader.raw(32),
    rootFingerprint: reader.raw(8),
    addresses: readAddresses(reader),
    role: nameAt(roles, reader.u8(), 'the role of an invitation'),
    uses: checkRange(reader.v(), 1, usesMax, 'the uses of an invitation'),
    until: reader.u48(),
    key: reader.raw(32),
    sig: reader.raw(64)
  }
  reader.end()
  return invite
}

/** One word for people to copy. */
export function inviteText(invite: Invite): string {
  return base58btc.encode(encodeInvite(invite))
}

/** The inverse of inviteText. Throws FormatError. */
export function parseInvite(text: string): Invite {
  if (text.length > inviteTextMax || !invitePattern.test(text)) {
    throw new FormatError('an invitation is not a word of base58 that begins with z')
  }
  return decodeInvite(base58btc.decode(text))
}

function writeSigned(writer: Writer, invite: Omit<Invite, 'sig'>): void {
  writer.u8(version).raw(checkLength(invite.meshId, 32, 'a mesh id'))
  writer.raw(checkLength(invite.rootFingerprint, 8, 'the fingerprint of a root key'))
  writeAddresses(writer, invite.addresses)
  writer.u8(codeOf(roles, invite.role, 'the role of an invitation'))
  writer.v(checkRange(invite.uses, 1, usesMax, 'the uses of an invitation')).u48(invite.until)
  writer.raw(checkLength(invite.key, 32, 'a one-time key'))
}
