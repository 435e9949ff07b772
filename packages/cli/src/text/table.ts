// Rows as columns of equal width, and text of others made harmless: a name in the mesh may hold what a terminal would
// obey.

/** One line, without control characters. */
export function clean(text: string): string {
  return text.replace(/\p{C}+/gu, '?')
}

/** Lines; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd()
  )
}
