// The mesh command in a test: with streams of its own, a home of its own, and, where it is asked for, a fake peer behind
// a real API on a Unix socket in that home.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { TestContext } from 'node:test'
import { createApiServer } from '@pinmesh/api'
import { type FakeNode, fakeNode, type Overrides } from '@pinmesh/node/fake'
import { Config } from '../src/config.ts'
import { run } from '../src/run.ts'
import type { Exit } from '../src/failure.ts'
import type { NodeDoor } from '../src/node-door.ts'
import type { World } from '../src/world.ts'
import { tokenFileOf, writeApiFile } from '../src/home.ts'

export interface Ran {
  exit: Exit
  out: string
  err: string
  /** stdout, a JSON object a line. */
  objects: Record<string, unknown>[]
}

export interface Given {
  stdin?: string
  /** stdin and stderr are terminals; the text is typed. */
  typed?: string
  door?: Partial<NodeDoor>
  signal?: AbortSignal
  env?: Record<string, string>
  userFolder?: string
}

export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pinmesh-cli-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

export type Stream = PassThrough & { isTTY?: boolean; columns?: number }

export function worldOf(given: Given, stdout: Stream, stderr: Stream): World {
  const stdin: Stream = new PassThrough()
  if (given.typed === undefined) stdin.end(given.stdin ?? '')
  else {
    stdin.isTTY = stderr.isTTY = true
    stdin.write(given.typed)
  }
  const missing = async (): Promise<never> => {
    throw new Error('not asked for in this test')
  }
  const door: NodeDoor = {
    initHome: missing,
    joinHome: missing,
    createNode: missing,
    exportRoot: missing,
    importRoot: missing,
    keepSpace: missing,
    keptSpace: missing,
    keptKubo: missing,
    inspectHome: missing,
    inspectBackEnd: missing,
    ...given.door
  }
  return {
    stdin,
    stdout,
    stderr,
    env: given.env ?? {},
    userFolder: given.userFolder ?? '/nowhere',
    command: ['/opt/node', '/opt/mesh.js'],
    signal: given.signal ?? new AbortController().signal,
    loadNode: async () => door
  }
}

/** Runs `mesh` with these words to its end. */
export async function mesh(words: readonly string[], given: Given = {}): Promise<Ran> {
  const stdout: Stream = new PassThrough()
  const stderr: Stream = new PassThrough()
  const outputs = Promise.all([textOf(stdout), textOf(stderr)])
  const exit = await run(words, worldOf(given, stdout, stderr))
  stdout.end()
  stderr.end()
  const [out, err] = await outputs
  const lines = out.split('\n').filter((line) => line.startsWith('{'))
  return { exit, out, err, objects: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

/** A home on which a fake peer runs, and the command on that home. */
export async function served(
  t: TestContext,
  overrides: Overrides = {}
): Promise<{ node: FakeNode; home: string; run: (words: readonly string[], given?: Given) => Promise<Ran> }> {
  const home = await folder(t)
  const node = fakeNode(overrides)
  const space = { get: async () => node.info().spaceBytes, set: async (bytes?: number) => node.setSpace(bytes) }
  const server = await createApiServer(node, {
    listen: { socketPath: join(home, 'api.sock') },
    tokenFile: tokenFileOf(home),
    config: new Config({ home, env: {}, space, kubo: async () => undefined, started: new Map() })
  })
  await writeApiFile(home, await server.start())
  t.after(() => server.stop())
  return { node, home, run: (words, given) => mesh([...words, '--home', home], given) }
}

/** What was added last: its CID, and what of it lies under which path as text, null for a folder. */
export function addedTo({ contents }: FakeNode): { cid: string; files: [path: string, text: string | null][] } {
  const [cid, files] = [...contents].at(-1)!
  return { cid, files: [...files].map(([path, bytes]) => [path, bytes && Buffer.from(bytes).toString()]) }
}

export async function textOf(stream: Stream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
