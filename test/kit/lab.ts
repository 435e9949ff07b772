// A mesh of real processes on this machine: every peer on 127.0.0.1 (or on a host of its own) with free ports and the timings
// of the test profile unless another is asked for, all homes in one temporary folder.

import { join } from 'node:path'
import { mesh } from './mesh.ts'
import type { Host } from './namespaces.ts'
import { PeerProcess } from './peer.ts'
import { freePort } from './ports.ts'
import { newFolder, removeFolder } from './processes.ts'
import { until } from './until.ts'

const meetMs = 90_000

export interface LabInit {
  /** Default: true. */
  open?: boolean
  /** What every peer is started with besides. */
  flags?: readonly string[]
  /** The mesh's timings. Default: test. */
  profile?: 'test' | 'wan'
  /** What peers listen on. Default: both. */
  carriers?: readonly Carrier[]
}

export type Carrier = 'tcp' | 'ws'

/** Where a peer listens. */
export interface Door {
  port: number
  /** What stands behind the port in a multiaddr. */
  tail: '' | '/ws'
}

export interface PeerInit {
  /** What this peer is started with besides. */
  flags?: readonly string[]
  /** For the Node it runs on, such as --cpu-prof. */
  nodeFlags?: readonly string[]
  /** Environment besides that of this process. */
  env?: Readonly<Record<string, string>>
  /** Where it runs; default: here, on 127.0.0.1. */
  host?: Host
}

export class Lab {
  readonly folder: string
  readonly #init: LabInit
  readonly #peers = new Map<string, PeerProcess>()
  readonly #doors = new Map<string, Door[]>()

  constructor(name: string, init: LabInit = {}) {
    this.folder = newFolder(name)
    this.#init = init
  }

  get #profile(): string {
    return this.#init.profile ?? 'test'
  }

  homeOf(name: string): string {
    return join(this.folder, name)
  }

  /** The first peer: it founds the mesh and may write. */
  async found(name: string, init: PeerInit = {}): Promise<PeerProcess> {
    const open = this.#init.open === false ? [] : ['--open']
    await mesh(['init', ...open, '--name', 'lab', '--profile', this.#profile, '--home', this.homeOf(name)])
    return this.start(name, init)
  }

  /** A new peer, by the address of one that runs. */
  async join(name: string, by: PeerProcess | string, init: PeerInit = {}): Promise<PeerProcess> {
    const address = typeof by === 'string' ? by : (by.addresses[0] as string)
    return this.#keep(name, ['join', address, ...(await this.#flags(name, init))], init)
  }

  /** A peer whose home is there already. */
  async start(name: string, init: PeerInit = {}): Promise<PeerProcess> {
    return this.#keep(name, ['start', ...(await this.#flags(name, init))], init)
  }

  /** A founder and so many others, each seen alive by each. */
  async mesh(
    names: readonly string[],
    init: PeerInit | ((name: string) => Promise<PeerInit>) = {}
  ): Promise<PeerProcess[]> {
    const [first = 'a', ...others] = names
    const initOf = async (name: string): Promise<PeerInit> => (typeof init === 'function' ? init(name) : init)
    const founder = await this.found(first, await initOf(first))
    const peers = [founder]
    for (const name of others) peers.push(await this.join(name, founder, await initOf(name)))
    await this.meet(peers)
    return peers
  }

  /** The founder, who comes first, vouches for all others; all of them have heard it. */
  async trust(peers: readonly PeerProcess[]): Promise<void> {
    const [founder, ...others] = peers as [PeerProcess, ...PeerProcess[]]
    for (const { peer } of others) await founder.client.trust.vouch(peer)
    await until(`${peers.length} peers trust each other`, meetMs, async () => {
      const seen = await Promise.all(peers.map(async ({ client }) => client.peers()))
      return seen.every((list) => list.length === peers.length && list.every((one) => one.class === 'trusted'))
    })
  }

  /** Each sees each alive. */
  async meet(peers: readonly PeerProcess[]): Promise<void> {
    for (const one of peers) {
      await until(`${one.peer} sees ${peers.length} peers alive`, meetMs, async () => {
        const alive = (await one.client.peers()).filter(({ state }) => state === 'alive').map(({ peer }) => peer)
        return peers.every(({ peer }) => alive.includes(peer))
      })
    }
  }

  /** All have the same pins and facts. */
  async agree(peers: readonly PeerProcess[], pins: number, ms = 90_000): Promise<void> {
    await until(`${peers.length} peers with the same ${pins} pins`, ms, async () => {
      const infos = await Promise.all(peers.map(async ({ client }) => client.info()))
      const [first] = infos
      return infos.every((info) => info.pins === pins && info.roots.pinset === first?.roots.pinset)
    })
  }

  /** Ends every process that still runs, by its id, and removes the folder. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#peers.values()].map(async (peer) => peer.kill()))
    removeFolder(this.folder)
  }

  async #keep(name: string, args: readonly string[], init: PeerInit): Promise<PeerProcess> {
    const { nodeFlags = [], env = {}, host } = init
    const peer = await PeerProcess.start(this.homeOf(name), args, { nodeFlags, env, enter: host?.enter ?? [] })
    this.#peers.set(name, peer)
    return peer
  }

  /** Where a peer listens, the same at every start; one door for each carrier. */
  async doorsOf(name: string): Promise<[Door, ...Door[]]> {
    const doors = this.#doors.get(name) ?? []
    for (const carrier of (this.#init.carriers ?? ['tcp', 'ws']).slice(doors.length))
      doors.push({ port: await freePort(), tail: carrier === 'ws' ? '/ws' : '' })
    this.#doors.set(name, doors)
    return doors as [Door, ...Door[]]
  }

  async #flags(name: string, { flags = [], host }: PeerInit): Promise<string[]> {
    const ip = `/ip4/${host?.address ?? '127.0.0.1'}`
    const doors = (await this.doorsOf(name)).map(({ port, tail }) => `${ip}/tcp/${port}${tail}`)
    return [
      ...doors.flatMap((door) => ['--listen', door]),
      '--profile',
      this.#profile,
      ...(this.#init.flags ?? []),
      ...flags
    ]
  }
}
