/*
 * Copies belong in different places. A walk takes peers one by one: the next is the first in the order among those whose
 * failure domain was used least so far; so domains are used once each before any is used twice, and repeats come when domains
 * run out. Of members that share an IPFS back end the first taken stands for all. Each choice looks only at what was taken
 * before, so a peer that comes or goes changes nothing but the sets that hold it.
 */
import { blockOf } from './address-block.ts'
import type { Candidate } from './order.ts'

const domains = new WeakMap<Candidate, string>()

/** The declared zone, else the address block (/24, /48) of the first public address, else the peer itself. */
export function domainOf(candidate: Candidate): string {
  const known = domains.get(candidate)
  if (known !== undefined) return known
  const domain = findDomain(candidate)
  domains.set(candidate, domain)
  return domain
}

/** The eligible of an order, spread over domains, one for each back end. */
export function spread(order: readonly Candidate[], eligible: (peer: string) => boolean): Candidate[] {
  return new Walk().take(order.filter((candidate) => eligible(candidate.peer)))
}

export class Walk {
  readonly #uses = new Map<string, number>()
  readonly #backends = new Set<string>()

  /** Takes up to `count` of these, best first, and returns them in the order of taking. */
  take(order: readonly Candidate[], count: number = Infinity): Candidate[] {
    const taken: Candidate[] = []
    let left = order
    for (let uses = this.#least(left); taken.length < count && uses < Infinity;) {
      const later: Candidate[] = []
      let next = Infinity
      for (const candidate of left) {
        if (taken.length >= count) return taken
        if (this.#backends.has(candidate.backend)) continue
        const used = this.#uses.get(domainOf(candidate)) ?? 0
        if (used === uses) {
          this.use(candidate)
          taken.push(candidate)
        } else {
          later.push(candidate)
          next = Math.min(next, used)
        }
      }
      left = later
      uses = next
    }
    return taken
  }

  /** Counts one that was taken elsewhere. */
  use(candidate: Candidate): void {
    const domain = domainOf(candidate)
    this.#uses.set(domain, (this.#uses.get(domain) ?? 0) + 1)
    this.#backends.add(candidate.backend)
  }

  /** Takes none of its back end, but leaves its domain free. */
  exclude(candidate: Candidate): void {
    this.#backends.add(candidate.backend)
  }

  #least(order: readonly Candidate[]): number {
    if (this.#uses.size === 0) return order.length === 0 ? Infinity : 0
    return order.reduce((least, candidate) => Math.min(least, this.#uses.get(domainOf(candidate)) ?? 0), Infinity)
  }
}

function findDomain({ zone, addresses, peer }: Candidate): string {
  if (zone !== '') return `zone ${zone}`
  const block = blockOf(addresses, 24, 48)
  return block === undefined ? `peer ${peer}` : `block ${block}`
}
