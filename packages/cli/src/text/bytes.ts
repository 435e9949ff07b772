// Sizes for people: three digits at most, decimal units.

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function bytesText(bytes: number): string {
  let at = 0
  let rest = bytes
  while (rest >= 999.5 && at < units.length - 1) {
    rest /= 1000
    at++
  }
  const digits = at === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2
  return `${Number(rest.toFixed(digits))} ${units[at]}`
}
