// What requests about trust carry. Whether the owner may do it, and whether it makes sense, is for the peer to say.

import {
  allow,
  type Fields,
  peerCharsMax,
  readBoolean,
  readCount,
  readList,
  readObject,
  readOneOf,
  readText
} from './fields.ts'
import { readCid } from './requests.ts'
import type { InviteRequest, MeshPolicy, RootOptions } from './mesh.ts'

const replicasMax = 65_535
const workBitsMax = 40
const protocolMax = 1000
const usesMax = 65_535
const inviteCharsMax = 2048
/** A hundred years. */
const validMaxMs: number = 100 * 365 * 24 * 3_600_000

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

export function readInviteRequest(body: unknown): InviteRequest {
  const fields = readObject(body, 'The body')
  allow(fields, ['writer', 'uses', 'validMs'])
  const writer = readBoolean(fields.writer, 'writer')
  return {
    ...(writer === undefined ? {} : { writer }),
    ...(fields.uses === undefined ? {} : { uses: readCount(fields.uses, 'uses', 1, usesMax) }),
    ...(fields.validMs === undefined ? {} : { validMs: readCount(fields.validMs, 'validMs', 1, validMaxMs) })
  }
}

/** { invite, anyway? }: an id or the word itself. */
export function readEndInvitation(body: unknown): { which: string; options: RootOptions } {
  const fields = readObject(body, 'The body')
  allow(fields, ['invite', 'anyway'])
  return { which: readText(fields.invite, 'invite', inviteCharsMax), options: readRootOptions(fields) }
}

/** { cids? }: a list, or nothing for all. */
export function readAdoption(body: unknown): string[] | undefined {
  const fields = readObject(body, 'The body')
  allow(fields, ['cids'])
  return fields.cids === undefined ? undefined : readList(fields.cids, 'cids').map(readCid)
}

/** { peer?, anyway? } */
export function readDrop(body: unknown): { peer: string | undefined; options: RootOptions } {
  const fields = readObject(body, 'The body')
  allow(fields, ['peer', 'anyway'])
  const peer = fields.peer === undefined ? undefined : readText(fields.peer, 'peer', peerCharsMax)
  return { peer, options: readRootOptions(fields) }
}

/** { anyway? } */
export function readRoot(body: unknown): RootOptions {
  const fields = readObject(body, 'The body')
  allow(fields, ['anyway'])
  return readRootOptions(fields)
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
