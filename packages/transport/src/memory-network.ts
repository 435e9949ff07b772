// The memory sibling: transports of one process that keep the port's promises (bounds, copies, events once a peer) over
// plain calls, with faults on request. No message is delivered within the caller's own turn.

import { createHash } from 'node:crypto'
import { gossipBytesMax, messageBytesMax } from './bounds.ts'
import { Gate } from './gate.ts'
import { judge, tell } from './guard.ts'
import type { Handlers, Topic, Transport } from './index.ts'
import { abortedError, disconnectedError, tooLargeError, TransportError } from './transport-error.ts'

/** Messages remembered as seen, the oldest forgotten first. */
const seenMax = 10_000

export interface MemoryNetwork {
  /** A transport of that peer; its address is /memory/<peer>. A later one of the same peer replaces a stopped one. */
  transport(peer: string): Transport
  /** Breaks the connection of two peers and refuses new ones until `heal`. */
  cut(a: string, b: string): void
  /** Allows all connections again; nobody redials by itself. */
  heal(): void
  /** Loses the gossip messages for which `lost` is true, from now on. */
  dropGossip(lost: (topic: Topic, from: string, to: string) => boolean): void
}

interface Shared {
  nodes: Map<string, MemoryTransport>
  cuts: Set<string>
  lost: (topic: Topic, from: string, to: string) => boolean
}

interface Link {
  readonly dialedMe: boolean
  to: MemoryTransport
  gate: Gate
  /** Aborted when the connection or its stream breaks, then replaced if only the stream did. */
  broken: AbortController
}

class MemoryTransport implements Transport {
  readonly peer: string
  readonly #shared: Shared
  readonly #links = new Map<string, Link>()
  readonly #seen = new Set<string>()
  #handlers: Handlers | undefined
  #mesh: string | undefined

  constructor(peer: string, shared: Shared) {
    this.peer = peer
    this.#shared = shared
  }

  async start(handlers: Handlers): Promise<void> {
    this.#handlers = handlers
    this.#shared.nodes.set(this.peer, this)
  }

  async stop(): Promise<void> {
    this.#handlers = undefined
    if (this.#shared.nodes.get(this.peer) === this) this.#shared.nodes.delete(this.peer)
    for (const { to } of this.#links.values()) this.unlink(to)
  }

  join(meshId: Uint8Array): void {
    this.#mesh = Buffer.from(meshId).toString('hex')
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    if (this.#mesh === undefined || bytes.length > gossipBytesMax || !this.#isNew(topic, bytes)) return
    this.#spread(topic, bytes, undefined)
  }

  async ask(peer: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const link = this.#links.get(peer)
    if (link === undefined) throw disconnectedError(peer)
    if (signal.aborted) throw abortedError(signal)
    if (request.length > messageBytesMax) throw tooLargeError(request.length, messageBytesMax)
    const place = link.gate.enter(signal)
    if (place !== undefined) await place
    try {
      return await this.#exchange(link, request, signal)
    } finally {
      link.gate.leave()
    }
  }

  async dial(address: string, signal: AbortSignal): Promise<string> {
    if (!/^\/[a-z0-9]+\/./.test(address))
      throw new TransportError('MESH_BAD_ADDRESS', `"${address}" is not a multiaddr.`)
    if (signal.aborted) throw abortedError(signal)
    const other = this.#shared.nodes.get(address.replace(/^\/memory\//, ''))
    if (other === undefined || other === this || this.#shared.cuts.has(pair(this.peer, other.peer))) {
      throw new TransportError('MESH_UNREACHABLE', `${address} cannot be reached: nothing listens there.`)
    }
    if (!this.#links.has(other.peer)) {
      this.#link(other, false)
      other.#link(this, true)
    }
    return other.peer
  }

  addresses(): string[] {
    return [`/memory/${this.peer}`]
  }

  connections(): string[] {
    return [...this.#links.keys()]
  }

  dialers(): string[] {
    return [...this.#links.values()].filter(({ dialedMe }) => dialedMe).map(({ to }) => to.peer)
  }

  /** Ends the connection with a peer at both ends. */
  unlink(other: MemoryTransport): void {
    this.#unlinkHere(other.peer)
    other.#unlinkHere(this.peer)
  }

  #link(to: MemoryTransport, dialedMe: boolean): void {
    this.#links.set(to.peer, { to, dialedMe, gate: new Gate(), broken: new AbortController() })
    tell(() => this.#handlers?.connected(to.peer))
  }

  #unlinkHere(peer: string): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#links.delete(peer)
    link.broken.abort()
    link.gate.refuseWaiting(disconnectedError(peer))
    tell(() => this.#handlers?.disconnected(peer))
  }

  #exchange(link: Link, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { broken, to, gate } = link
    return new Promise((resolve, reject) => {
      const end = (): void => {
        signal.removeEventListener('abort', onAbort)
        broken.signal.removeEventListener('abort', onBroken)
      }
      const onAbort = (): void => {
        end()
        reject(abortedError(signal))
      }
      const onBroken = (): void => {
        end()
        reject(disconnectedError(to.peer))
      }
      if (broken.signal.aborted) return onBroken()
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort)
      broken.signal.addEventListener('abort', onBroken)
      to.#answer(this.peer, new Uint8Array(request)).then(
        (answer) => {
          end()
          resolve(answer)
        },
        () => {
          if (link.broken === broken) link.broken = new AbortController()
          gate.refuseWaiting(disconnectedError(to.peer))
          broken.abort()
        }
      )
    })
  }

  async #answer(peer: string, request: Uint8Array): Promise<Uint8Array> {
    await Promise.resolve()
    if (this.#handlers === undefined) throw disconnectedError(this.peer)
    const answer = await this.#handlers.asked(peer, request)
    if (answer.length > messageBytesMax) throw tooLargeError(answer.length, messageBytesMax)
    return new Uint8Array(answer)
  }

  #isNew(topic: Topic, bytes: Uint8Array): boolean {
    const id = createHash('sha256').update(topic).update(bytes).digest('base64')
    if (this.#seen.has(id)) return false
    this.#seen.add(id)
    const [oldest] = this.#seen
    if (this.#seen.size > seenMax && oldest !== undefined) this.#seen.delete(oldest)
    return true
  }

  #spread(topic: Topic, bytes: Uint8Array, source: string | undefined): void {
    const copy = new Uint8Array(bytes)
    for (const { to } of this.#links.values()) {
      if (to.peer === source || this.#shared.lost(topic, this.peer, to.peer)) continue
      queueMicrotask(() => to.#hear(topic, new Uint8Array(copy), this))
    }
  }

  #hear(topic: Topic, bytes: Uint8Array, from: MemoryTransport): void {
    if (this.#mesh === undefined || this.#mesh !== from.#mesh || this.#links.get(from.peer)?.to !== from) return
    if (!this.#isNew(topic, bytes)) return
    if (judge(this.#handlers, topic, bytes, from.peer) === 'accept') this.#spread(topic, bytes, from.peer)
  }
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

/** A network of its own; transports of different networks never meet. */
export function createMemoryNetwork(): MemoryNetwork {
  const shared: Shared = { nodes: new Map(), cuts: new Set(), lost: () => false }
  return {
    transport: (peer) => new MemoryTransport(peer, shared),
    cut: (a, b) => {
      shared.cuts.add(pair(a, b))
      const one = shared.nodes.get(a)
      const other = shared.nodes.get(b)
      if (one !== undefined && other !== undefined) one.unlink(other)
    },
    heal: () => shared.cuts.clear(),
    dropGossip: (lost) => {
      shared.lost = lost
    }
  }
}
