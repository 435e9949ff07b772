// Somebody outside the mesh: a plain Helia that has content and gives it by bitswap to whoever asks.

import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createHeliaLight } from 'helia'
import { importer } from 'ipfs-unixfs-importer'

export class Outsider {
  readonly libp2p: Libp2p
  /** Peers that ever connected. */
  readonly met: Set<string> = new Set<string>()
  readonly #add: (bytes: Uint8Array) => Promise<string>
  readonly stop: () => Promise<void>

  private constructor(init: Pick<Outsider, 'libp2p' | 'stop'> & { add(bytes: Uint8Array): Promise<string> }) {
    this.libp2p = init.libp2p
    this.stop = init.stop
    this.#add = (bytes) => init.add(bytes)
    this.libp2p.addEventListener('peer:connect', (event) => this.met.add(event.detail.toString()))
  }

  static async start(): Promise<Outsider> {
    const helia = withBitswap(
      withLibp2pLight(createHeliaLight(), {
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        services: { identify: identify() }
      })
    )
    await helia.start()
    const add = async (bytes: Uint8Array): Promise<string> => {
      for await (const { cid } of importer([{ content: bytes }], helia.blockstore, { cidVersion: 1, rawLeaves: true }))
        return cid.toString()
      throw new Error('Nothing was imported')
    }
    return new Outsider({ libp2p: helia.libp2p, add, stop: async () => void (await helia.stop()) })
  }

  /** The CID under which it gives these bytes from now on. */
  async add(bytes: Uint8Array): Promise<string> {
    return this.#add(bytes)
  }
}
