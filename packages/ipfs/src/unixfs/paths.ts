// Names that may become files: a folder DAG comes from strangers, and whoever writes it to disk trusts its paths.

import { ContentError } from '../content-error.ts'
import type { ContentCode } from '../content-error.ts'

/** Bytes, as on Linux. */
const nameBytesMax = 255
const pathBytesMax = 4096

/** The name if it is one plain step down, else a ContentError. */
export function safeName(name: string, code: ContentCode): string {
  const escapes = name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)
  if (escapes || Buffer.byteLength(name) > nameBytesMax) {
    throw new ContentError(code, `A folder holds the name ${JSON.stringify(name.slice(0, 80))}, which is not allowed`)
  }
  return name
}

/** The relative path if each of its names is safe. */
export function safePath(path: string, code: ContentCode): string {
  for (const name of path.split('/')) safeName(name, code)
  if (Buffer.byteLength(path) > pathBytesMax) throw new ContentError(code, 'A path is longer than 4,096 bytes')
  return path
}
