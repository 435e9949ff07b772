// Whom Kubo is connected to on our behalf. Bitswap asks whoever is connected, so a source has to be a neighbour before
// it can give anything; a connection that stands is kept by Kubo, and asked for again only now and then.

import type { KuboApi } from './kubo-api.ts'

/** Ms for which a connection is taken to stand. */
const trustedMs = 30_000
/** Ms after which a peer that could not be reached is tried again. */
const retryMs = 5000
/** Peers remembered. */
const rememberedMax = 1024

export class Neighbours {
  readonly #api: KuboApi
  readonly #until = new Map<string, { at: number; connecting: Promise<void> }>()

  constructor(api: KuboApi) {
    this.#api = api
  }

  /** Resolves when each of them is connected, or cannot be. `places`: the addresses of each peer. */
  async meet(places: readonly (readonly string[])[], signal: AbortSignal): Promise<void> {
    await Promise.all(places.filter((addresses) => addresses.length > 0).map((one) => this.#meet(one, signal)))
  }

  async #meet(addresses: readonly string[], signal: AbortSignal): Promise<void> {
    const name = addresses.join()
    const known = this.#until.get(name)
    if (known !== undefined && known.at > performance.now()) return known.connecting
    const entry = { at: performance.now() + trustedMs, connecting: Promise.resolve() }
    entry.connecting = this.#api.connect(addresses, signal).catch(() => {
      entry.at = performance.now() + retryMs
    })
    if (this.#until.size >= rememberedMax) this.#until.clear()
    this.#until.set(name, entry)
    return entry.connecting
  }
}
