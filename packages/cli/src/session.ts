// One run of a command: its world, its output, its home, and the way to the running peer.

import type { ApiClient } from '@pinmesh/api/client'
import { MeshError } from '@pinmesh/node/mesh-error'
import { homeOf, needHome, notRunning, readApiFile, tokenFileOf } from './home.ts'
import { Output } from './output.ts'
import { usage } from './parse/refuse.ts'
import { type ApiAt, givenToken, remoteOf, type RemoteOptions, remoteUrlOf } from './remote.ts'
import type { World } from './world.ts'

export interface GlobalOptions extends RemoteOptions {
  json?: boolean
  quiet?: boolean
}

export class Session {
  readonly world: World
  readonly out: Output
  readonly home: string
  readonly #options: GlobalOptions

  constructor(world: World, options: GlobalOptions) {
    const { stdout, stderr, signal } = world
    this.world = world
    this.#options = options
    this.out = new Output({ stdout, stderr, signal, json: options.json === true, quiet: options.quiet === true })
    this.home = homeOf(world, options.home)
  }

  /** A person can be asked. */
  get interactive(): boolean {
    return this.world.stdin.isTTY === true && this.world.stderr.isTTY === true && !this.out.json
  }

  /** Another peer than this home's is asked. */
  get remote(): boolean {
    return remoteUrlOf(this.#options, this.world.env) !== undefined
  }

  /** Plain HTTP may cross a network. */
  get insecure(): boolean {
    return this.#options.insecure === true
  }

  /** Does something with the peer that runs on this home, or with the one that --api names. Ctrl-C ends every call. MESH_NOT_RUNNING. */
  async ask<T>(work: (client: ApiClient) => Promise<T>): Promise<T> {
    const { listen, token, missing } = await this.#at()
    const { createApiClient } = await import('@pinmesh/api/client')
    const client = createApiClient({ listen, token, signal: this.world.signal })
    try {
      return await work(client)
    } catch (error) {
      throw error instanceof MeshError && error.code === 'MESH_NOT_RUNNING' ? missing : error
    } finally {
      client.close()
    }
  }

  /** As `ask`; where no peer runs on this home, `alone` does it on the files of the home. MESH_HOME_MISSING. */
  async askOr<T>(work: (client: ApiClient) => Promise<T>, alone: () => Promise<T>): Promise<T> {
    try {
      return await this.ask(work)
    } catch (error) {
      if (this.remote || !(error instanceof MeshError) || error.code !== 'MESH_NOT_RUNNING') throw error
    }
    needHome(this.home)
    return alone()
  }

  /** For commands that make no sense with --api. MESH_USAGE. */
  hereOnly(command: string): void {
    if (this.#options.api === undefined) return
    throw usage(`\`mesh ${command}\` works on the machine that it runs on.`, 'Run it there, without --api.')
  }

  async #at(): Promise<ApiAt> {
    const remote = await remoteOf(this.#options, this.world.env)
    if (remote !== undefined) return remote
    const listen = await readApiFile(this.home)
    const { readToken } = await import('@pinmesh/api/client')
    const token = (await givenToken(this.#options)) ?? (await readToken(tokenFileOf(this.home)))
    const missing = notRunning(this.home)
    if (token === undefined) throw missing
    return { listen, token, missing }
  }
}
