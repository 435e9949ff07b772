// Durations: one or more numbers with their units, such as 60s, 90m, 1h30m, 30d. A number without a unit is refused:
// whoever writes 30 may mean seconds or days.

import { badValue } from './refuse.ts'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const form = /^(\d+(?:\.\d+)?(?:ms|[smhdw]))+$/
const part = /(\d+(?:\.\d+)?)(ms|[smhdw])/g
/** A hundred years: more is a slip. */
const maxMs = 100 * 365 * units.d

/** Milliseconds, at least one. MESH_BAD_VALUE. */
export function parseDuration(text: string): number {
  const given = text.trim().toLowerCase()
  let ms = 0
  for (const [, number, unit] of form.test(given) ? given.matchAll(part) : []) {
    ms += Number(number) * units[unit as keyof typeof units]
  }
  if (ms < 1 || ms > maxMs)
    throw badValue('a duration', text, 'Give a number with its unit, such as 60s, 12h or 30d: at most 36500d.')
  return Math.round(ms)
}
