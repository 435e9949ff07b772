// What `mesh add` is given, as entries in the order of their names, so that the same folder is read alike everywhere.
// Nothing is opened before its turn. Of a folder, hidden files are left out unless asked for; links and devices always
// are. A link that is named itself is followed.

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { AddEntry } from '@pinmesh/node'
import { parsePath } from '../parse/path.ts'
import { shown, usage } from '../parse/refuse.ts'
import type { Input } from '../world.ts'
import { unreadable } from './file-error.ts'
import { pipeContent } from './named-pipe.ts'
import { looksLikeUrl, urlSource } from './url-source.ts'

const pieceBytes: number = 1 << 20

export interface Source {
  /** As it was given. */
  readonly label: string
  /** What it is called among others in one folder. */
  readonly name: string
  /** Its entries are what a folder holds; else there is one, the file itself. */
  readonly folder: boolean
  entries(): AsyncIterable<AddEntry>
  /** All bytes, where they can be known before they are read. */
  size(): Promise<number | undefined>
}

export interface SourceInit {
  stdin: Input
  signal: AbortSignal
  /** Take hidden files of folders too. */
  hidden: boolean
  /** Told of each file or folder that is left out. */
  skipped(path: string, why: 'hidden' | 'special'): void
}

/** MESH_FILE_UNREADABLE, MESH_BAD_URL, MESH_BAD_VALUE. */
export async function sourceOf(arg: string, init: SourceInit): Promise<Source> {
  if (arg === '-') {
    const entry = { path: 'stdin', content: init.stdin as AsyncIterable<Uint8Array> }
    const size = async (): Promise<undefined> => undefined
    return { label: '-', name: 'stdin', folder: false, entries: () => from([entry]), size }
  }
  if (looksLikeUrl(arg)) return urlSource(arg, init)
  const path = resolve(parsePath(arg))
  const name = basename(path)
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(arg, error)
  })
  if (found.isDirectory()) {
    const { hidden } = init
    return { label: arg, name, folder: true, entries: () => walk(path, '', init), size: () => sizeBelow(path, hidden) }
  }
  const entry = { path: name, content: found.isFIFO() ? pipeContent(path, init.signal) : contentOf(path) }
  const size = async (): Promise<number | undefined> => (found.isFile() ? found.size : undefined)
  return { label: arg, name, folder: false, entries: () => from([entry]), size }
}

/** Several sources as one folder, each under its own name. MESH_USAGE: two have the same. */
export function wrapped(sources: readonly Source[]): Source {
  const names = new Set<string>()
  for (const { name } of sources) {
    if (names.has(name)) throw usage(`Two of them are called ${shown(name)}.`, 'Leave --wrap out, or rename one.')
    names.add(name)
  }
  return {
    label: sources.map(({ label }) => label).join(' '),
    name: '',
    folder: true,
    async *entries() {
      for (const source of sources) {
        let empty = true
        for await (const { path, content } of source.entries()) {
          empty = false
          const at = source.folder ? `${source.name}/${path}` : source.name
          yield content === undefined ? { path: at } : { path: at, content }
        }
        if (source.folder && empty) yield { path: source.name }
      }
    },
    async size() {
      let sum = 0
      for (const source of sources) {
        const size = await source.size()
        if (size === undefined) return undefined
        sum += size
      }
      return sum
    }
  }
}

async function* from(entries: readonly AddEntry[]): AsyncGenerator<AddEntry, void, undefined> {
  yield* entries
}

/** A folder appears itself only if nothing of it does. */
async function* walk(folder: string, below: string, init: SourceInit): AsyncGenerator<AddEntry, void, undefined> {
  const found = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error)
  })
  found.sort((a, b) => (a.name < b.name ? -1 : 1))
  let empty = true
  for (const one of found) {
    const path = join(folder, one.name)
    const name = below === '' ? one.name : `${below}/${one.name}`
    if (isHidden(one.name) && !init.hidden) init.skipped(path, 'hidden')
    else if (one.isDirectory()) {
      empty = false
      yield* walk(path, name, init)
    } else if (one.isFile()) {
      empty = false
      yield { path: name, content: contentOf(path) }
    } else init.skipped(path, 'special')
  }
  if (empty && below !== '') yield { path: below }
}

function isHidden(name: string): boolean {
  return name.startsWith('.')
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** For the progress bar: what cannot be looked at counts nothing. */
async function sizeBelow(folder: string, hidden: boolean): Promise<number> {
  let sum = 0
  for (const one of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (isHidden(one.name) && !hidden) continue
    const path = join(folder, one.name)
    if (one.isDirectory()) sum += await sizeBelow(path, hidden)
    else if (one.isFile()) sum += (await stat(path).catch(() => undefined))?.size ?? 0
  }
  return sum
}
