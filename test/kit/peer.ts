// A peer as its own `mesh` process: started on a home, asked through its local API, ended by its id.

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ApiClient, type ApiListen, createApiClient, readToken } from '@pinmesh/api/client'
import type { Note, PeerInfo, PinStatus } from '@pinmesh/node'
import { mesh, type MeshOptions, runMesh, type Ran } from './mesh.ts'
import { type MeshChild, type Place, spawnMesh } from './processes.ts'
import { within } from './until.ts'

const readyMs = 30_000
const exitMs = 20_000
const stderrCharsMax = 100_000

interface Ready {
  event: string
  peer: string
  mesh: string
  addresses: string[]
  api: string
  role: string
}

export class PeerProcess {
  readonly home: string
  readonly pid: number
  readonly peer: string
  readonly mesh: string
  readonly addresses: readonly string[]
  readonly role: string
  readonly api: ApiListen
  readonly token: string
  readonly client: ApiClient
  /** What `mesh watch` would have shown since the start. */
  readonly notes: Note[] = []
  /** Its exit code, once all that it said is here too. */
  readonly exited: Promise<number | null>
  readonly #child: MeshChild
  readonly #stderr: () => string
  readonly #stop = new AbortController()

  private constructor(home: string, child: MeshChild, init: { ready: Ready; token: string; stderr: () => string }) {
    const { ready, token, stderr } = init
    this.home = home
    this.pid = child.pid as number
    this.peer = ready.peer
    this.mesh = ready.mesh
    this.addresses = ready.addresses
    this.role = ready.role
    this.api = listenOf(ready.api)
    this.token = token
    this.client = createApiClient({ listen: this.api, token })
    this.#child = child
    this.#stderr = stderr
    this.exited = exitOf(child)
    void this.exited.then(() => this.#stop.abort())
    void this.#collect()
  }

  /** `args` is what stands behind `mesh`, such as ['start', '--profile', 'test']. Resolves with the ready line. */
  static async start(home: string, args: readonly string[], place: Place = {}): Promise<PeerProcess> {
    const child = spawnMesh([...args, '--home', home, '--json'], place)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-stderrCharsMax)))
    const lines = createInterface({ input: child.stdout })
    const first = new Promise<Ready>((resolve, reject) => {
      lines.on('line', (line) => {
        const object = JSON.parse(line) as Ready
        if (object.event === 'ready') resolve(object)
      })
      child.once('close', (code) => reject(new Error(`mesh ${args.join(' ')} ended with ${code}: ${stderr}`)))
    })
    try {
      const ready = await within(`the ready line of mesh ${args.join(' ')}`, readyMs, first)
      const token = await readToken(join(home, 'api.token'))
      if (token === undefined) throw new Error(`${home} has no API token`)
      return new PeerProcess(home, child, { ready, token, stderr: () => stderr })
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** The last of what it said on stderr. What comes before a line on stdout may be here after it. */
  get stderr(): string {
    return this.#stderr()
  }

  /** A `mesh` command on this peer's home that succeeds; its JSON lines. */
  async run(args: readonly string[], options: MeshOptions = {}): Promise<Record<string, unknown>[]> {
    return mesh([...args, '--home', this.home], options)
  }

  /** A `mesh` command on this peer's home, whatever comes of it. */
  async try(args: readonly string[], options: MeshOptions = {}): Promise<Ran> {
    return runMesh([...args, '--home', this.home, '--json'], options)
  }

  async status(cid: string): Promise<PinStatus> {
    return this.client.pins.status(cid)
  }

  /** Peers that hold it, as this one knows; none while it does not know the pin. */
  async holders(cid: string): Promise<string[]> {
    const { peers } = await this.client.pins.status(cid)
    const up = await this.client.peers()
    const down = new Set(up.filter(({ state }) => state === 'down').map(({ peer }) => peer))
    return peers.filter(({ peer, state }) => state === 'held' && !down.has(peer)).map(({ peer }) => peer)
  }

  async knows(peer: string): Promise<PeerInfo | undefined> {
    return (await this.client.peers()).find((one) => one.peer === peer)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** SIGKILL: no goodbye. */
  async kill(): Promise<void> {
    this.client.close()
    this.#child.kill('SIGKILL')
    await within(`the end of ${this.pid} after SIGKILL`, exitMs, this.exited)
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    const code = await within(`the end of ${this.pid} after SIGTERM`, exitMs, this.exited)
    this.client.close()
    return code
  }

  async #collect(): Promise<void> {
    try {
      for await (const note of this.client.notes({ signal: this.#stop.signal })) this.notes.push(note)
    } catch {
      // it ended, or was ended
    }
  }
}

async function exitOf(child: MeshChild): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('close', (code) => resolve(code))
  })
}

function listenOf(text: string): ApiListen {
  if (text.startsWith('/') || text.startsWith('\\\\')) return { socketPath: text }
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) }
}
