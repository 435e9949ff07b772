/*
 * An invitation: all that a newcomer needs in one word to copy. Its grant says what it is good for and is signed by the root
 * key or by a writer that may invite; the grant becomes public when it is used, so it names the one-time key and does not
 * hold it. Beside the grant the word carries the mesh, the one-time key's secret and where to call. Text: base58btc ('z…').
 */
import { base58btc } from 'multiformats/bases/base58'

import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { checkLength, checkRange, codeOf, nameAt } from './check.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'
import { readAddresses, writeAddresses } from './record.ts'

/** Longest text form, in characters. */
export const inviteTextMax = 2048
export const usesMax = 65535
export const grantBytesMax = 256

/** As what a newcomer comes: a trusted member, or one that may also change the pinset. */
export type InviteRole = 'trusted' | 'writer'

export interface Grant {
  /** First 8 bytes of the SHA-256 of the root key that was in force: a new root key ends the invitations of the old. */
  rootFingerprint: Uint8Array
  /** A writer may invite to 'trusted' alone. */
  role: InviteRole
  /** How many peers may use it, 1..65535. */
  uses: number
  /** Wall clock, seconds. */
  until: number
  /** The one-time public key, 32 bytes. */
  key: Uint8Array
  /** Who signed: a writer's client id, 0 = the root key. */
  by: number
  /** Where it was made: this peer, if it has the root key, completes what the invitation promises. */
  maker: string
  sig: Uint8Array
}

export interface Invite {
  meshId: Uint8Array
  /** Seed of the one-time key, 32 bytes. */
  secret: Uint8Array
  /** Multiaddr texts, at most 8, distinct, each 1..128 bytes. */
  addresses: string[]
  grant: Grant
}

const version = 1
const checkBytes = 4
const roles: readonly InviteRole[] = ['trusted', 'writer']
const invitePattern = /^z[1-9A-HJ-NP-Za-km-z]+$/

/** The part that is signed: all but sig. */
export function grantBytes(grant: Omit<Grant, 'sig'>): Uint8Array {
  const writer = new Writer(160)
  writeGrant(writer, grant)
  return writer.finish()
}

export function encodeGrant(grant: Grant): Uint8Array {
  const writer = new Writer(224)
  writeGrant(writer, grant)
  return writer.raw(checkLength(grant.sig, 64, 'a signature')).finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeGrant(bytes: Uint8Array): Grant {
  const reader = new Reader(bytes)
  if (reader.u8() !== version) throw new FormatError('a grant is of an unknown version')
  const grant: Grant = {
    rootFingerprint: reader.raw(8),
    role: nameAt(roles, reader.u8(), 'the role of an invitation'),
    uses: checkRange(reader.v(), 1, usesMax, 'the uses of an invitation'),
    until: reader.u48(),
    key: reader.raw(32),
    by: reader.u32(),
    maker: peerOfKey(reader.raw(32)),
    sig: reader.raw(64)
  }
  reader.end()
  checkRole(grant)
  return grant
}

/** Ends with a checksum, so that a word that was cut or mistyped is told from a forged one. */
export function encodeInvite(invite: Invite, crypto: Pick<Crypto, 'hash'>): Uint8Array {
  const writer = new Writer(512)
  writer
    .u8(version)
    .raw(checkLength(invite.meshId, 32, 'a mesh id'))
    .raw(checkLength(invite.secret, 32, 'a secret'))
  writeAddresses(writer, invite.addresses)
  const bytes = writer.blob(encodeGrant(invite.grant)).finish()
  return new Writer(bytes.length + checkBytes).raw(bytes).raw(checkOf(bytes, crypto)).finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeInvite(bytes: Uint8Array, crypto: Pick<Crypto, 'hash'>): Invite {
  const reader = new Reader(bytes)
  if (reader.u8() !== version) throw new FormatError('an invitation is of an unknown version')
  const meshId = reader.raw(32)
  const secret = reader.raw(32)
  const addresses = readAddresses(reader)
  const grant = decodeGrant(reader.blob(grantBytesMax))
  const check = checkOf(reader.since(0), crypto)
  if (!equalBytes(reader.raw(checkBytes), check)) throw new FormatError('an invitation is not whole')
  reader.end()
  return { meshId, secret, addresses, grant }
}

/** One word for people to copy. */
export function inviteText(invite: Invite, crypto: Pick<Crypto, 'hash'>): string {
  return base58btc.encode(encodeInvite(invite, crypto))
}

/** The inverse of inviteText. Throws FormatError. */
export function parseInvite(text: string, crypto: Pick<Crypto, 'hash'>): Invite {
  if (text.length > inviteTextMax || !invitePattern.test(text)) {
    throw new FormatError('an invitation is not a word of base58 that begins with z')
  }
  return decodeInvite(base58btc.decode(text), crypto)
}

function writeGrant(writer: Writer, grant: Omit<Grant, 'sig'>): void {
  checkRole(grant)
  writer.u8(version).raw(checkLength(grant.rootFingerprint, 8, 'the fingerprint of a root key'))
  writer.u8(codeOf(roles, grant.role, 'the role of an invitation'))
  writer.v(checkRange(grant.uses, 1, usesMax, 'the uses of an invitation')).u48(grant.until)
  writer
    .raw(checkLength(grant.key, 32, 'a one-time key'))
    .u32(grant.by)
    .raw(keyOfPeer(grant.maker))
}

function checkRole({ role, by }: Omit<Grant, 'sig'>): void {
  if (role === 'writer' && by !== 0) throw new FormatError('a writer invites to write')
}

function checkOf(bytes: Uint8Array, crypto: Pick<Crypto, 'hash'>): Uint8Array {
  return crypto.hash(bytes).slice(0, checkBytes)
}
