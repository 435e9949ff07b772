// What every call of the programming API takes that can wait.

export interface CallOptions {
  /**
   * Ends the waiting: a call rejects with the signal's reason, a loop throws it and lets go of what it read from. What a call had
   * begun by then may still come to pass.
   */
  signal?: AbortSignal | undefined
}
