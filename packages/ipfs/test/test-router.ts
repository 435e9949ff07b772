// A delegated router on loopback: it knows what it is told, notes what it is asked, and answers as badly as a test wants.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Libp2p } from '@libp2p/interface'

export class TestRouter {
  /** The CIDs that were asked for, in order. */
  readonly asked: string[] = []
  /** Answers in place of the router. */
  answer: ((response: ServerResponse, cid: string) => void) | undefined
  readonly #known = new Map<string, object[]>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const cid = /^\/routing\/v1\/providers\/([a-z0-9]+)\?/.exec(request.url ?? '')?.[1] ?? ''
      this.asked.push(cid)
      if (this.answer !== undefined) return this.answer(response, cid)
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.end((this.#known.get(cid) ?? []).map((one) => `${JSON.stringify(one)}\n`).join(''))
    })
  }

  static async start(): Promise<TestRouter> {
    const router = new TestRouter()
    await new Promise<void>((resolve) => router.#server.listen(0, '127.0.0.1', resolve))
    return router
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  know(cid: string, provider: Libp2p): void {
    const Addrs = provider.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/.*/, ''))
    const one = { Schema: 'peer', ID: provider.peerId.toString(), Addrs, Protocols: ['transport-bitswap'] }
    this.#known.set(cid, [...(this.#known.get(cid) ?? []), one])
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
