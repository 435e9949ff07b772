// What `mesh add` is given, as entries in the order of their names, so that the same folder is read alike everywhere.
// Nothing is opened before its turn. Links inside folders and devices are left out, and said to be.

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { AddEntry } from '@pinmesh/node'
import type { Input } from '../world.ts'
import { unreadable } from './file-error.ts'

const pieceBytes: number = 1 << 20

export interface Source {
  /** As it was given. */
  readonly label: string
  /** Its entries are what a folder holds; else there is one, the file itself. */
  readonly folder: boolean
  entries(): AsyncIterable<AddEntry>
  /** All bytes, where they can be known before they are read. */
  size(): Promise<number | undefined>
}

type Skipped = (path: string) => void

/** MESH_FILE_UNREADABLE. */
export async function sourceOf(arg: string, stdin: Input, skipped: Skipped): Promise<Source> {
  if (arg === '-') {
    const entry = { path: 'stdin', content: stdin as AsyncIterable<Uint8Array> }
    return { label: '-', folder: false, entries: () => from([entry]), size: async () => undefined }
  }
  const path = resolve(arg)
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(arg, error)
  })
  if (found.isDirectory()) {
    return { label: arg, folder: true, entries: () => walk(path, '', skipped), size: () => sizeBelow(path) }
  }
  const entry = { path: basename(path), content: contentOf(path) }
  return {
    label: arg,
    folder: false,
    entries: () => from([entry]),
    size: async () => (found.isFile() ? found.size : undefined)
  }
}

/** Several sources as one folder, each under its own name. */
export function wrapped(sources: readonly Source[]): Source {
  return {
    label: sources.map(({ label }) => label).join(' '),
    folder: true,
    async *entries() {
      for (const source of sources) {
        const name = basename(resolve(source.label))
        let empty = true
        for await (const entry of source.entries()) {
          empty = false
          yield source.folder ? { ...entry, path: `${name}/${entry.path}` } : entry
        }
        if (source.folder && empty) yield { path: name }
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

/** A folder appears itself only if it is empty. */
async function* walk(folder: string, below: string, skipped: Skipped): AsyncGenerator<AddEntry, void, undefined> {
  const found = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(folder, error)
  })
  found.sort((a, b) => (a.name < b.name ? -1 : 1))
  if (found.length === 0 && below !== '') yield { path: below }
  for (const one of found) {
    const path = join(folder, one.name)
    const name = below === '' ? one.name : `${below}/${one.name}`
    if (one.isDirectory()) yield* walk(path, name, skipped)
    else if (one.isFile()) yield { path: name, content: contentOf(path) }
    else skipped(path)
  }
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** For the progress bar: what cannot be looked at counts nothing. */
async function sizeBelow(folder: string): Promise<number> {
  let sum = 0
  for (const one of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!one.isFile()) continue
    sum += await stat(join(one.parentPath, one.name)).then(
      ({ size }) => size,
      () => 0
    )
  }
  return sum
}
