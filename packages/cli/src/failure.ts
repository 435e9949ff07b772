// Whatever a command ends with, as an exit code and an error to show. What is none of ours is a bug: its details go to a
// file, so that the person sees a sentence and whoever repairs it the stack.

import { appendFileSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'

/** 0 done · 1 wrong usage or input · 2 refused · 3 done in part · 62 timed out · 130 interrupted. */
export type Exit = 0 | 1 | 2 | 3 | 62 | 130

/** The reason of the signal that Ctrl-C and SIGTERM abort. */
export class Interrupted extends Error {
  constructor() {
    super('It was interrupted.')
    this.name = 'Interrupted'
  }
}

/** The error to show, and the exit code. `folder` is where the details of a bug may be written. */
export function failureOf(error: unknown, folder: string): { error: MeshError; exit: Exit } {
  if (error instanceof Interrupted) return { error: new MeshError('MESH_INTERRUPTED', error.message), exit: 130 }
  if (error instanceof MeshError && error.code !== 'MESH_INTERNAL') return { error, exit: error.exit }
  const { code } = (error ?? {}) as { code?: unknown }
  if (error instanceof Error && typeof code === 'string' && code.startsWith('MESH_') && code !== 'MESH_INTERNAL') {
    return { error: new MeshError(code, error.message, { cause: error }), exit: 2 }
  }
  const file = keepDetails(error, folder)
  const remedy = `Please report it${file === undefined ? '.' : `, with what stands in ${file}.`}`
  return {
    error: new MeshError('MESH_INTERNAL', 'Something went wrong inside pinmesh.', { remedy, cause: error }),
    exit: 2
  }
}

function keepDetails(error: unknown, folder: string): string | undefined {
  const file = existsSync(folder) ? join(folder, 'mesh-errors.log') : join(tmpdir(), 'mesh-errors.log')
  const bug = error instanceof MeshError ? (error.cause ?? error) : error
  const details = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)
  try {
    appendFileSync(file, `${new Date().toISOString()} ${details}\n\n`, { mode: 0o600 })
    return file
  } catch {
    return undefined
  }
}
