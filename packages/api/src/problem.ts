// An error on the wire: { error: { code, message, remedy?, exit } }, as the body of an answer, as the last line of a
// stream of lines, or as a frame. One file writes and reads it, so that a MeshError arrives as it left.

import { MeshError } from './mesh.ts'
import type { ExitCode } from './mesh.ts'

export interface Problem {
  code: string
  message: string
  remedy?: string
  exit: ExitCode
}

/** Any failure as a MeshError: ours stay, others with a MESH_ code keep it, the rest is MESH_FAILED. */
export function meshErrorOf(error: unknown): MeshError {
  if (error instanceof MeshError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return new MeshError(code.startsWith('MESH_') ? code : 'MESH_FAILED', message, { cause: error })
}

export function problemOf(failure: unknown): Problem {
  const error = meshErrorOf(failure)
  const { code, message, remedy, exit } = error
  return remedy === undefined ? { code, message, exit } : { code, message, remedy, exit }
}

/** The problem in a parsed body, line or frame that holds one and nothing else. */
export function problemIn(value: unknown): MeshError | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value) || Object.keys(value).length !== 1) return
  return errorOf(value.error)
}

/** A MeshError from what another process sent; whatever is missing in it is filled in. */
export function errorOf(sent: unknown): MeshError {
  const problem = (typeof sent === 'object' && sent !== null ? sent : {}) as Partial<Record<keyof Problem, unknown>>
  const { code, message, remedy, exit } = problem
  return new MeshError(
    typeof code === 'string' ? code : 'MESH_FAILED',
    typeof message === 'string' ? message : 'The peer failed without saying why.',
    { exit: isExit(exit) ? exit : 2, ...(typeof remedy === 'string' ? { remedy } : {}) }
  )
}

function isExit(value: unknown): value is ExitCode {
  return value === 1 || value === 2 || value === 3 || value === 62
}

/** What was sent breaks the API's rules. */
export function badRequest(message: string): MeshError {
  return new MeshError('MESH_API_BODY', message, { exit: 1, remedy: 'See the API section of the reference.' })
}

const statuses: Readonly<Record<string, number>> = {
  MESH_API_TOKEN: 401,
  MESH_API_ORIGIN: 403,
  MESH_API_SCOPE: 403,
  MESH_API_ROUTE: 404,
  MESH_API_SLOW: 408,
  MESH_NOT_PINNED: 404,
  MESH_TOKEN_UNKNOWN: 404,
  MESH_FAILED: 500,
  MESH_STORE_FAILED: 500,
  MESH_STORE_DAMAGED: 500,
  MESH_STOPPING: 503,
  MESH_DISK_FULL: 507
}

/** The HTTP status that says most: by code where one fits, else wrong input 400, refused 409, timed out 504. */
export function statusOf(error: MeshError): number {
  return statuses[error.code] ?? { 1: 400, 2: 409, 3: 409, 62: 504 }[error.exit]
}
