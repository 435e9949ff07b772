// One run of a command: its world, its output, its home, and the way to the running peer.

import type { ApiClient } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import { homeOf, notRunning, readApiFile, tokenFileOf } from './home.ts'
import { Output } from './output.ts'
import type { World } from './world.ts'

export interface GlobalOptions {
  home?: string
  json?: boolean
  quiet?: boolean
}

export class Session {
  readonly world: World
  readonly out: Output
  readonly home: string

  constructor(world: World, options: GlobalOptions) {
    const { stdout, stderr } = world
    this.world = world
    this.out = new Output({ stdout, stderr, json: options.json === true, quiet: options.quiet === true })
    this.home = homeOf(world, options.home)
  }

  /** A person can be asked. */
  get interactive(): boolean {
    return this.world.stdin.isTTY === true && this.world.stderr.isTTY === true && !this.out.json
  }

  /** Does something with the peer that runs on this home. MESH_NOT_RUNNING. */
  async ask<T>(work: (client: ApiClient) => Promise<T>): Promise<T> {
    const listen = await readApiFile(this.home)
    const { createApiClient, readToken } = await import('@pinmesh/api/client')
    const token = await readToken(tokenFileOf(this.home))
    if (token === undefined) throw notRunning(this.home)
    const client = createApiClient({ listen, token })
    try {
      return await work(client)
    } catch (error) {
      throw error instanceof MeshError && error.code === 'MESH_NOT_RUNNING' ? notRunning(this.home) : error
    } finally {
      client.close()
    }
  }
}
