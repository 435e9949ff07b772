// What the file system says no to, as a sentence about the path that the person named.

import { MeshError } from '@pinmesh/node/mesh-error'
import { shown } from '../parse/refuse.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is nothing there',
  EACCES: 'it may not be opened',
  EPERM: 'it may not be opened',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EEXIST: 'there is something already',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
  ENXIO: 'it is a socket or a device',
  EMFILE: 'too many files are open'
}

/** MESH_FILE_UNREADABLE, exit code 1. */
export function unreadable(path: string, cause: unknown): MeshError {
  const reason = path.includes('\ufffd') ? 'its name is not UTF-8, rename it' : reasonOf(cause)
  return new MeshError('MESH_FILE_UNREADABLE', `${shown(path)} cannot be read: ${reason}.`, {
    exit: 1,
    remedy: 'Check the path and its permissions.',
    cause
  })
}

/** MESH_FILE_UNWRITABLE, exit code 2. */
export function unwritable(path: string, cause: unknown): MeshError {
  return new MeshError(
    'MESH_FILE_UNWRITABLE',
    `${shown(path)} cannot be written: ${reasonOf(cause, { ENOENT: 'its folder is not there' })}.`,
    {
      remedy: 'Check the path, its permissions and the free space, or choose another path.',
      cause
    }
  )
}

function reasonOf(cause: unknown, special: typeof reasons = {}): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return special[code] ?? reasons[code] ?? (code === '' ? 'an unknown error' : code)
}
