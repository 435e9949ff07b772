// One `mesh` command from its arguments to its exit code.

import { spawnMesh } from './processes.ts'
import { within } from './until.ts'

export interface Ran {
  code: number | null
  /** stdout */
  out: string
  /** stderr */
  err: string
  /** The lines of stdout as objects; empty without --json. */
  lines: Record<string, unknown>[]
}

export interface MeshOptions {
  input?: string
  /** Default: 90,000. */
  deadlineMs?: number
}

/** Runs to the end whatever the exit code. */
export async function runMesh(args: readonly string[], options: MeshOptions = {}): Promise<Ran> {
  const child = spawnMesh(args)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.end(options.input ?? '')
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    const code = await within(`mesh ${args.join(' ')}`, options.deadlineMs ?? 90_000, ended)
    return { code, out, err, lines: args.includes('--json') ? linesOf(out) : [] }
  } finally {
    child.kill('SIGKILL')
  }
}

/** With --json; the result lines of a command that succeeds. */
export async function mesh(args: readonly string[], options: MeshOptions = {}): Promise<Record<string, unknown>[]> {
  const { code, lines, err } = await runMesh([...args, '--json'], options)
  if (code !== 0) throw new Error(`mesh ${args.join(' ')} ended with ${code}: ${err}`)
  return lines
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
