/**
 * A look at a home whose peer does not run: whether what it keeps can be read, all of it, and whether its Kubo, where it has
 * one, is there.
 */
import { createLevelStore, type Table } from '@pinmesh/store'
import { findKubo } from './back-end.ts'
import { meshErrorOf } from './errors.ts'
import { Home } from './home.ts'
import { MeshError } from './mesh-error.ts'
import type { KuboPlace } from './mesh-file.ts'

const tables: readonly Table[] = ['fact', 'entry', 'leaf', 'pin', 'hold', 'meta']

/** Reads the keys and the whole store, and changes nothing. MESH_HOME_BUSY, MESH_STORE_DAMAGED, MESH_STORE_FAILED, MESH_HOME_DAMAGED. */
export async function inspectHome(path: string, signal: AbortSignal): Promise<{ rows: number }> {
  const home = new Home(path)
  const mesh = await home.mesh()
  if (mesh !== undefined) await home.identityIn(mesh)
  await home.rootSeed()
  let rows = 0
  try {
    const store = await createLevelStore({ path: home.storePath })
    try {
      for (const table of tables) {
        for await (const chunk of store.range(table)) {
          signal.throwIfAborted()
          rows += chunk.length
        }
      }
    } finally {
      await store.close()
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : meshErrorOf(error)
  }
  return { rows }
}

/**
 * Asks the Kubo that holds this home's content who it is; undefined where the content is in the embedded store.
 * MESH_KUBO_UNREACHABLE, MESH_KUBO_OLD, MESH_BACKEND_CHANGED where another one answers, MESH_HOME_DAMAGED.
 */
export async function inspectBackEnd(path: string, signal: AbortSignal): Promise<KuboPlace | undefined> {
  const kubo = (await new Home(path).mesh())?.kubo
  if (kubo === undefined) return undefined
  const found = await findKubo(kubo.api, signal)
  if (found.peer === kubo.peer) return found
  throw new MeshError('MESH_BACKEND_CHANGED', `At ${kubo.api} answers the Kubo ${found.peer}, not ${kubo.peer}.`, {
    remedy: 'Start the Kubo whose repository holds the content of this home, or give its address with --kubo.'
  })
}
