// Every process and folder that a test, the demo or a bench makes is noted here, so that none outlives it: not after a
// failure, not after Ctrl-C, not when a test runner loses patience. Processes are ended one by one, by their own id.

import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export type MeshChild = ChildProcessByStdio<Writable, Readable, Readable>

const command: string = fileURLToPath(new URL('../../packages/cli/bin/mesh.cjs', import.meta.url))
const running = new Set<ChildProcess>()
const folders = new Set<string>()
let watching = false

/** Where and on what a process runs. */
export interface Place {
  /** For its Node, such as --cpu-prof. */
  nodeFlags?: readonly string[]
  /** What goes before the whole command line, such as a namespace's `enter`. It must keep the process id. */
  enter?: readonly string[]
  /** Environment besides that of this process. */
  env?: Readonly<Record<string, string>>
}

/** `mesh` with these arguments, on the Node that runs this. */
export function spawnMesh(
  args: readonly string[],
  { nodeFlags = [], enter = [], env: more = {} }: Place = {}
): MeshChild {
  const env = { ...process.env, NODE_OPTIONS: '', MESH_HOME: '', ...more }
  const [file = '', ...rest] = [...enter, process.execPath, ...nodeFlags, command, ...args]
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'], env })
  child.stdin.on('error', () => {}) // it may end before it has read everything
  keepProcess(child)
  return child
}

/** Ends this child too when this process ends. */
export function keepProcess(child: ChildProcess): void {
  watch()
  running.add(child)
  child.once('exit', () => running.delete(child))
}

/** A new folder, gone when this process ends. */
export function newFolder(name: string): string {
  watch()
  const folder = mkdtempSync(join(tmpdir(), `pinmesh-${name}-`))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  folders.delete(folder)
}

function watch(): void {
  if (watching) return
  watching = true
  process.on('exit', endAll)
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129]
  ] as const) {
    process.on(signal, () => process.exit(code))
  }
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) {
    try {
      removeFolder(folder)
    } catch {
      // a process that is just ending may still write into it; the system's temporary folder is then not quite clean
    }
  }
}
