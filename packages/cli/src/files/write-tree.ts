// What comes from the mesh goes to disk under one path and nowhere else. Everything is written into a new folder beside
// that path, in which no link can wait, and takes its place only when it is complete: a failed `get` leaves nothing.

import { lstat, mkdir, mkdtemp, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { ContentEntry } from '@pinmesh/node'
import { shown } from '../parse/refuse.ts'
import { unwritable } from './file-error.ts'

export interface TreeInit {
  /** Absolute. A file that is there is replaced by a file; a folder must be empty. */
  target: string
  /** A single file's name if `target` is a folder that is there. */
  fileName: string
  onBytes(more: number): void
}

/** The path written, and the number of files. MESH_PATH_UNSAFE, MESH_PATH_TAKEN, MESH_FILE_UNWRITABLE. */
export async function writeTree(
  entries: AsyncIterable<ContentEntry>,
  init: TreeInit
): Promise<{ path: string; files: number }> {
  const beside = await newFolder(init.target)
  try {
    const draft = join(beside, 'content')
    let files = 0
    let root: 'file' | 'folder' | undefined
    for await (const { path, kind, content } of entries) {
      const parts = partsOf(path)
      if (root === undefined) {
        root = kind === 'file' && parts.length === 0 ? 'file' : 'folder'
        await checkFree(init.target, root)
      }
      const at = join(draft, ...parts)
      if (kind === 'folder') await makeFolder(at)
      else {
        if (parts.length > 0) await makeFolder(dirname(at))
        await writeFile(at, content ?? nothing(), init.onBytes)
        files++
      }
    }
    if (root === undefined) await makeFolder(draft)
    return { path: await place(draft, init, root ?? 'folder'), files }
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

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

async function newFolder(target: string): Promise<string> {
  try {
    await mkdir(dirname(target), { recursive: true })
    return await mkdtemp(join(dirname(target), `.${basename(target).slice(0, 100)}.part-`))
  } catch (error) {
    throw unwritable(target, error)
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw unwritable(path, error)
  })
}

async function writeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  onBytes: (more: number) => void
): Promise<void> {
  const file = await open(path, 'wx').catch((error: unknown) => {
    throw unwritable(path, error)
  })
  try {
    for await (const piece of content) {
      await file.writeFile(piece).catch((error: unknown) => {
        throw unwritable(path, error)
      })
      onBytes(piece.length)
    }
  } finally {
    await file.close()
  }
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
