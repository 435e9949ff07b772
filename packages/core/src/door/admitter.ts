/**
 * A newcomer shows an invitation, and this peer witnesses its use: only who was vouched for in the key log can, so that whether
 * a use counts never hangs on another use. What is wrong with an invitation is told apart, each with its code. The use is on
 * disk before it is told.
 */
import { FormatError } from '../bytes/format-error.ts'
import { type Crypto, signedBytes } from '../crypto.ts'
import { type Admission, admissionBytes, encodeAdmission } from '../formats/admission.ts'
import { decodeGrant, type Grant } from '../formats/invite.ts'
import type { Disk } from '../loop/disk.ts'
import type { Outbox } from '../loop/outbox.ts'
import type { Members } from '../members/members.ts'
import type { Frame } from '../sync/frames.ts'
import type { Facts } from '../trust/facts.ts'

export interface AdmitterInit {
  readonly self: string
  readonly meshId: Uint8Array
  readonly crypto: Crypto
  readonly outbox: Outbox
  readonly disk: Disk
  readonly facts: Facts
  readonly members: Members
  /** takes the use in and spreads it; the rows that keep it are written here */
  readonly admitted: (bytes: Uint8Array, written: () => void) => void
}

export class Admitter {
  readonly #init: AdmitterInit

  constructor(init: AdmitterInit) {
    this.#init = init
  }

  admit(peer: string, frame: Frame & { kind: 'admit' }, answer: (frame: Frame) => void): void {
    const { facts, admitted } = this.#init
    const grant = this.#read(frame.grant)
    if (grant === undefined) return answer(refused.bad)
    const held = facts.admissions.usesOf(grant).find((one) => one.admission.peer === peer)
    if (facts.trusted(peer) && (held !== undefined || facts.keyLog.vouched(peer)))
      return answer({ kind: 'admitted', admission: held?.bytes ?? new Uint8Array() })
    const why = this.#refusal(grant, peer, frame.proof)
    if (why !== undefined) return answer(why)
    const bytes = this.#witness(grant, peer, frame.proof)
    this.#init.outbox.note('admitted', 'A peer was admitted by an invitation.', { peer })
    admitted(bytes, () => answer({ kind: 'admitted', admission: bytes }))
  }

  #read(bytes: Uint8Array): Grant | undefined {
    try {
      return decodeGrant(bytes)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      return undefined
    }
  }

  #refusal(grant: Grant, peer: string, proof: Uint8Array): Frame | undefined {
    const { facts, self, members } = this.#init
    let state: 'good' | 'gap' | 'ended'
    try {
      state = facts.admissions.stateOf(grant)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      return refused.forged
    }
    if (!facts.admissions.proves(grant, peer, proof)) return refused.forged
    if (facts.keyLog.denied(peer)) return refused.removed
    if (state === 'ended') return refused.ended
    if (grant.until * 1000 < members.clock.ownDate) return refused.expired
    if (facts.admissions.usesOf(grant).length >= grant.uses) return refused.used
    return state === 'gap' || !facts.keyLog.everVouched(self) ? refused.noSponsor : undefined
  }

  #witness(grant: Grant, peer: string, proof: Uint8Array): Uint8Array {
    const { crypto, meshId, self, members } = this.#init
    const wall = members.clock.ownDate
    const plain: Admission = { grant, peer, proof, sponsor: self, wall, sig: new Uint8Array(64) }
    const sig = crypto.sign(signedBytes('pinmesh/admission/1', meshId, admissionBytes(plain)))
    return encodeAdmission({ ...plain, sig })
  }
}

const error = (code: string, text: string): Frame => ({ kind: 'error', code, text })

const refused = {
  bad: error('MESH_INVITE_BAD', 'That is not an invitation, or it was cut or mistyped.'),
  forged: error('MESH_INVITE_FORGED', 'The invitation is forged: nobody who may invite has signed it.'),
  ended: error('MESH_INVITE_ENDED', 'The owner of the mesh has ended the invitation.'),
  expired: error('MESH_INVITE_EXPIRED', 'The invitation has expired.'),
  used: error('MESH_INVITE_USED', 'The invitation is used up.'),
  removed: error('MESH_REMOVED', 'The owner has put this peer out of the mesh: no invitation brings it back.'),
  noSponsor: error('MESH_NO_SPONSOR', 'The peer at that address cannot admit others by this invitation.')
}
