/**
 * @pinmesh/core: everything that decides, pure and synchronous. An event and the time go in, effects come out:
 *
 *     const core = new Core({ charter, self, crypto, random, timings: timings('lan'), … })
 *     for (const effect of core.step({ kind: 'woke' }, { mono, wall })) carryOut(effect)
 *     wakeAt(core.wakeAt)
 *
 * It has no timers, sockets, files, promises, clock or randomness of its own; what it needs comes in with `CoreInit` and events.
 */
export { Core } from './core.ts'
export type { CoreInit } from './house.ts'
export type {
  Command,
  ContentCode,
  Event,
  KeyValue,
  Now,
  PinWish,
  StoreState,
  Topic,
  TrustChange,
  Verdict
} from './events.ts'
export type { Effect, Failure, Reply, Row, Table } from './effects.ts'
export type {
  EmptiedReport,
  HeldPin,
  InvitationReport,
  LeaveReport,
  LimboReport,
  MemberReport,
  PeerReport,
  PinAnswer,
  PinReport,
  RetryAnswer,
  UnpinAnswer
} from './reports.ts'
export { type Crypto, type Random, signedBytes } from './crypto.ts'
export type { Note } from './notes.ts'
export { FormatError } from './bytes/format-error.ts'
export { compareBytes, concatBytes, equalBytes, fromHex, toHex } from './bytes/compare.ts'
export { type Charter, decodeCharter, encodeCharter, meshIdOf, meshIdText, parseMeshId } from './formats/charter.ts'
export type { KeyChange, Policy, Profile } from './formats/key-op.ts'
export { bucketOf, canonicalCid, keyOfPin } from './formats/key.ts'
export { keyOfPeer, peerOfKey } from './formats/peer-id.ts'
export { decodeRecord, withPeer } from './formats/record.ts'
export { decodeRegister, type PinMode, type PinRegister, priorityNormal } from './formats/register.ts'
export { SettingError, type Timings, timings } from './members/profiles.ts'
export { encodeGrant, type Grant, type Invite, inviteText, parseInvite } from './formats/invite.ts'
export { decodeAdmission } from './formats/admission.ts'
export { admissionRow } from './trust/admissions.ts'
export { weightOf } from './members/self.ts'
export { found, learn, policyOf, readingOf } from './trust/found.ts'
export { promisedRows, rebuiltRowKey, rebuiltRows } from './pinset/rebuilt.ts'
export { Salvage } from './pinset/salvage.ts'
export { decodeHold, type Hold, type HoldState } from './content/hold.ts'
export { readPinRow, type ListedPin as StoredPin } from './pinset/listing.ts'
export { decodeFrame, encodeFrame, type Frame } from './sync/frames.ts'
