// The four ways in which a store fails, as a user will read them. LevelDB says what happened in codes and prose of its
// own, often one error inside another; this file is the one place that reads them.

import { corruptionIn } from '@pinmesh/level'

export type StoreCode = 'MESH_HOME_BUSY' | 'MESH_STORE_DAMAGED' | 'MESH_DISK_FULL' | 'MESH_STORE_FAILED'

export class StoreError extends Error {
  readonly code: StoreCode

  constructor(code: StoreCode, message: string, options?: { cause: unknown }) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

const causesMax = 4

/** Any failure as a StoreError. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const { codes, prose } = trail(error)
  const init = { cause: error }
  if (codes.includes('LEVEL_LOCKED')) return new StoreError('MESH_HOME_BUSY', 'Another process uses this folder.', init)
  if (codes.includes('ENOSPC') || /no space left|quota exceeded|file too large/i.test(prose)) {
    return new StoreError('MESH_DISK_FULL', 'The disk that holds the store is full.', init)
  }
  if (corruptionIn(error) !== undefined) {
    return new StoreError('MESH_STORE_DAMAGED', `The store is damaged (${lastOf(prose)}).`, init)
  }
  return new StoreError('MESH_STORE_FAILED', `The store failed (${lastOf(prose)}).`, init)
}

function trail(error: unknown): { codes: string[]; prose: string } {
  const codes: string[] = []
  const prose: string[] = []
  for (let at = error, n = 0; at instanceof Error && n < causesMax; at = at.cause, n++) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
    prose.push(at.message)
  }
  if (prose.length === 0) prose.push(String(error))
  return { codes, prose: prose.join('\n') }
}

function lastOf(prose: string): string {
  return prose.slice(prose.lastIndexOf('\n') + 1)
}
