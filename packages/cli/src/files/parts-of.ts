// Paths as the mesh gives them, before anything is written there.

import { MeshError } from '@pinmesh/node/mesh-error'
import { shown } from '../parse/refuse.ts'

/** The names in a path of the mesh, which a stranger may have chosen: none leads up, or elsewhere. MESH_PATH_UNSAFE. */
export function partsOf(path: string, platform: string = process.platform): string[] {
  if (path === '') return []
  const parts = path.split('/')
  const unsafe = platform === 'win32' ? /[\0\\:*?"<>|]|[. ]$/ : /\0/
  if (parts.some((name) => name === '' || name === '.' || name === '..' || unsafe.test(name))) {
    throw new MeshError('MESH_PATH_UNSAFE', `The content names a path that would lead elsewhere: ${shown(path)}.`, {
      remedy: 'Nothing was written. Do not trust this content.'
    })
  }
  return parts
}
