/**
 * Invitations at the edge: making the one-time key and the word that carries it, and using one. The secret of the one-time key
 * never leaves the word: what is shown to the other side is a signature over the own peer's key.
 */
import { randomBytes } from 'node:crypto'
import {
  encodeGrant,
  equalBytes,
  FormatError,
  type Frame,
  type Grant,
  type Invite,
  inviteText,
  meshIdOf,
  meshIdText,
  parseInvite,
  signedBytes
} from '@pinmesh/core'
import { MeshError } from './mesh-error.ts'
import { hash, keyPair } from './node-crypto.ts'

export interface OneTimeKey {
  readonly secret: Uint8Array
  readonly key: Uint8Array
}

export function newOneTimeKey(): OneTimeKey {
  const secret = new Uint8Array(randomBytes(32))
  return { secret, key: keyPair(secret).key }
}

export function writeInvite(invite: Invite): string {
  return inviteText(invite, { hash })
}

/** MESH_INVITE_BAD. */
export function readInvite(text: string): Invite {
  try {
    const invite = parseInvite(text.trim(), { hash })
    if (equalBytes(keyPair(invite.secret).key, invite.grant.key)) return invite
    throw new FormatError('an invitation does not hold the key that it names')
  } catch (cause) {
    if (!(cause instanceof FormatError) && !(cause instanceof Error)) throw cause
    throw new MeshError('MESH_INVITE_BAD', 'That is not an invitation, or it was cut or mistyped.', {
      exit: 1,
      remedy: 'Copy it whole, as `mesh invite` printed it.',
      cause
    })
  }
}

/** Shows an invitation to a peer of the mesh with this charter. Its witnessed use; undefined where none is needed. */
export async function useInvite(
  invite: Invite,
  charter: Uint8Array,
  seed: Uint8Array,
  ask: (frame: Frame) => Promise<Frame>
): Promise<Uint8Array | undefined> {
  const meshId = meshIdOf(charter, { hash })
  if (!equalBytes(meshId, invite.meshId)) {
    throw new MeshError(
      'MESH_INVITE_FOREIGN',
      `The invitation is to the mesh ${meshIdText(invite.meshId)}, and the peer at that address is in ${meshIdText(meshId)}.`,
      { remedy: 'Join by the invitation alone: it says whom to call.' }
    )
  }
  const proof = keyPair(invite.secret).sign(signedBytes('pinmesh/admit/1', meshId, keyPair(seed).key))
  const answer = await ask({ kind: 'admit', grant: encodeGrant(invite.grant), proof })
  if (answer.kind === 'admitted') return answer.admission.length === 0 ? undefined : answer.admission
  if (answer.kind !== 'error') throw new MeshError('MESH_BAD_FORMAT', 'The other peer answered what was not asked.')
  const remedy = remedies[answer.code]
  throw new MeshError(answer.code, answer.text, remedy === undefined ? {} : { remedy })
}

/** Short, and the same for every listing of one invitation. */
export function idOf(grant: Pick<Grant, 'key'>): string {
  return Buffer.from(grant.key).toString('hex').slice(0, idChars)
}

export const idChars = 12

const another = 'Ask whoever invited you for another.'
const remedies: Record<string, string> = {
  MESH_INVITE_BAD: 'Copy it whole, as `mesh invite` printed it.',
  MESH_INVITE_FORGED: another,
  MESH_INVITE_ENDED: another,
  MESH_INVITE_EXPIRED: another,
  MESH_INVITE_USED: another,
  MESH_REMOVED: 'Ask the owner to run there: mesh peers vouch <peer>',
  MESH_NO_SPONSOR: 'Give the address of a peer that has been in the mesh for longer.'
}
