/**
 * Invitations of this peer: signing them, remembering which were made here, and completing what they promise. Who was admitted
 * is a member at once; the root key then vouches for it, so that its place no longer hangs on the invitation, and makes it a
 * writer if it was invited to write. The peer where the invitation was made does that, or, while that one is down, another
 * that has the root key: two that sign at once would part the key log.
 */
import { toHex } from '../bytes/compare.ts'
import { Writer } from '../bytes/writer.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import type { Failure, Row } from '../effects.ts'
import type { KeyValue, TrustChange } from '../events.ts'
import type { Admission } from '../formats/admission.ts'
import { decodeGrant, encodeGrant, type Grant, grantBytes, type InviteRole } from '../formats/invite.ts'
import type { Agenda } from '../loop/agenda.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Timings } from '../members/profiles.ts'
import type { InvitationReport } from '../reports.ts'
import type { Facts } from './facts.ts'

/** Invitations that are remembered here; the oldest that are over are forgotten first. */
export const issuedMax = 1000
/** One that is over stays in the list for this long. */
const keptMs: number = 30 * 24 * 3_600_000
const rowPrefix = 0x67

export interface InvitationsInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly agenda: Agenda
  readonly disk: Disk
  readonly facts: Facts
  readonly members: Members
  readonly timings: Timings
  /** is the root key that is in force here? */
  readonly hasRoot: () => boolean
  readonly change: (wanted: TrustChange, done: (changed: object | Failure) => void) => void
}

export interface InviteTerms {
  readonly role: InviteRole
  readonly uses: number
  /** wall, seconds */
  readonly until: number
  /** the one-time public key */
  readonly key: Uint8Array
}

export class Invitations {
  readonly #init: InvitationsInit
  /** By one-time key, oldest first. */
  readonly #issued = new Map<string, Grant>()
  #completing = false
  #queued = false

  constructor(init: InvitationsInit) {
    this.#init = init
  }

  /** Takes the rows of table `meta` at start. */
  load(meta: readonly KeyValue[]): void {
    const grants = meta.filter(({ key }) => key[0] === rowPrefix).map(({ value }) => decodeGrant(value))
    for (const grant of grants.sort((a, b) => a.until - b.until)) this.#issued.set(toHex(grant.key), grant)
  }

  /** Signs one, by the root key if it is here, else as a writer that may invite. It is done when it is on disk. */
  issue(terms: InviteTerms, done: (grant: Grant | Failure) => void): void {
    const { facts, crypto, meshId, self, disk, outbox } = this.#init
    const asRoot = this.#init.hasRoot()
    const writer = facts.keyLog.writerOf(self)
    const by = asRoot ? 0 : writer
    if (by === undefined || (!asRoot && facts.keyLog.writer(by)?.mayInvite !== true)) return done(mayNotInvite)
    if (!asRoot && terms.role === 'writer') return done(mayNotInviteWriters)
    if (this.#issued.size >= issuedMax && !this.#forget(outbox.wall)) return done(tooMany)
    const plain: Grant = {
      ...terms,
      rootFingerprint: facts.keyLog.rootFingerprint,
      by,
      maker: self,
      sig: new Uint8Array(64)
    }
    const signed = signedBytes('pinmesh/invite/1', meshId, grantBytes(plain))
    const sig = asRoot ? (crypto.signAsRoot?.(signed) ?? plain.sig) : crypto.sign(signed)
    const grant = { ...plain, sig }
    this.#issued.set(toHex(grant.key), grant)
    disk.write({ rows: [rowOf(grant)], sync: true, done: () => done(grant) })
  }

  /** Those made here, and those whose use was heard of. */
  reports(): InvitationReport[] {
    const { facts } = this.#init
    const known = new Map(this.#issued)
    for (const { admission } of facts.admissions.all()) known.set(toHex(admission.grant.key), admission.grant)
    return [...known.values()].map((grant) => {
      const usedBy = facts.admissions.usesOf(grant).map(({ admission }) => admission.peer)
      const { role, uses, until, key } = grant
      return {
        key: toHex(key),
        role,
        uses,
        until,
        usedBy,
        made: this.#issued.has(toHex(key)),
        state: this.#stateOf(grant)
      }
    })
  }

  /** Something may have to be completed. */
  look(): void {
    if (this.#queued || !this.#init.hasRoot()) return
    this.#queued = true
    this.#init.agenda.at(this.#init.outbox.mono, () => {
      this.#queued = false
      this.#complete()
    })
  }

  /** Looks now and then: a maker that is down is stood in for, and what was refused is tried again. */
  begin(): void {
    const { agenda, outbox, timings } = this.#init
    const round = (): void => {
      this.look()
      agenda.at(outbox.mono + timings.syncRoundMs, round)
    }
    round()
  }

  #complete(): void {
    if (this.#completing) return
    for (const { admission } of this.#init.facts.admissions.all()) {
      const wanted = this.#lacks(admission)
      if (wanted === undefined || !this.#mine(admission.grant)) continue
      this.#completing = true
      this.#init.change(wanted, (changed) => {
        this.#completing = false
        if (!('code' in changed)) this.look()
      })
      return
    }
  }

  #lacks({ grant, peer }: Admission): TrustChange | undefined {
    const { keyLog, admissions } = this.#init.facts
    if (!admissions.admitted(peer)) return undefined
    if (!keyLog.vouched(peer)) return { kind: 'vouch', peer }
    const wrote = [...keyLog.writers()].some((writer) => writer.peer === peer)
    return grant.role === 'writer' && !wrote ? { kind: 'add-writer', peer } : undefined
  }

  #mine({ maker }: Grant): boolean {
    const { self, members } = this.#init
    return maker === self || members.record(maker) === undefined || members.stateOf(maker) === 'down'
  }

  #stateOf(grant: Grant): InvitationReport['state'] {
    const { facts, outbox } = this.#init
    if (facts.admissions.stateOf(grant) !== 'good') return 'ended'
    if (facts.admissions.usesOf(grant).length >= grant.uses) return 'used'
    return grant.until * 1000 < outbox.wall ? 'expired' : 'open'
  }

  /** Makes room. False if all are still wanted. */
  #forget(wall: number): boolean {
    const rows: Row[] = []
    for (const [name, grant] of this.#issued) {
      if (grant.until * 1000 + keptMs > wall) continue
      this.#issued.delete(name)
      rows.push({ ...rowOf(grant), value: null })
    }
    if (rows.length > 0) this.#init.disk.write({ rows })
    return rows.length > 0
  }
}

function rowOf(grant: Grant): Row {
  return { table: 'meta', key: new Writer().u8(rowPrefix).raw(grant.key).finish(), value: encodeGrant(grant) }
}

const mayNotInvite: Failure = {
  code: 'MESH_MAY_NOT_INVITE',
  text: 'This peer may not invite others.',
  remedy: 'Run it where the root key is, or have the owner run there: mesh writers add <peer> --may-invite'
}

const mayNotInviteWriters: Failure = {
  code: 'MESH_MAY_NOT_INVITE',
  text: 'Only the owner of the mesh may invite others to write.',
  remedy: 'Leave --writer out, or run it where the root key is.'
}

const tooMany: Failure = {
  code: 'MESH_TOO_MANY_INVITES',
  text: `There are ${issuedMax} open invitations of this peer already.`,
  remedy: 'Wait until some are over, or invite with more --uses.'
}
