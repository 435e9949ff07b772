/**
 * From a wish as a person states it to the register that is written: what was left out filled in, what contradicts itself refused.
 */
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../bytes/compare.ts'
import { FormatError } from '../bytes/format-error.ts'
import type { Failure } from '../effects.ts'
import type { PinWish } from '../events.ts'
import type { Policy } from '../formats/key-op.ts'
import { mapKeyOf } from '../formats/key.ts'
import { encodeRegister, priorityNormal, type PinRegister, sortMeta, sortPeers } from '../formats/register.ts'

const replicasDefault = 3

/** A pin that lapses was asked for while nobody could tell when that is. */
export const clockInDoubt: Failure = {
  code: 'MESH_CLOCK_SKEW',
  text: "This peer's clock is not that of the others: nobody could tell when the pin is to lapse.",
  remedy: 'Set the clock of this machine right (see mesh id), or pin it without --expire-in.'
}

/** The register of the wish; its lamport is for the author to set. */
function registerOf(wish: PinWish, cid: CID, policy: Policy | undefined): PinRegister {
  const max = wish.max ?? policy?.replicas ?? replicasDefault
  return {
    op: 'pin',
    lamport: 1,
    mode: wish.mode ?? 'recursive',
    max,
    min: wish.min ?? Math.max(1, max - 1),
    trustedMin: wish.trustedMin ?? policy?.trustedMin ?? 1,
    priority: wish.priority ?? priorityNormal,
    cid,
    ...(wish.bytes === undefined ? {} : { bytes: wish.bytes }),
    ...(wish.expiry === undefined ? {} : { expiry: wish.expiry }),
    ...(wish.name === undefined ? {} : { name: wish.name }),
    ...(wish.meta === undefined ? {} : { meta: sortMeta(wish.meta) }),
    ...(wish.chosen === undefined ? {} : { chosen: sortPeers(wish.chosen) }),
    ...(wish.origins === undefined ? {} : { origins: wish.origins })
  }
}

/** The register and its map key, or why there can be none. */
export function draftOf(
  wish: PinWish,
  at: { cid: CID; key: Uint8Array; policy: Policy | undefined }
): { register: PinRegister; mapKey: string } | { failure: Failure } {
  try {
    const register = registerOf(wish, at.cid, at.policy)
    const { max, min } = register
    if (max !== 0 && min > max) return { failure: badReplicas(min, max) }
    encodeRegister(register)
    return { register, mapKey: mapKeyOf(at.key, wish.slot) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { failure: badPin(error.message) }
  }
}

export function sameWish(a: PinRegister, b: PinRegister): boolean {
  return equalBytes(encodeRegister({ ...a, lamport: 0 }), encodeRegister({ ...b, lamport: 0 }))
}

function badReplicas(min: number, max: number): Failure {
  return {
    code: 'MESH_BAD_REPLICAS',
    text: `At least ${min} copies were asked for, but at most ${max}.`,
    remedy: 'Give --min a number up to that of -r.'
  }
}

function badPin(reason: string): Failure {
  return {
    code: 'MESH_BAD_PIN',
    text: `The pin cannot be written: ${reason}.`,
    remedy: 'Shorten the name or metadata, or give fewer peers.'
  }
}

export function tooFewPeers(min: number, eligible: number): Failure {
  return {
    code: 'MESH_TOO_FEW_PEERS',
    text: `The pin wants at least ${min} ${min === 1 ? 'copy' : 'copies'}, but ${peersText(eligible)} could hold it now; nothing was written.`,
    remedy: 'Wait for more peers, ask for fewer copies with -r or --min, or add --anyway.'
  }
}

function peersText(count: number): string {
  if (count === 0) return 'no peer'
  return count === 1 ? 'only 1 peer' : `only ${count} peers`
}

/** Chosen peers that are not in the mesh. */
export function unknownPeers(peers: readonly string[]): Failure {
  const one = peers.length === 1
  return {
    code: 'MESH_UNKNOWN_PEER',
    text: `${peers.join(', ')} ${one ? 'is no member' : 'are no members'} of this mesh; nothing was written.`,
    remedy: `See \`mesh peers\`, or add --anyway if ${one ? 'it is' : 'they are'} still to come.`
  }
}
