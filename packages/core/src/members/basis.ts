/*
 * By whom isolation and the brake are reckoned, and how much weight a volunteer may have. Anybody may join an open mesh and
 * declare any weight; neither a crowd of idle identities nor one boaster may stop repair or attract everybody's pins.
 */

/** Trusted members needed to judge by them alone. */
const trustedMin = 3
/** A volunteer weighs at most four times the median: two steps of log2. */
const stepsOverMedian = 2

/** The trusted members where there are three or more, else everybody. */
export function basisOf<Member extends { readonly trusted: boolean }>(members: readonly Member[]): readonly Member[] {
  const trusted = members.filter((member) => member.trusted)
  return trusted.length >= trustedMin ? trusted : members
}

/** The largest weight (log2) that a volunteer among these members counts with; the median is that of the basis. */
export function volunteerWeightMax(members: readonly { readonly trusted: boolean; readonly weight: number }[]): number {
  const weights = basisOf(members)
    .map((member) => member.weight)
    .sort((a, b) => a - b)
  return (weights[(weights.length - 1) >> 1] ?? 0) + stepsOverMedian
}
