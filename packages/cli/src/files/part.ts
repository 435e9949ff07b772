// What an interrupted `get` has written: it stays beside the target, and the same command goes on from there. It is written
// into a new folder, in which no link can wait; a folder that somebody else has put there is none of ours.

import { lstat, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MeshError } from '@pinmesh/node/mesh-error'
import type { ContentPlace } from '@pinmesh/node'
import { Interrupted } from '../failure.ts'
import { unwritable } from './file-error.ts'
import { partsOf } from './parts-of.ts'

/** How far a `get` came. */
export interface Reached {
  /** what the root is */
  root: 'file' | 'folder'
  /** written, the last of them perhaps in part */
  files: number
  bytes: number
  /** the last file, and what is there of it */
  at: ContentPlace
}

/** What less than this took is not worth going on with. Bytes. */
const keptBytesMin = 1 << 20
/** What the next try would meet again: the content is at fault, or pinmesh. */
const lasting: readonly string[] = [
  'MESH_PATH_UNSAFE',
  'MESH_BAD_CONTENT',
  'MESH_CONTENT_REFUSED',
  'MESH_API_BODY',
  'MESH_API_ANSWER',
  'MESH_INTERNAL'
]
const nameCharsMax = 100
const noteBytesMax = 16_384

export class Part {
  readonly folder: string
  readonly reached: Reached | undefined
  readonly #source: string | undefined

  private constructor(folder: string, source: string | undefined, reached?: Reached) {
    this.folder = folder
    this.reached = reached
    this.#source = source
  }

  /** That of an earlier `get` of the same source to the same target, which is nobody else's from now on; else a new one. */
  static async of(target: string, source: string | undefined): Promise<Part> {
    const parent = dirname(target)
    const prefix = `.${basename(target).slice(0, nameCharsMax)}.part-`
    try {
      await mkdir(parent, { recursive: true })
      const names = source === undefined ? [] : await readdir(parent).catch(() => [])
      for (const name of names.filter((one) => one.startsWith(prefix))) {
        const folder = join(parent, name)
        const reached = await reachedIn(folder, source)
        // Two that find it at once: one of them takes its note away.
        if (reached !== undefined && (await taken(noteIn(folder)))) return new Part(folder, source, reached)
      }
      return new Part(await mkdtemp(join(parent, prefix)), source)
    } catch (error) {
      throw unwritable(target, error)
    }
  }

  /** Where the content is written. */
  get draft(): string {
    return join(this.folder, 'content')
  }

  /** After a failure: keeps what came if that is worth it, and removes it otherwise. Whether it did. */
  async end(error: unknown, reached: Reached | undefined): Promise<boolean> {
    const isWorthIt = this.#source !== undefined && reached !== undefined && reached.bytes >= keptBytesMin
    const kept = isWorthIt && isPassing(error) && (await this.#note(reached))
    if (!kept) await this.remove()
    return kept
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  async #note(reached: Reached): Promise<boolean> {
    try {
      await writeFile(noteIn(this.folder), JSON.stringify({ source: this.#source, ...reached }), { flag: 'wx' })
      return true
    } catch {
      return false
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof MeshError && !lasting.includes(error.code))
}

function noteIn(folder: string): string {
  return join(folder, 'reached.json')
}

async function taken(note: string): Promise<boolean> {
  return unlink(note).then(
    () => true,
    () => false
  )
}

/** Undefined: it is another's, of something else, at work, or damaged. */
async function reachedIn(folder: string, source: string | undefined): Promise<Reached | undefined> {
  try {
    const stat = await lstat(folder)
    if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid())) return undefined
    const text = await readFile(noteIn(folder))
    if (text.length > noteBytesMax) return undefined
    const { source: of, root, files, bytes, at } = JSON.parse(text.toString()) as Reached & { source: string }
    const draft = await lstat(join(folder, 'content', ...partsOf(at.path)))
    const isWhole = [files, bytes, at.offset].every((count) => Number.isSafeInteger(count) && count >= 0)
    const fits = of === source && (root === 'file' || root === 'folder') && draft.isFile() && draft.size >= at.offset
    return isWhole && fits ? { root, files, bytes, at } : undefined
  } catch {
    return undefined
  }
}
