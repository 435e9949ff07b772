// A real Kubo daemon on loopback that speaks to nobody else: no bootstrap peers, no routing, no remote configuration, an
// IPFS_PATH of its own in a temporary folder, ended by its id.
//
// Which program: KUBO_BINARY, else what .ci/run built into .ci/kubo/bin, else an `ipfs` on the PATH. In CI one has to be
// there; elsewhere the tests that need it are skipped, and say so.

import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from './ports.ts'
import { keepProcess, newFolder, removeFolder } from './processes.ts'
import { until, within } from './until.ts'

const readyMs = 30_000
const exitMs = 20_000
const run = promisify(execFile)
const built = fileURLToPath(new URL('../../.ci/kubo/bin/ipfs', import.meta.url))

/** For `test(name, { skip: withoutKubo }, …)`: false where there is a Kubo, else why there is none. Throws in CI. */
export const withoutKubo: string | false = missing()

function missing(): string | false {
  if (binary() !== undefined) return false
  const text = 'There is no Kubo: set KUBO_BINARY, or have `ipfs` on the PATH, or build it as .ci/run does'
  if (process.env.CI === 'true') throw new Error(text)
  return text
}

function binary(): string | undefined {
  const given = process.env.KUBO_BINARY
  if (given !== undefined && given !== '') return given
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'ipfs'))
  return [built, ...onPath].find((path) => existsSync(path))
}

export interface KuboInit {
  /** Where its IPFS_PATH is made. Default: the system's temporary folder. */
  repo?: string
  /** Settings besides, by their path, such as 'Datastore.StorageMax'. */
  config?: Readonly<Record<string, unknown>>
}

export class Kubo {
  readonly repo: string
  readonly apiPort: number
  readonly peer: string
  readonly #folder: string
  #daemon: ChildProcess | undefined
  #said = ''

  private constructor(init: { folder: string; repo: string; apiPort: number; peer: string }) {
    this.#folder = init.folder
    this.repo = init.repo
    this.apiPort = init.apiPort
    this.peer = init.peer
  }

  /** A new repository, its daemon running. */
  static async start(init: KuboInit = {}): Promise<Kubo> {
    const folder = newFolder('kubo')
    const repo = init.repo ?? join(folder, 'repo')
    await ipfs(repo, ['init', '--profile', 'test,autoconf-off'])
    const [apiPort, swarmPort] = [await freePort(), await freePort()]
    const settings = {
      'Routing.Type': 'none',
      'Addresses.API': `/ip4/127.0.0.1/tcp/${apiPort}`,
      'Addresses.Gateway': `/ip4/127.0.0.1/tcp/${await freePort()}`,
      'Addresses.Swarm': [`/ip4/127.0.0.1/tcp/${swarmPort}`],
      'Swarm.DisableNatPortMap': true,
      'Discovery.MDNS.Enabled': false,
      ...init.config
    }
    const peer = configure(repo, settings)
    const kubo = new Kubo({ folder, repo, apiPort, peer })
    await kubo.run()
    return kubo
  }

  /** What `--kubo` takes. */
  get api(): string {
    return `/ip4/127.0.0.1/tcp/${this.apiPort}`
  }

  get pid(): number {
    return this.#daemon?.pid as number
  }

  /** Starts the daemon, also again; resolves when its API answers. */
  async run(): Promise<void> {
    const daemon = spawn(binary() as string, ['daemon'], {
      env: { ...process.env, IPFS_PATH: this.repo },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    keepProcess(daemon)
    for (const stream of [daemon.stdout, daemon.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-10_000)))
    }
    this.#daemon = daemon
    try {
      await until('Kubo answers', readyMs, async () => {
        if (daemon.exitCode !== null) return true
        await this.call('id')
        return true
      })
      if (daemon.exitCode !== null) throw new Error(`Kubo ended with ${daemon.exitCode}`)
    } catch (error) {
      throw new Error(`Kubo does not start: ${this.#said}`, { cause: error })
    }
  }

  /** The text that a call of its API answers; throws with Kubo's sentence. */
  async call(path: string, body?: FormData): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.apiPort}/api/v0/${path}`, {
      method: 'POST',
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(text)
    return text
  }

  /** Adds bytes with Kubo's own command, in the shape that pinmesh uses; pinned only if asked for. */
  async add(bytes: Uint8Array, { pin = false }: { pin?: boolean } = {}): Promise<string> {
    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(bytes)]), 'file')
    const shape = 'cid-version=1&raw-leaves=true&chunker=size-1048576&max-file-links=1024&quieter=true'
    const lines = (await this.call(`add?${shape}&pin=${pin}`, body)).trim().split('\n')
    return (JSON.parse(lines.at(-1) as string) as { Hash: string }).Hash
  }

  /** Its recursive or direct pins: CID → name. */
  async pins(type: 'recursive' | 'direct' = 'recursive'): Promise<Record<string, string>> {
    const answer = JSON.parse(await this.call(`pin/ls?type=${type}&names=true`)) as {
      Keys?: Record<string, { Name: string }>
    }
    return Object.fromEntries(Object.entries(answer.Keys ?? {}).map(([cid, { Name }]) => [cid, Name]))
  }

  /** Its addresses, each ending in /p2p/<its id>. */
  async addresses(): Promise<string[]> {
    return (JSON.parse(await this.call('id')) as { Addresses: string[] }).Addresses
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon?.kill(signal)
  }

  /** SIGKILL by default; resolves when it has ended. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const daemon = this.#daemon
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return
    const exited = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill(signal)
    await within('the end of Kubo', exitMs, exited)
  }

  /** Ends it and removes its repository. */
  async remove(): Promise<void> {
    await this.end()
    removeFolder(this.#folder)
  }
}

async function ipfs(repo: string, args: readonly string[]): Promise<void> {
  await run(binary() as string, args, { env: { ...process.env, IPFS_PATH: repo } })
}

type Section = Record<string, unknown>

/** Sets values in its file, each named by its path; its peer id. (`ipfs config` takes a process for each.) */
function configure(repo: string, settings: Readonly<Record<string, unknown>>): string {
  const path = join(repo, 'config')
  const config = JSON.parse(readFileSync(path, 'utf8')) as Section & { Identity: { PeerID: string } }
  for (const [name, value] of Object.entries(settings)) {
    const words = name.split('.')
    const last = words.pop() as string
    const section = words.reduce((at: Section, word) => (at[word] ??= {}) as Section, config)
    section[last] = value
  }
  writeFileSync(path, JSON.stringify(config))
  return config.Identity.PeerID
}
