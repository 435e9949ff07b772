// Every failure of content that a caller may meet, by code. The reconciler decides by the code alone: try elsewhere,
// wait, tell the operator, or never ask again.

/**
 * - `unreachable`: no source gave a block that is still needed, within the time without progress.
 * - `no-space`: the disk or the budget is full.
 * - `back-end`: the store is ill, or a block of a pin was found damaged.
 * - `limit`: the DAG is larger than the caller allowed.
 * - `refused`: the request itself makes no sense (a path that climbs, a stopped node).
 * - `aborted`: the caller, a release of the same CID, or stop() ended it.
 * - `bad-dag`: the content itself is wrong and stays so: unknown codec or hash, bytes that do not decode, a block over
 *   4 MiB, a name that would escape its folder.
 */
export type ContentCode = 'unreachable' | 'no-space' | 'back-end' | 'limit' | 'refused' | 'aborted' | 'bad-dag'

export class ContentError extends Error {
  readonly code: ContentCode

  constructor(code: ContentCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ContentError'
    this.code = code
  }
}

/** Turns what a disk or a database threw into a ContentError; a ContentError stays as it is. */
export function asContentError(error: unknown): ContentError {
  if (error instanceof ContentError) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const full = code === 'ENOSPC' || code === 'EDQUOT' || /no space left/i.test(text + causeOf(error))
  return new ContentError(full ? 'no-space' : 'back-end', text, { cause: error })
}

function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : ''
}
