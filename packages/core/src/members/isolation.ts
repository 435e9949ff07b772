/*
 * Am I cut off? If nearly everybody falls silent at once it is more likely my cable than their death. So I look at who was
 * alive when the silence began and how many of them I still hear. A peer that finds itself isolated neither repairs nor
 * releases; it need not know why.
 *
 * The silence begins with the last beat of the member that has been quiet longest and is not down yet. Who went down since
 * then stays in the reckoning, or the verdict would flicker while the silent ones go down one after another. Who had been
 * quiet before is no part of it, and who has been quiet for `down` counts as gone: so it lasts `down` at most.
 */

/** Below this share of them heard (in tenths), with `ratioFrom` or more of them; with fewer, only if none is heard. */
const heardTenthsMin = 6
const ratioFrom = 5

/** One member, as its observer sees it; times are the observer's own. */
export interface Sighting {
  readonly state: 'unheard' | 'alive' | 'suspect' | 'down'
  /** The last beat that moved; undefined for a member that was never alive while I looked. */
  readonly heardAt: number | undefined
  /** Silence after which it counts as gone, whatever its record of flapping. */
  readonly goneMs: number
  /** When it was last turned from alive to suspect. */
  readonly suspectedAt: number | undefined
  /** It is down, and its beats come again. */
  readonly returning: boolean
  /** My own clock stood still, and I have not heard it since. */
  readonly awaited: boolean
}

export function isIsolated(sightings: readonly Sighting[], now: number): boolean {
  let heard = 0
  let missing = 0
  let silentSince = Infinity
  for (const sighting of sightings) {
    if (sighting.state === 'alive' && !sighting.awaited) heard++
    else if (isMissing(sighting, now)) {
      missing++
      silentSince = Math.min(silentSince, sighting.heardAt as number)
    }
  }
  if (missing === 0) return false
  const fallen = sightings.filter((sighting) => fellSince(sighting, silentSince, now)).length
  const all = heard + missing + fallen
  return all < ratioFrom ? heard === 0 : heard * 10 < all * heardTenthsMin
}

/** Silent, and not so long that it counts as gone. */
function isMissing({ state, heardAt, goneMs, awaited }: Sighting, now: number): boolean {
  if (heardAt === undefined || (state !== 'suspect' && !(state === 'alive' && awaited))) return false
  return now - heardAt < goneMs
}

/** Gone, but alive when the silence began. */
function fellSince(sighting: Sighting, silentSince: number, now: number): boolean {
  const { state, suspectedAt, returning } = sighting
  if (suspectedAt === undefined || returning || isMissing(sighting, now)) return false
  return (state === 'down' || state === 'suspect') && suspectedAt > silentSince
}
