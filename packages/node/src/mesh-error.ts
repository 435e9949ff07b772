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

/** What is thrown where a file or folder of a home cannot be used, for whatever reason the system gives. */
export function homeDenied(path: string, how: 'read' | 'written', cause: unknown): MeshError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  return new MeshError('MESH_HOME_DENIED', `${path} cannot be ${how} (${code}).`, {
    remedy: 'Check the permissions of the home folder and the room on its disk, or choose another with --home.',
    cause
  })
}
