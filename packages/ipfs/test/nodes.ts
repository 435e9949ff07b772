// Small libp2p nodes over loopback, embedded contents on them, and folders that vanish after the test.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { createHeliaContent } from '../src/index.ts'
import type { AcquireOptions, Content, HeliaContentInit } from '../src/index.ts'

export async function createNode(listen: string[] = ['/ip4/127.0.0.1/tcp/0']): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionManager: { inboundConnectionThreshold: 1000 },
    connectionMonitor: { enabled: false }
  })
}

export interface Peer {
  id: string
  path: string
  libp2p: Libp2p
  content: Content
}

/** Peers to be ended together, their folders removed. */
export class Lab {
  readonly #undo: (() => Promise<void>)[] = []

  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'pinmesh-ipfs-'))
    this.#undo.push(() => rm(path, { recursive: true, force: true }))
    return path
  }

  async node(): Promise<Libp2p> {
    const libp2p = await createNode()
    this.#undo.push(async () => libp2p.stop())
    return libp2p
  }

  async peer(more: Partial<HeliaContentInit> = {}): Promise<Peer> {
    const path = more.path ?? (await this.folder())
    const libp2p = more.libp2p ?? (await this.node())
    const content = createHeliaContent({ isMember: () => true, stallMs: 3000, ...more, path, libp2p })
    await content.start()
    this.#undo.push(() => content.stop())
    return { id: libp2p.peerId.toString(), path, libp2p, content }
  }

  async end(): Promise<void> {
    for (const undo of this.#undo.toReversed()) await undo()
  }
}

/** Connects and waits until either side knows what the other speaks. */
export async function connect(one: Libp2p, other: Libp2p): Promise<void> {
  const known = Promise.all([identified(one, other), identified(other, one)])
  await one.dial(other.getMultiaddrs())
  await known
}

async function identified(libp2p: Libp2p, other: Libp2p): Promise<void> {
  await new Promise<void>((resolve) => {
    const listen = (event: CustomEvent<{ peerId: { toString(): string } }>): void => {
      if (event.detail.peerId.toString() !== other.peerId.toString()) return
      libp2p.removeEventListener('peer:identify', listen)
      // The registrar is told by the same event: let it go first.
      setImmediate(resolve)
    }
    libp2p.addEventListener('peer:identify', listen)
  })
}

export function options(sources: readonly string[], more: Partial<AcquireOptions> = {}): AcquireOptions {
  return { mode: 'recursive', sources, bytesMax: 1 << 30, signal: AbortSignal.timeout(60_000), ...more }
}

export async function used(content: Content): Promise<number> {
  return (await content.space()).usedBytes
}
