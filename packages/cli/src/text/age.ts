// How long ago: one unit, rounded down.

const steps: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000]
]

/** `3 min`; `now` below a second, and for what lies ahead. */
export function ageText(sinceMs: number, nowMs: number): string {
  for (const [unit, ms] of steps) if (nowMs - sinceMs >= ms) return `${Math.floor((nowMs - sinceMs) / ms)} ${unit}`
  return 'now'
}

/** `3 h ahead`, `2 d behind`. */
export function skewText(aheadMs: number): string {
  return `${ageText(0, Math.abs(aheadMs))} ${aheadMs < 0 ? 'behind' : 'ahead'}`
}

/** `14:03:59`, local time. */
export function clockText(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8)
}

/** When a pin lapses, or did. */
export function expiryText(expiry: number, now: number): string {
  return `${expiry > now ? 'until' : 'lapsed'} ${new Date(expiry).toISOString().slice(0, 16)}Z`
}
