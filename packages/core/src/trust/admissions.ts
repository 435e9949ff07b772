/**
 * Who was admitted by which invitation. An invitation may be used while peers are apart, more often than it is good for; of
 * all uses the earliest stand, by the clocks of their witnesses, ties by key. Only those are kept, so what is held depends on
 * what was heard and not on the order in which it came. Whether a use counts is a pure function of it and the key log.
 */
import { compareBytes, equalBytes, toHex } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import { Writer } from '../bytes/writer.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import type { Row } from '../effects.ts'
import { type Admission, admissionBytes, decodeAdmission } from '../formats/admission.ts'
import { encodeGrant, type Grant, grantBytes } from '../formats/invite.ts'
import { keyOfPeer } from '../formats/peer-id.ts'
import type { KeyLog } from './key-log.ts'

/** As many as there may be members. */
export const admissionsMax = 10_000

export interface HeldAdmission {
  readonly admission: Admission
  readonly bytes: Uint8Array
  readonly hash8: Uint8Array
}

/** gap: the key log that is held here cannot tell yet · ended: revoked, or its signer or root key stands no longer */
export type GrantState = 'good' | 'gap' | 'ended'

const rowKind = 0x61

export class Admissions {
  readonly #meshId: Uint8Array
  readonly #crypto: Crypto
  readonly #keyLog: KeyLog
  /** By grant, each list sorted by its uses' order. */
  readonly #byGrant = new Map<string, HeldAdmission[]>()
  /** Whose signature of a grant was checked. */
  readonly #signers = new Map<string, Uint8Array>()
  #byPeer: Map<string, HeldAdmission[]> | undefined
  /** Where the key log stood when all were last judged. */
  #prunedAt = 0

  constructor(init: { meshId: Uint8Array; crypto: Crypto; keyLog: KeyLog }) {
    this.#meshId = init.meshId
    this.#crypto = init.crypto
    this.#keyLog = init.keyLog
  }

