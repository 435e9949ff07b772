/**
 * A look at a home whose peer does not run: whether what it keeps can be read, all of it.
 */
import { createLevelStore, type Table } from '@pinmesh/store'
import { meshErrorOf } from './errors.ts'
import { Home } from './home.ts'

const tables: readonly Table[] = ['fact', 'entry', 'leaf', 'pin', 'hold', 'meta']

/** Reads the whole store and changes nothing. MESH_HOME_BUSY, MESH_STORE_DAMAGED, MESH_STORE_FAILED, MESH_HOME_DAMAGED. */
export async function inspectHome(path: string, signal: AbortSignal): Promise<{ rows: number }> {
  const home = new Home(path)
  await home.mesh()
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
