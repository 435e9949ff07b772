/*
 * Members for the tests of placement: keys that are fixed, everything else as each test needs it.
 */
import { type NodeCrypto, hash, nodeCrypto } from '../node-crypto.ts'
import { fromText } from '../../src/bytes/compare.ts'
import type { Candidate } from '../../src/placement/order.ts'

export const crypto: NodeCrypto = nodeCrypto(1)
export const meshId: Uint8Array = hash(fromText('mesh of the tests'))

/** Member number i: a trusted one of weight 1 without zone or public address, on a back end of its own. */
export function member(i: number, differing: Partial<Candidate> = {}): Candidate {
  const peer = `peer-${i}`
  const key = hash(fromText(`peer ${i}`))
  return { peer, key, trusted: true, weight: 0, zone: '', addresses: [], backend: peer, ...differing }
}

export function members(count: number, differing: (i: number) => Partial<Candidate> = () => ({})): Candidate[] {
  return Array.from({ length: count }, (_, i) => member(i, differing(i)))
}

export function names(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ peer }) => peer)
}

export const everybody = (): boolean => true
