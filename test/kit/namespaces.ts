// A network that a test makes for itself: one namespace a peer, all on one bridge in a namespace of its own, with addresses
// that exist nowhere else. Each pair can be made deaf to one another, in one direction or both: packets vanish without a
// word, as on a broken network. Every namespace is held by a small process that ends with this one, however this one ends,
// and a namespace without a process is gone: nothing can be left behind.
//
// It takes Linux, root and `ip`. CI has them, so there a lack is a failure; elsewhere the tests are skipped with the reason.

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { until } from './until.ts'

const run = promisify(execFile)
const network = '10.77.0'
const hostsMax = 250
const heldMs = 10_000

/** One machine of the network. */
export interface Host {
  readonly address: string
  /** What goes before a command so that it runs there; the process keeps its id. */
  readonly enter: readonly string[]
}

interface Held extends Host {
  readonly pid: number
}

/** Why there can be none here, for the `skip` of a test; false where they can be made. Throws in CI instead of giving a reason. */
export function namespacesMissing(): string | false {
  const tried = spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'br0', 'type', 'bridge'], { encoding: 'utf8' })
  if (tried.status === 0) return false
  const reason = `needs network namespaces (Linux, root, iproute2): ${tried.error?.message ?? tried.stderr.trim()}`
  if (process.env.CI !== undefined) throw new Error(reason)
  return reason
}

export class Namespaces {
  readonly #holders: ChildProcess[] = []
  readonly #deaf = new Set<string>()
  #hub: Held | undefined
  #hosts = 0

  /** A new machine; all of them reach each other, by multicast too. */
  async host(): Promise<Host> {
    const hub = (this.#hub ??= await this.#makeHub())
    const n = ++this.#hosts
    if (n > hostsMax) throw new Error(`a network has ${hostsMax} hosts at most`)
    const host = await this.#hold(`${network}.${n}`)
    await ip(hub, `link add p${n} type veth peer name eth0 netns ${host.pid}`)
    await ip(hub, `link set p${n} master br0 up`)
    await ip(host, 'link set lo up')
    await ip(host, `addr add ${host.address}/24 dev eth0`)
    await ip(host, 'link set eth0 up')
    await ip(host, 'route add default dev eth0')
    // What the kernel takes for itself is looked up first of all: `deafen` has to come before it.
    await ip(host, 'rule add pref 100 table local')
    await ip(host, 'rule del pref 0')
    return host
  }

  /** From now on nothing that `speaker` sends reaches `listener`; the other direction stays as it is. */
  async deafen(listener: Host, speaker: Host): Promise<void> {
    const name = `${listener.address} ${speaker.address}`
    if (this.#deaf.has(name)) return
    this.#deaf.add(name)
    await ip(listener, `rule add pref 10 from ${speaker.address} type blackhole`)
  }

  /** Undoes `deafen`. */
  async undeafen(listener: Host, speaker: Host): Promise<void> {
    if (!this.#deaf.delete(`${listener.address} ${speaker.address}`)) return
    await ip(listener, `rule del pref 10 from ${speaker.address} type blackhole`)
  }

  /** Nothing passes between the two sides any more. */
  async cut(side: readonly Host[], other: readonly Host[]): Promise<void> {
    for (const [a, b] of pairs(side, other)) await this.deafen(a, b)
  }

  async heal(side: readonly Host[], other: readonly Host[]): Promise<void> {
    for (const [a, b] of pairs(side, other)) await this.undeafen(a, b)
  }

  /** All of it goes once the processes that run in it have ended. */
  close(): void {
    for (const holder of this.#holders) holder.kill('SIGKILL')
  }

  async #makeHub(): Promise<Held> {
    const hub = await this.#hold('')
    await ip(hub, 'link add br0 type bridge')
    await ip(hub, 'link set br0 up')
    return hub
  }

  /** A namespace lasts as long as its holder: `cat`, which ends when its input does, and so with this process. */
  async #hold(address: string): Promise<Held> {
    const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] })
    this.#holders.push(holder)
    const pid = await until('a network namespace', heldMs, () => holder.pid !== undefined && isApart(holder.pid))
    return { address, pid, enter: ['nsenter', `--net=/proc/${pid}/ns/net`, '--'] }
  }
}

function pairs(side: readonly Host[], other: readonly Host[]): [Host, Host][] {
  return side.flatMap((a) =>
    other.flatMap((b): [Host, Host][] => [
      [a, b],
      [b, a]
    ])
  )
}

async function ip(where: Host, args: string): Promise<void> {
  const [command = '', ...rest] = [...where.enter, 'ip', ...args.split(' ')]
  await run(command, rest)
}

/** The process, once it has a network of its own. */
function isApart(pid: number): number | false {
  const path = `/proc/${pid}/ns/net`
  return existsSync(path) && readlinkSync(path) !== readlinkSync('/proc/self/ns/net') && pid
}
