/*
 * Who is asked, and in which order. Two steps, both pure functions of signed facts, so that every peer computes the same:
 * the candidates of a shard, by unweighted rendezvous hashing over all members (they change with membership, by days, not
 * with liveness), and their order for a bucket, by weighted rendezvous hashing. A peer's chance to be first is in proportion
 * to its weight, and a peer that comes or goes changes only the places it takes or leaves. Weights enter once, in the second
 * step; in both they would be squared.
 */
import { compareBytes } from '../bytes/compare.ts'
import type { Crypto } from '../crypto.ts'
import { volunteerWeightMax } from '../members/basis.ts'
import { blockOf } from './address-block.ts'
import { drawAll, seedsOf } from './draw.ts'
import { negLog2Of } from './log2.ts'

/** A member, as placement sees it. It must not be changed: what is derived from it is remembered. */
export interface Candidate {
  readonly peer: string
  /** 32 bytes, the tie-breaker */
  readonly key: Uint8Array
  readonly trusted: boolean
  /** log2, 0..10 */
  readonly weight: number
  /** declared failure domain, '' = none */
  readonly zone: string
  /** multiaddr texts */
  readonly addresses: readonly string[]
  /** peer id of the IPFS back end: members that share one count as one */
  readonly backend: string
}

/** Candidates of a shard, of the trusted and of the volunteers each. */
export const candidatesMax = 100
/** Volunteers of one /16 or /32: at most one in eight. */
const blockShare = 8

/**
 * The candidates of a shard, sorted by key. The trusted and the volunteers are taken apart, so that no crowd of volunteers
 * displaces a trusted peer. A volunteer comes out with a weight of at most four times the median.
 */
export function candidatesOf(
  shard: number,
  members: readonly Candidate[],
  meshId: Uint8Array,
  crypto: Crypto,
  perClassMax: number = candidatesMax
): Candidate[] {
  const { high, low } = draws('candidates', shard, members, meshId, crypto)
  const ranked = Array.from(members.keys()).sort(
    (a, b) => at(high, b) - at(high, a) || at(low, b) - at(low, a) || byKey(members, a, b)
  )
  const blocks = new Map<string, number>()
  const blockMax = Math.max(1, Math.floor(perClassMax / blockShare))
  const weightMax = volunteerWeightMax(members)
  const taken: Candidate[] = []
  const left = { trusted: perClassMax, volunteers: perClassMax }
  for (const i of ranked) {
    const member = members[i] as Candidate
    const kind = member.trusted ? 'trusted' : 'volunteers'
    if (left[kind] === 0) continue
    if (!member.trusted && !mayEnter(member, blocks, blockMax)) continue
    left[kind]--
    taken.push(member.trusted || member.weight <= weightMax ? member : { ...member, weight: weightMax })
  }
  return taken.sort((a, b) => compareBytes(a.key, b.key))
}

/** The candidates in the order in which they are asked to hold pins of a bucket, best first. Domains are not looked at. */
export function orderOf(
  bucket: number,
  candidates: readonly Candidate[],
  meshId: Uint8Array,
  crypto: Crypto
): Candidate[] {
  const { high, low } = draws('order', bucket, candidates, meshId, crypto)
  const scores = new Float64Array(candidates.length)
  const ranked: Candidate[] = []
  // Sorted by insertion: for a hundred numbers several times faster than a sort that calls back.
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Candidate
    const score = scoreOf(at(high, i), at(low, i), candidate.weight)
    let place = i
    for (; place > 0; place--) {
      const before = scores[place - 1] as number
      const other = ranked[place - 1] as Candidate
      if (before < score || (before === score && compareBytes(other.key, candidate.key) < 0)) break
      scores[place] = before
      ranked[place] = other
    }
    scores[place] = score
    ranked[place] = candidate
  }
  return ranked
}

/** −log2(u / 2^64) over the weight, Q16.48; the lower wins. u = high × 2^32 + low, weight as log2. A whole number. */
export function scoreOf(high: number, low: number, weight: number): number {
  return Math.floor(negLog2Of(high, low) / (1 << weight))
}

function draws(
  purpose: 'order' | 'candidates',
  place: number,
  peers: readonly Candidate[],
  meshId: Uint8Array,
  crypto: Crypto
): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(peers.length)
  const low = new Uint32Array(peers.length)
  drawAll(seedsOf(purpose, peers, meshId, crypto), place, high, low)
  return { high, low }
}

/** Counts the volunteer's block. Private and unknown addresses have none. */
function mayEnter(member: Candidate, blocks: Map<string, number>, blockMax: number): boolean {
  const block = blockOf(member.addresses, 16, 32)
  if (block === undefined) return true
  const count = blocks.get(block) ?? 0
  if (count >= blockMax) return false
  blocks.set(block, count + 1)
  return true
}

function byKey(peers: readonly Candidate[], a: number, b: number): number {
  return compareBytes((peers[a] as Candidate).key, (peers[b] as Candidate).key)
}

function at(words: Uint32Array, i: number): number {
  return words[i] as number
}
