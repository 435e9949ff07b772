/**
 * Which pins a listing shows. Judged at the peer, so that only what passes crosses the socket.
 */
import type { ListedPin, ListFilter, PinStatus, StatusFilter } from './mesh-pins.ts'
import { healthOf } from './pin-health.ts'

/** Does it pass any of the filters? */
export function statusPasses(status: PinStatus, filters: readonly StatusFilter[]): boolean {
  const health = healthOf(status)
  return filters.some((filter) => filter === health || status.peers.some((peer) => stateIs(peer, filter)))
}

/** A peer that should hold it and has said nothing yet is on its way to queue it. */
function stateIs({ state, target }: PinStatus['peers'][number], filter: StatusFilter): boolean {
  return state === filter || (filter === 'queued' && state === 'none' && target)
}

/** Does it pass all of them? `now` is wall clock, ms. Which peer holds it is not asked here. */
export function listPasses(pin: ListedPin, filter: ListFilter, now: number): boolean {
  const { name, meta, slot, expiringMs } = filter
  if (name !== undefined && !matches(pin.name ?? '', name)) return false
  if (slot !== undefined && pin.slot !== slot) return false
  if (expiringMs !== undefined && !(pin.expiry !== undefined && pin.expiry - now <= expiringMs)) return false
  return Object.entries(meta ?? {}).every(([key, value]) => pin.meta !== undefined && pin.meta[key] === value)
}

/**
 * Is it the whole text? `*` stands for any characters, `?` for one. By the last star alone, so in time that grows with the
 * product of the lengths at worst, whatever the pattern.
 */
export function matches(text: string, pattern: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let from = 0; from < text.length;) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at++
      resume = from
    } else if (wanted === '?' || wanted === text[from]) {
      at++
      from++
    } else if (star >= 0) {
      at = star + 1
      from = ++resume
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
