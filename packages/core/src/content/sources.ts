/**
 * Where to fetch a pin from: holders first, in random order, so that a popular pin burdens no single peer; then the peer of the
 * pin's author, who often has just added it and whose claim may still be on its way. Beside them the origins that its writers
 * name: peers outside the mesh.
 */
import type { Members } from '../members/members.ts'
import type { Leaves } from '../pinset/leaves.ts'
import { originsMax } from '../formats/register.ts'
import { isHeld } from '../placement/pin-view.ts'
import { type Claims, findRow } from './claims.ts'
import type { Job } from './jobs.ts'

export interface SourcesInit {
  readonly self: string
  readonly leaves: Leaves
  readonly members: Members
  readonly claims: Claims
  readonly random: (below: number) => number
  /** peer of a writer id */
  readonly peerOfWriter: (writer: number) => string | undefined
}

export function sourcesOf(job: Job, { self, leaves, members, claims, random, peerOfWriter }: SourcesInit): string[] {
  const leaf = leaves.resident(job.bucket >> 4)
  const rows = leaf?.rows(job.bucket) ?? []
  const at = findRow(rows, job.key)
  if (leaf === undefined || at < 0) return []
  const sources = members.candidates
    .map(({ peer }) => peer)
    .filter((peer) => peer !== self && members.stateOf(peer) !== 'down' && isHeld(claims.stateOf(peer, job.bucket, at)))
  for (let n = sources.length - 1; n > 0; n--) {
    const other = random(n + 1)
    ;[sources[n], sources[other]] = [sources[other] as string, sources[n] as string]
  }
  for (const mapKey of rows[at]?.mapKeys ?? []) {
    const author = peerOfWriter(leaf.view().get(mapKey)?.writer ?? -1)
    if (author !== undefined && author !== self && !sources.includes(author)) sources.push(author)
  }
  return sources
}

/** Multiaddrs that the pin's slots name, each once, and no more than one slot may. */
export function originsOf(job: Job, { leaves }: Pick<SourcesInit, 'leaves'>): string[] {
  const leaf = leaves.resident(job.bucket >> 4)
  const rows = leaf?.rows(job.bucket) ?? []
  const row = rows[findRow(rows, job.key)]
  const origins = row?.mapKeys.flatMap((mapKey) => leaf?.view().get(mapKey)?.register.origins ?? []) ?? []
  return [...new Set(origins)].slice(0, originsMax)
}
