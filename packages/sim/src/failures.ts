/**
 * The three ways in which a run can fail, told apart by the exit code.
 */

/** The core threw, or did something that no shell could carry out. */
export class CrashError extends Error {}

/** Something happened that must never happen, however bad the weather. */
export class SafetyError extends Error {}

/** In calm weather, something that must come about in bounded time did not. */
export class LivenessError extends Error {}
