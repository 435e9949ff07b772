// The folder of a peer as the command sees it: where it is, and where the running peer's API can be reached. The
// environment is read here and nowhere else.

import { statSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { homeDenied, MeshError } from '@pinmesh/node/mesh-error'
import type { ApiListen } from '@pinmesh/api/client'
import type { World } from './world.ts'

/** --home, else MESH_HOME, else ~/.pinmesh; absolute. */
export function homeOf(world: Pick<World, 'env' | 'userFolder'>, option?: string): string {
  const fromEnvironment = world.env.MESH_HOME === '' ? undefined : world.env.MESH_HOME
  return resolve(option ?? fromEnvironment ?? join(world.userFolder, '.pinmesh'))
}

export function tokenFileOf(home: string): string {
  return join(home, 'api.token')
}

export function tokensFileOf(home: string): string {
  return join(home, 'tokens.json')
}

/** MESH_HOME_MISSING where no mesh was founded or joined yet. */
export function needHome(home: string): void {
  const file = join(home, 'mesh.json')
  try {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) return
  } catch (error) {
    throw homeDenied(file, 'read', error)
  }
  throw new MeshError('MESH_HOME_MISSING', `There is no mesh in ${home} yet.`, {
    exit: 1,
    remedy: 'Found one with `mesh init`, join one with `mesh join <address>`, or name another folder with --home.'
  })
}

/** The peer of this home has left its mesh. */
export async function hasLeft(home: string): Promise<boolean> {
  try {
    return (JSON.parse(await readFile(join(home, 'mesh.json'), 'utf8')) as { left?: unknown }).left === true
  } catch {
    return false // whoever starts the peer hears what is wrong
  }
}

/** Tells other commands where the API is. */
export async function writeApiFile(home: string, listen: ApiListen): Promise<void> {
  const draft = join(home, `api.json.${process.pid}.tmp`)
  await writeFile(draft, `${JSON.stringify({ listen, pid: process.pid })}\n`, { mode: 0o600 })
  await rename(draft, apiFileOf(home))
}

export async function removeApiFile(home: string): Promise<void> {
  await rm(apiFileOf(home), { force: true })
}

/** Where the API of the peer on this home is said to be. MESH_NOT_RUNNING, MESH_HOME_DENIED. */
export async function readApiFile(home: string): Promise<ApiListen> {
  const file = apiFileOf(home)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ENOENT' || code === 'ENOTDIR' ? notRunning(home) : homeDenied(file, 'read', error)
  }
  const listen = listenIn(text)
  if (listen === undefined) throw notRunning(home)
  return listen
}

export function notRunning(home: string): MeshError {
  return new MeshError('MESH_NOT_RUNNING', `No peer runs on the home ${home}.`, {
    remedy:
      'Start it with `mesh start`; found a mesh with `mesh init` or join one with `mesh join` if there is none yet.'
  })
}

function apiFileOf(home: string): string {
  return join(home, 'api.json')
}

function listenIn(text: string): ApiListen | undefined {
  try {
    const { listen } = JSON.parse(text) as { listen?: Partial<{ host: unknown; port: unknown; socketPath: unknown }> }
    const { host, port, socketPath } = listen ?? {}
    if (typeof socketPath === 'string') return { socketPath }
    return typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined
  } catch {
    return undefined
  }
}
