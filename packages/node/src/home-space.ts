/**
 * What a home keeps for its next start: the space budget, and the Kubo that holds its content.
 */
import { Home } from './home.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshFile } from './mesh-file.ts'

/** Resolves with the bytes that were set; undefined sets the default. MESH_HOME_MISSING. */
export async function keepSpace(path: string, bytes?: number): Promise<number> {
  const home = new Home(path)
  const mesh = await meshIn(home)
  const spaceBytes = bytes ?? (await home.defaultSpace())
  await home.saveMesh({ ...mesh, spaceBytes })
  return spaceBytes
}

/** bytes */
export async function keptSpace(path: string): Promise<number> {
  return (await meshIn(new Home(path))).spaceBytes
}

/** The RPC API of the Kubo; undefined where the content is in the embedded store. */
export async function keptKubo(path: string): Promise<string | undefined> {
  return (await meshIn(new Home(path))).kubo?.api
}

async function meshIn(home: Home): Promise<MeshFile> {
  const mesh = await home.mesh()
  if (mesh !== undefined) return mesh
  throw new MeshError('MESH_HOME_MISSING', `There is no mesh in ${home.path} yet.`, {
    exit: 1,
    remedy: 'Found one with `mesh init`, or join one with `mesh join <address>`.'
  })
}
