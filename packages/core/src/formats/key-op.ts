/*
 * One operation of the key log, the linear, hash-chained list in which the root key says who may write, who is trusted and
 * what the mesh's policy is. The format knows only the shape; whether an operation may follow the one before it is for the
 * key log to judge.
 */
import { FormatError } from '../bytes/format-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { Crypto } from '../crypto.ts'
import { signedBytes } from '../crypto.ts'
import { checkFlags, checkLength, checkRange, codeOf, isZero, nameAt } from './check.ts'
import { keyOfPeer, peerOfKey } from './peer-id.ts'
import { replicasMax } from './register.ts'

/** Bits of proof of work that a policy may ask for; more would lock everybody out. */
export const workBitsMax = 40
export const capLarge = 1
export const capInvite = 2

export interface KeyOp {
  /** Starts at 1. */
  seq: number
  /** keyOpHash of the operation before; zero at seq 1 and only there. */
  prev: Uint8Array
  op: KeyChange
  /** Wall clock of the author, ms. */
  wall: number
  /** By the root key of that moment, 64 bytes. */
  sig: Uint8Array
}

export type KeyChange =
  /** `writer`: the 32-bit client id given to this peer's key; `caps`: capLarge | capInvite. */
  | { kind: 'add-writer'; peer: string; writer: number; caps: number }
  | { kind: 'remove-writer'; writer: number }
  | { kind: 'vouch'; peer: string }
  | { kind: 'withdraw'; peer: string }
  | { kind: 'remove-peer'; peer: string }
  | { kind: 'policy'; policy: Policy }
  | { kind: 'rotate-root'; key: Uint8Array }
  | { kind: 'drop-limbo'; writer: number }
  /** `key`: the one-time key of the invitation that ends. */
  | { kind: 'revoke-invite'; key: Uint8Array }

export type Admission = 'open' | 'invite'
export type Profile = 'test' | 'lan' | 'wan' | 'simulated'

export interface Policy {
  admission: Admission
  /** Default number of copies, 0 = everywhere. */
  replicas: number
  trustedMin: number
  profile: Profile
  /** Leading zero bits a member's stamp needs, 0..40. */
  workBits: number
  /** Lowest protocol version that is served. */
  protocolMin: number
}

const kinds: ReadonlyArray<KeyChange['kind']> = [
  'add-writer',
  'remove-writer',
  'vouch',
  'withdraw',
  'policy',
  'rotate-root',
  'drop-limbo',
  'remove-peer',
  'revoke-invite'
]
const admissions: readonly Admission[] = ['open', 'invite']
const profiles: readonly Profile[] = ['test', 'lan', 'wan', 'simulated']

/** The part that is signed: all but sig. */
export function keyOpBytes(op: Omit<KeyOp, 'sig'>): Uint8Array {
  const writer = new Writer(128)
  writeSigned(writer, op)
  return writer.finish()
}

/** What the next operation names as its prev, 32 bytes. */
export function keyOpHash(op: Omit<KeyOp, 'sig'>, meshId: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.hash(signedBytes('pinmesh/key/1', meshId, keyOpBytes(op)))
}

export function encodeKeyOp(op: KeyOp): Uint8Array {
  const writer = new Writer(160)
  writeSigned(writer, op)
  return writer.raw(checkLength(op.sig, 64, 'a signature')).finish()
}

/** Throws FormatError. Byte fields are views into `bytes`. */
export function decodeKeyOp(bytes: Uint8Array): KeyOp {
  const reader = new Reader(bytes)
  const seq = reader.v()
  const prev = reader.raw(32)
  checkChain(seq, prev)
  const op = readChange(reader)
  const keyOp: KeyOp = { seq, prev, op, wall: reader.u48(), sig: reader.raw(64) }
  reader.end()
  return keyOp
}

function writeSigned(writer: Writer, op: Omit<KeyOp, 'sig'>): void {
  checkChain(op.seq, checkLength(op.prev, 32, 'the previous hash'))
  writer.v(op.seq).raw(op.prev)
  writeChange(writer, op.op)
  writer.u48(op.wall)
}

function checkChain(seq: number, prev: Uint8Array): void {
  if (seq < 1) throw new FormatError('the sequence of a key operation is 0')
  if ((seq === 1) !== isZero(prev))
    throw new FormatError('a key operation has a previous hash at seq 1, or none after it')
}

function writeChange(writer: Writer, op: KeyChange): void {
  writer.u8(codeOf(kinds, op.kind, 'the key operation'))
  switch (op.kind) {
    case 'add-writer':
      writer
        .raw(keyOfPeer(op.peer))
        .u32(op.writer)
        .u8(checkFlags(op.caps, capLarge | capInvite, 'a writer'))
      return
    case 'remove-writer':
    case 'drop-limbo':
      writer.u32(op.writer)
      return
    case 'vouch':
    case 'withdraw':
    case 'remove-peer':
      writer.raw(keyOfPeer(op.peer))
      return
    case 'rotate-root':
    case 'revoke-invite':
      writer.raw(checkLength(op.key, 32, 'a key'))
      return
    case 'policy':
      writePolicy(writer, op.policy)
  }
}

function readChange(reader: Reader): KeyChange {
  const kind = nameAt(kinds, reader.u8(), 'the key operation')
  switch (kind) {
    case 'add-writer': {
      const peer = peerOfKey(reader.raw(32))
      const writer = reader.u32()
      return { kind, peer, writer, caps: checkFlags(reader.u8(), capLarge | capInvite, 'a writer') }
    }
    case 'remove-writer':
    case 'drop-limbo':
      return { kind, writer: reader.u32() }
    case 'vouch':
    case 'withdraw':
    case 'remove-peer':
      return { kind, peer: peerOfKey(reader.raw(32)) }
    case 'rotate-root':
    case 'revoke-invite':
      return { kind, key: reader.raw(32) }
    case 'policy':
      return { kind, policy: readPolicy(reader) }
  }
}

function writePolicy(writer: Writer, policy: Policy): void {
  writer.u8(codeOf(admissions, policy.admission, 'the admission'))
  writer.v(checkRange(policy.replicas, 0, replicasMax, 'the default number of copies'))
  writer.v(checkRange(policy.trustedMin, 0, replicasMax, 'the least number of trusted copies'))
  writer.u8(codeOf(profiles, policy.profile, 'the timing profile'))
  writer.u8(checkRange(policy.workBits, 0, workBitsMax, 'the work asked for')).v(policy.protocolMin)
}

function readPolicy(reader: Reader): Policy {
  return {
    admission: nameAt(admissions, reader.u8(), 'the admission'),
    replicas: reader.v(replicasMax),
    trustedMin: reader.v(replicasMax),
    profile: nameAt(profiles, reader.u8(), 'the timing profile'),
    workBits: checkRange(reader.u8(), 0, workBitsMax, 'the work asked for'),
    protocolMin: reader.v()
  }
}
