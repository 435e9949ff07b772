/**
 * How figures are printed: one line each, with the baseline it is held against and the ratio to it.
 */
export interface Baseline {
  readonly name: string
  readonly value: number
}

export function report(what: string, value: number, unit: string, against?: Baseline): void {
  const ratio =
    against === undefined
      ? ''
      : `   ${(value / against.value).toPrecision(2)} × ${against.name} (${round(against.value)} ${unit})`
  process.stdout.write(`  ${what.padEnd(58)} ${round(value).padStart(9)} ${unit}${ratio}\n`)
}

/** The value below which that share (0..1) of the sorted values lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((one, other) => one - other),
    0.5
  )
}

/** Calls `one` so many times, that many at once. Returns how many a second. */
export async function perSecond(times: number, atOnce: number, one: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < times) await one(next++)
    })
  )
  return times / ((performance.now() - start) / 1000)
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3)
}