  /** Those that stand. */
  *all(): Iterable<HeldAdmission> {
    for (const held of this.#byGrant.values()) yield* held
  }

  of(peer: string): readonly HeldAdmission[] {
    if (this.#byPeer === undefined) {
      this.#byPeer = new Map()
      for (const held of this.all())
        this.#byPeer.set(held.admission.peer, [...(this.#byPeer.get(held.admission.peer) ?? []), held])
    }
    return this.#byPeer.get(peer) ?? []
  }

  /** Was it admitted, and not put out since? */
  admitted(peer: string): boolean {
    return !this.#keyLog.denied(peer) && this.of(peer).length > 0
  }

  usesOf(grant: Grant): readonly HeldAdmission[] {
    return this.#byGrant.get(this.#name(grant)) ?? []
  }

  /** Is it good by the key log that is held here? Throws FormatError if it is forged. The date is for the witness to judge. */
  stateOf(grant: Grant, name: string = this.#name(grant)): GrantState {
    if (!this.#keyLog.isRoot(grant.rootFingerprint))
      return this.#keyLog.wasRoot(grant.rootFingerprint) ? 'ended' : 'gap'
    const signer = this.#signerOf(grant)
    if (typeof signer === 'string') return signer
    const known = this.#signers.get(name)
    if (known === undefined || !equalBytes(known, signer)) {
      const signed = signedBytes('pinmesh/invite/1', this.#meshId, grantBytes(grant))
      if (!this.#crypto.verify(signer, signed, grant.sig)) throw new FormatError('an invitation is forged')
      if (this.#byGrant.has(name)) this.#signers.set(name, signer)
    }
    return this.#keyLog.revoked(grant.key) ? 'ended' : 'good'
  }

  /** Has whoever showed this held the one-time key? */
  proves(grant: Grant, peer: string, proof: Uint8Array): boolean {
    return this.#crypto.verify(grant.key, signedBytes('pinmesh/admit/1', this.#meshId, keyOfPeer(peer)), proof)
  }

  /** Takes one use from the disk: it was checked when it was taken. */
  keep(bytes: Uint8Array): void {
    const admission = decodeAdmission(bytes)
    const name = this.#name(admission.grant)
    const signer = this.#signerOf(admission.grant)
    if (typeof signer !== 'string') this.#signers.set(name, signer)
    const held = { admission, bytes, hash8: this.#crypto.hash(bytes).slice(0, 8) }
    this.#byGrant.set(name, [...(this.#byGrant.get(name) ?? []), held].sort(earlier))
    this.#byPeer = undefined
  }

  /** Takes one use. Throws FormatError if it is malformed or forged. `unfit`: too many are held, or its invitation ended. */
  take(bytes: Uint8Array): { outcome: 'new' | 'old' | 'gap' | 'unfit'; rows: Row[]; admission: Admission } {
    const admission = decodeAdmission(bytes)
    const { grant, peer, sponsor } = admission
    const name = this.#name(grant)
    const uses = this.#byGrant.get(name) ?? []
    const before = uses.find((one) => one.admission.peer === peer)
    if (before !== undefined && earlier(before, { admission, bytes }) <= 0)
      return { outcome: 'old', rows: [], admission }
    const state = this.stateOf(grant, name)
    if (state !== 'good') return { outcome: state === 'gap' ? 'gap' : 'unfit', rows: [], admission }
    if (!this.#keyLog.everVouched(sponsor)) return { outcome: 'gap', rows: [], admission }
    this.#verify(admission)
    const held = { admission, bytes, hash8: this.#crypto.hash(bytes).slice(0, 8) }
    const sorted = [...uses.filter((one) => one !== before), held].sort(earlier)
    const dropped = sorted.splice(grant.uses)
    if (dropped.includes(held)) return { outcome: 'old', rows: [], admission }
    if (uses.length === 0 && this.#count() >= admissionsMax) return { outcome: 'unfit', rows: [], admission }
    this.#byGrant.set(name, sorted)
    this.#byPeer = undefined
    const rows = dropped.map((one) => this.#gone(one))
    return { outcome: 'new', rows: [...rows, admissionRow(bytes, this.#crypto)], admission }
  }

  /** Forgets uses of invitations that the key log has ended. Returns the rows that say so. */
  prune(): Row[] {
    if (this.#prunedAt === this.#keyLog.seq) return []
    this.#prunedAt = this.#keyLog.seq
    const rows: Row[] = []
    for (const [name, uses] of this.#byGrant) {
      const grant = uses[0]?.admission.grant
      if (grant !== undefined && this.stateOf(grant, name) === 'good') continue
      this.#byGrant.delete(name)
      this.#signers.delete(name)
      this.#byPeer = undefined
      rows.push(...uses.map((one) => this.#gone(one)))
    }
    return rows
  }

  #signerOf(grant: Grant): Uint8Array | 'gap' | 'ended' {
    if (grant.by === 0) return this.#keyLog.rootKey
    const writer = this.#keyLog.writer(grant.by)
    if (writer === undefined) return 'gap'
    if (writer.removed) return 'ended'
    return writer.mayInvite ? keyOfPeer(writer.peer) : 'gap'
  }

  #verify(admission: Admission): void {
    const { grant, peer, proof, sponsor, sig } = admission
    if (!this.proves(grant, peer, proof)) throw new FormatError('an admission is not proven by the one-time key')
    const signed = signedBytes('pinmesh/admission/1', this.#meshId, admissionBytes(admission))
    if (!this.#crypto.verify(keyOfPeer(sponsor), signed, sig))
      throw new FormatError('an admission is not signed by its sponsor')
  }

  #count(): number {
    let count = 0
    for (const uses of this.#byGrant.values()) count += uses.length
    return count
  }

  #name(grant: Grant): string {
    return toHex(nameOf(grant, this.#crypto))
  }

  #gone({ bytes }: HeldAdmission): Row {
    return { ...admissionRow(bytes, this.#crypto), value: null }
  }
}

/** The row that keeps an admission. Throws FormatError. */
export function admissionRow(bytes: Uint8Array, crypto: Pick<Crypto, 'hash'>): Row {
  const { grant, peer } = decodeAdmission(bytes)
  const key = new Writer().u8(rowKind).raw(nameOf(grant, crypto)).raw(keyOfPeer(peer)).finish()
  return { table: 'fact', key, value: bytes }
}

function nameOf(grant: Grant, crypto: Pick<Crypto, 'hash'>): Uint8Array {
  return crypto.hash(encodeGrant(grant)).subarray(0, 16)
}

/** The order of uses: by the witness's clock, then by peer, then by what else may differ, so that it is the same everywhere. */
function earlier(
  a: { readonly admission: Admission; readonly bytes: Uint8Array },
  b: { readonly admission: Admission; readonly bytes: Uint8Array }
): number {
  if (a.admission.wall !== b.admission.wall) return a.admission.wall - b.admission.wall
  if (equalBytes(a.bytes, b.bytes)) return 0
  if (a.admission.peer !== b.admission.peer) return a.admission.peer < b.admission.peer ? -1 : 1
  return compareBytes(a.bytes, b.bytes)
}
