// What comes from the mesh goes to disk under one path and nowhere else. Everything is written into a folder beside that path
// (see part.ts) and takes its place only when it is complete: a failed `get` leaves nothing at the path.

import { lstat, mkdir, open, readdir, rename, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { ContentEntry, ContentPlace } from '@pinmesh/node'
import { shown } from '../parse/refuse.ts'
import { unwritable } from './file-error.ts'
import { Part, type Reached } from './part.ts'
import { partsOf } from './parts-of.ts'

export interface TreeInit {
  /** Absolute. A file that is there is replaced by a file; a folder must be empty. */
  target: string
  /** A single file's name if `target` is a folder that is there. */
  fileName: string
  /** What is written: the next try of the same goes on. Undefined: of this nothing is kept. */
  source: string | undefined
  /** So many are written. */
  onBytes(bytes: number): void
  /** An earlier try brought so many. */
  onResumed?(bytes: number): void
  /** It failed, and so many bytes are kept in that folder for the next try. */
  onKept?(bytes: number, folder: string): void
}

/**
 * Writes what `list` gives, and once an earlier try has been found, what `list` gives from there on. The path written, and
 * the number of files. MESH_PATH_UNSAFE, MESH_PATH_TAKEN, MESH_FILE_UNWRITABLE.
 */
export async function writeTree(
  list: (from: ContentPlace | undefined) => AsyncIterable<ContentEntry>,
  init: TreeInit
): Promise<{ path: string; files: number }> {
  const part = await Part.of(init.target, init.source)
  const writing = new Writing(part, init)
  try {
    const done = await writing.run(list)
    await part.remove()
    return done
  } catch (error) {
    const { reached } = writing
    if ((await part.end(error, reached)) && reached !== undefined) init.onKept?.(reached.bytes, part.folder)
    throw error
  }
}

class Writing {
  reached: Reached | undefined
  readonly #draft: string
  readonly #init: TreeInit

  constructor({ draft, reached }: Part, init: TreeInit) {
    this.#draft = draft
    this.#init = init
    this.reached = reached
  }

  async run(
    list: (from: ContentPlace | undefined) => AsyncIterable<ContentEntry>
  ): Promise<{ path: string; files: number }> {
    let earlier = this.reached
    if (earlier !== undefined) this.#init.onResumed?.(earlier.bytes)
    let root = earlier?.root
    for await (const { path, kind, content } of list(earlier && { ...earlier.at })) {
      const parts = partsOf(path)
      if (root === undefined) {
        root = kind === 'file' && parts.length === 0 ? 'file' : 'folder'
        await checkFree(this.#init.target, root)
      }
      const at = join(this.#draft, ...parts)
      if (kind === 'folder') await makeFolder(at)
      else {
        const begun = earlier?.at.path === path
        if (!begun && parts.length > 0) await makeFolder(dirname(at))
        if (!begun) this.#begin(root, path)
        await this.#write(at, content ?? nothing(), begun)
      }
      earlier = undefined
    }
    if (root === undefined) await makeFolder(this.#draft)
    return { path: await place(this.#draft, this.#init, root ?? 'folder'), files: this.reached?.files ?? 0 }
  }

  #begin(root: 'file' | 'folder', path: string): void {
    const { files, bytes } = this.reached ?? { files: 0, bytes: 0 }
    this.reached = { root, files: files + 1, bytes, at: { path, offset: 0 } }
  }

  /** Writes the file that was reached: from its beginning, or `begun` before. */
  async #write(path: string, content: AsyncIterable<Uint8Array>, begun: boolean): Promise<void> {
    const reached = this.reached as Reached
    const refused = (error: unknown): never => {
      throw unwritable(path, error)
    }
    const file = await open(path, begun ? 'a' : 'wx').catch(refused)
    try {
      if (begun) await file.truncate(reached.at.offset).catch(refused)
      for await (const piece of content) {
        await file.writeFile(piece).catch(refused)
        reached.bytes += piece.length
        reached.at.offset += piece.length
        this.#init.onBytes(reached.bytes)
      }
    } finally {
      await file.close()
    }
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw unwritable(path, error)
  })
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

async function place(draft: string, { target, fileName }: TreeInit, root: 'file' | 'folder'): Promise<string> {
  const found = await checkFree(target, root)
  const path = root === 'file' && found === 'folder' ? join(target, fileName) : target
  try {
    if (root === 'folder' && found === 'folder') await rmdir(path)
    await rename(draft, path)
    return path
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** What is there now, if it can be replaced. MESH_PATH_TAKEN. */
async function checkFree(target: string, root: 'file' | 'folder'): Promise<'file' | 'folder' | undefined> {
  const found = await lstat(target).catch(() => undefined)
  if (found === undefined) return undefined
  if (!found.isDirectory()) {
    if (root === 'folder') throw taken(target, 'there is a file')
    return 'file'
  }
  if (root === 'folder' && (await readdir(target)).length > 0) throw taken(target, 'the folder is not empty')
  return 'folder'
}

function taken(target: string, why: string): MeshError {
  return new MeshError('MESH_PATH_TAKEN', `The content cannot go to ${shown(target)}: ${why}.`, {
    exit: 1,
    remedy: 'Choose another path with -o.'
  })
}
