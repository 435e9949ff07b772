// What a user of a peer may meet: a stable code, one sentence, and what to do about it. The same object is thrown by
// the programming API, travels over HTTP and ends a command, so it also carries the command's exit code. It stands in a
// file of its own, without imports, so that a thin client can have it without loading a peer.

/** 1 wrong usage or input · 2 refused · 3 done in part or copies at risk · 62 timed out. */
export type ExitCode = 1 | 2 | 3 | 62

export class MeshError extends Error {
  /** `MESH_…`: stable, never reused; the reference page lists each with its remedy. */
  readonly code: string
  /** What the user can do about it, in one sentence. */
  readonly remedy?: string
  readonly exit: ExitCode

  /** `message` is one sentence. The exit code is 2 (refused) unless told. */
  constructor(code: string, message: string, init: { exit?: ExitCode; remedy?: string; cause?: unknown } = {}) {
    super(message, 'cause' in init ? { cause: init.cause } : undefined)
    this.name = 'MeshError'
    this.code = code
    this.exit = init.exit ?? 2
    if (init.remedy !== undefined) this.remedy = init.remedy
  }
}
