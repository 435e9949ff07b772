// Who outside the mesh has some content: what is asked of any router, and how long one that fails is left alone.

import type { PeerInfo } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

export interface Router {
  /** As the operator named it. */
  readonly name: string
  /** Peers said to have it, the most promising first. Throws when the router cannot be asked. */
  providers(cid: CID, signal: AbortSignal): AsyncIterable<PeerInfo>
  stop(): Promise<void>
}

/** A router stopped answering (`reason` says why), or answers again. */
export interface RouterChange {
  router: string
  reason?: string
}

/** Ms that a router rests after its first failure; doubled with each that follows. */
const restMs = 2000
const restMsMax = 60_000

/** Routers asked all at once. One that fails rests, so that what waits for it fails at once instead of by a time limit. */
export class Routers {
  readonly #routers: { router: Router; failures: number; restsUntil: number }[]
  readonly #changed: (change: RouterChange) => void
  readonly #now: () => number

  constructor(
    routers: readonly Router[],
    changed: (change: RouterChange) => void,
    now: () => number = () => performance.now()
  ) {
    this.#routers = routers.map((router) => ({ router, failures: 0, restsUntil: 0 }))
    this.#changed = changed
    this.#now = now
  }

  get none(): boolean {
    return this.#routers.length === 0
  }

  /** Hands over every provider that any of them names. Resolves with the routers that could not be asked. */
  async find(cid: CID, signal: AbortSignal, found: (provider: PeerInfo) => void): Promise<string[]> {
    const silent: string[] = []
    const asking = this.#routers.map(async (one) => {
      if (this.#now() < one.restsUntil) {
        silent.push(one.router.name)
        return
      }
      try {
        for await (const provider of one.router.providers(cid, signal)) found(provider)
        if (one.failures > 0) this.#changed({ router: one.router.name })
        one.failures = 0
      } catch (error) {
        if (signal.aborted) return
        silent.push(one.router.name)
        // Of many that asked at once only the first to fail counts.
        if (this.#now() < one.restsUntil) return
        one.restsUntil = this.#now() + Math.min(restMs * 2 ** one.failures, restMsMax)
        if (one.failures++ === 0) this.#changed({ router: one.router.name, reason: reasonOf(error) })
      }
    })
    await Promise.all(asking)
    return silent
  }

  async stop(): Promise<void> {
    await Promise.all(this.#routers.map(async ({ router }) => router.stop()))
  }
}

/** The innermost cause speaks most plainly: "fetch failed" says nothing. */
function reasonOf(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  return inner instanceof Error ? inner.message || inner.name : String(inner)
}
