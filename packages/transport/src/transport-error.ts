// The one error class that leaves this package. Codes are stable and documented; the sentence is for a person.

/**
 * MESH_PORT_TAKEN: another program listens there. MESH_BAD_ADDRESS: not an address this node can use.
 * MESH_UNREACHABLE: a dial failed. MESH_DISCONNECTED: no connection, or the sync stream broke; ask again.
 * MESH_BUSY: too many asks wait for this peer. MESH_TOO_LARGE: a message over the bound. MESH_ABORTED: the caller's signal.
 */
export type TransportCode =
  | 'MESH_PORT_TAKEN'
  | 'MESH_BAD_ADDRESS'
  | 'MESH_UNREACHABLE'
  | 'MESH_DISCONNECTED'
  | 'MESH_BUSY'
  | 'MESH_TOO_LARGE'
  | 'MESH_ABORTED'

export class TransportError extends Error {
  readonly code: TransportCode
  override readonly name = 'TransportError'

  constructor(code: TransportCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** What a rejected promise carries when the caller's signal fired; the signal's reason is the cause. */
export function abortedError(signal: AbortSignal): TransportError {
  return new TransportError('MESH_ABORTED', 'The caller gave up waiting.', signal.reason)
}

/** The error for a peer without a connection, or one whose stream broke. */
export function disconnectedError(peer: string, cause?: unknown): TransportError {
  return new TransportError('MESH_DISCONNECTED', `There is no working connection to ${peer}.`, cause)
}

/** The error for a message over its bound, in bytes. */
export function tooLargeError(bytes: number, bytesMax: number): TransportError {
  return new TransportError('MESH_TOO_LARGE', `A message of ${bytes} bytes is over the bound of ${bytesMax}.`)
}
