// A temporary folder for a test, and a second process beside it.

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export interface Folder {
  path: string
  clean(): Promise<void>
}

export async function folder(): Promise<Folder> {
  const parent = await mkdtemp(join(tmpdir(), 'pinmesh-store-'))
  return { path: join(parent, 'store'), clean: () => rm(parent, { recursive: true, force: true }) }
}

/** Starts children/<name>.ts; `prefix` is a shell line before it (limits). */
export function child(name: string, path: string, prefix = ''): ChildProcessByStdio<null, Readable, null> {
  const script = new URL(`./children/${name}.ts`, import.meta.url).pathname
  const line = `${prefix} exec "$0" --conditions=@pinmesh/source "$1" "$2"`
  return spawn('sh', ['-c', line, process.execPath, script, path], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
}
