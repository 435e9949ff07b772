/*
 * Invitations made and used outside of any core, also such as no honest peer would.
 */
import { signedBytes } from '../../src/crypto.ts'
import { type Admission, admissionBytes, encodeAdmission } from '../../src/formats/admission.ts'
import { encodeGrant, type Grant, grantBytes } from '../../src/formats/invite.ts'
import { keyOfPeer } from '../../src/formats/peer-id.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/sync/frames.ts'
import { admissionRow } from '../../src/trust/admissions.ts'
import { type Charter, type Driver, epoch, MemoryDisk, only } from '../kit.ts'
import { type NodeCrypto, nodeCrypto } from '../node-crypto.ts'

export const day: number = 24 * 3600
export const oneTime: NodeCrypto = nodeCrypto(4711)

/** A grant by the root key of this mesh, or by `signer`. */
export function grantOf(charter: Charter, differing: Partial<Grant> = {}, signer?: NodeCrypto['sign']): Grant {
  const plain: Grant = {
    rootFingerprint: charter.facts.keyLog.rootFingerprint,
    role: 'trusted',
    uses: 1,
    until: epoch / 1000 + day,
    key: oneTime.key,
    by: 0,
    maker: charter.founder.peer,
    sig: new Uint8Array(64),
    ...differing
  }
  const sign = signer ?? (charter.founder.signAsRoot as NodeCrypto['sign'])
  return { ...plain, sig: sign(signedBytes('pinmesh/invite/1', charter.meshId, grantBytes(plain))) }
}

export function proofOf(charter: Charter, peer: string, key: NodeCrypto = oneTime): Uint8Array {
  return key.sign(signedBytes('pinmesh/admit/1', charter.meshId, keyOfPeer(peer)))
}

/** Its use by `peer`, witnessed by the founder or another. */
export function admissionOf(
  charter: Charter,
  grant: Grant,
  peer: string,
  differing: { wall?: number; sponsor?: NodeCrypto; proof?: Uint8Array } = {}
): Uint8Array {
  const { wall = epoch, sponsor = charter.founder, proof = proofOf(charter, peer) } = differing
  const plain: Admission = { grant, peer, proof, sponsor: sponsor.peer, wall, sig: new Uint8Array(64) }
  const sig = sponsor.sign(signedBytes('pinmesh/admission/1', charter.meshId, admissionBytes(plain)))
  return encodeAdmission({ ...plain, sig })
}

/** What a peer answers to whoever shows it this grant. */
export function show(
  charter: Charter,
  to: Driver,
  grant: Grant,
  by: string,
  proof: Uint8Array = proofOf(charter, by)
): Frame {
  const effects = to.step({
    kind: 'asked',
    id: 9,
    peer: by,
    frame: encodeFrame({ kind: 'admit', grant: encodeGrant(grant), proof })
  })
  const [answer] = only([...effects, ...to.settle()], 'answer')
  if (answer === undefined) throw new Error('it was not answered')
  return decodeFrame(answer.frame)
}

/** Its code, or `admitted`. */
export function told(frame: Frame): string {
  return frame.kind === 'error' ? frame.code : frame.kind
}

/** A peer that was admitted so, as it starts. */
export function newcomer(charter: Charter, crypto: NodeCrypto, frame: Frame): Driver {
  if (frame.kind !== 'admitted') throw new Error(`it was not admitted: ${told(frame)}`)
  const disk = new MemoryDisk()
  disk.write([...charter.rows, admissionRow(frame.admission, crypto)])
  return charter.driver(0, { crypto, disk, seed: 99 })
}
