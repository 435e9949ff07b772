/** Errors inside one another that are looked at. */
const causesMax = 4

/** What LevelDB says of files that it can not make sense of; undefined where it failed for another reason. */
export function corruptionIn(error: unknown): string | undefined {
  for (let at = error, n = 0; at instanceof Error && n < causesMax; at = at.cause, n++) {
    const damaged = /corrupt|(MANIFEST-\d+|\.ldb|\.log): no such file/i.test(at.message)
    if (damaged || ('code' in at && at.code === 'LEVEL_CORRUPTION')) return at.message
  }
  return undefined
}
