// A peer on another machine: its address by --api or MESH_API_URL, a token that `mesh token new` made there. The token
// goes to that address and nowhere else, and over plain HTTP to another machine only if the person insists.

import { readFile } from 'node:fs/promises'
import type { ApiAddress } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import { parseApiUrl } from './parse/api-url.ts'
import { badValue, shown } from './parse/refuse.ts'
import type { World } from './world.ts'

export interface RemoteOptions {
  home?: string
  api?: string
  token?: string
  tokenFile?: string
  insecure?: boolean
}

/** Where to ask, with what, and what to say if nobody answers. */
export interface ApiAt {
  listen: ApiAddress
  token: string
  missing: MeshError
}

const tokenForm = /^[A-Za-z0-9_-]{43}$/

/** By --api, else by the environment; a home that is named goes before that. */
export function remoteUrlOf({ api, home }: RemoteOptions, env: World['env']): string | undefined {
  return api ?? (home === undefined ? env.MESH_API_URL || undefined : undefined)
}

/** Undefined: the peer of the home is meant. MESH_BAD_VALUE, MESH_API_INSECURE, MESH_TOKEN_MISSING. */
export async function remoteOf(options: RemoteOptions, env: World['env']): Promise<ApiAt | undefined> {
  const text = remoteUrlOf(options, env)
  if (text === undefined) return undefined
  const url = parseApiUrl(text)
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && options.insecure !== true) throw insecure(url)
  const fromEnvironment = (env.MESH_TOKEN ?? '') === '' ? undefined : checked(env.MESH_TOKEN!, 'MESH_TOKEN')
  const token = (await givenToken(options)) ?? fromEnvironment
  if (token === undefined) throw noToken(url)
  return { listen: { url: url.href }, token, missing: notThere(url) }
}

/** By --token or --token-file. MESH_BAD_VALUE. */
export async function givenToken({ token, tokenFile }: RemoteOptions): Promise<string | undefined> {
  if (token !== undefined) return checked(token, '--token')
  if (tokenFile === undefined) return undefined
  try {
    return checked((await readFile(tokenFile, 'utf8')).trim(), `the file ${shown(tokenFile)}`)
  } catch (error) {
    if (error instanceof MeshError) throw error
    throw badValue('a file that can be read', tokenFile, 'Check its path and permissions.')
  }
}

/** A token never stands in an error. */
function checked(token: string, where: string): string {
  if (tokenForm.test(token)) return token
  throw new MeshError('MESH_BAD_VALUE', `What ${where} holds is not a token.`, {
    exit: 1,
    remedy: 'Give one that `mesh token new` printed.'
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host)
}

function insecure({ host }: URL): MeshError {
  return new MeshError('MESH_API_INSECURE', `Over plain HTTP anybody between here and ${host} could read the token.`, {
    exit: 1,
    remedy:
      'Use an https address (a proxy in front of the peer speaks TLS), forward the port by ssh, or add --insecure.'
  })
}

function noToken({ host }: URL): MeshError {
  return new MeshError('MESH_TOKEN_MISSING', `There is no token for the peer at ${host}.`, {
    exit: 1,
    remedy: 'Make one there with `mesh token new`, and give it by --token-file or in MESH_TOKEN.'
  })
}

function notThere({ host }: URL): MeshError {
  return new MeshError('MESH_NOT_RUNNING', `No peer answers at ${host}.`, {
    remedy: 'Check the address, and that the peer runs there with its API on a port (`mesh start --api`).'
  })
}
