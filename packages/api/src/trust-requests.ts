// What requests about trust carry. Whether the owner may do it, and whether it makes sense, is for the peer to say.

import { allow, type Fields, peerCharsMax, readBoolean, readCount, readObject, readOneOf, readText } from './fields.ts'
import type { MeshPolicy, RootOptions } from './mesh.ts'

const replicasMax = 65_535
const workBitsMax = 40
const protocolMax = 1000

export interface OfPeer {
  peer: string
  options: RootOptions
}

/** { peer, anyway? } and, where `more` says so, other fields. */
export function readOfPeer(body: unknown, more: readonly string[] = []): OfPeer & { fields: Fields } {
  const fields = readObject(body, 'The body')
  allow(fields, ['peer', 'anyway', ...more])
  return { peer: readText(fields.peer, 'peer', peerCharsMax), options: readRootOptions(fields), fields }
}

export function readRootOptions({ anyway }: Fields): RootOptions {
  return { anyway: readBoolean(anyway, 'anyway') ?? false }
}

export function readPolicy(body: unknown): { change: Partial<MeshPolicy>; options: RootOptions } {
  const fields = readObject(body, 'The body')
  const { admission, replicas, trustedMin, profile, workBits, protocolMin } = fields
  allow(fields, ['admission', 'replicas', 'trustedMin', 'profile', 'workBits', 'protocolMin', 'anyway'])
  const change: Partial<MeshPolicy> = {}
  if (admission !== undefined) change.admission = readOneOf(admission, 'admission', ['open', 'invite'])
  if (replicas !== undefined) change.replicas = readCount(replicas, 'replicas', 0, replicasMax)
  if (trustedMin !== undefined) change.trustedMin = readCount(trustedMin, 'trustedMin', 0, replicasMax)
  if (profile !== undefined) change.profile = readOneOf(profile, 'profile', ['lan', 'wan', 'test'])
  if (workBits !== undefined) change.workBits = readCount(workBits, 'workBits', 0, workBitsMax)
  if (protocolMin !== undefined) change.protocolMin = readCount(protocolMin, 'protocolMin', 1, protocolMax)
  return { change, options: readRootOptions(fields) }
}
