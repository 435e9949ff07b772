// One pin's view of the outside: whom to ask for its blocks, called in stages. The origins that the pin names come first;
// then who is said to have its root, for who has the root mostly has the rest; then who has the one block that is missing.

import type { PeerInfo } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { settledOrAborted } from '../aborting.ts'
import { nameOf } from '../blocks/keys.ts'
import { Limiter } from '../blocks/limiter.ts'
import { ContentError } from '../content-error.ts'
import type { Bitswap } from '../exchange/bitswap.ts'
import type { Guests } from './guests.ts'
import type { Routers } from './router.ts'

/** Providers asked for one pin at once. */
const providersMax = 4
/** Providers dialled for one block. */
const dialsMax = 12
/** Ms for all routers together to name providers. */
const findMs = 20_000
/** Stages of one pin: the providers of its root may lack a few blocks, not hundreds. */
const callsMax = 8
/** Blocks wanted at once for one pin: each has stallMs to come, also over a slow line. */
const wantsMax = 8

export interface OutsideSessionInit {
  readonly root: CID
  readonly origins: readonly string[]
  readonly guests: Guests
  readonly bitswap: Bitswap
  readonly routers: Routers
}

export class OutsideSession {
  readonly #init: OutsideSessionInit
  readonly #guests = new Set<string>()
  readonly #calls = new Map<string, Promise<void>>()
  readonly #limiter = new Limiter(wantsMax)
  #joined = 0
  #silent: string[] = []

  constructor(init: OutsideSessionInit) {
    this.#init = init
  }

  async block(cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    let asked = 0
    for (;;) {
      await settledOrAborted(Promise.all(this.#calls.values()), signal)
      if (this.#joined > asked) {
        asked = this.#joined
        const bytes = await this.#ask(cid, signal)
        if (bytes !== undefined) return bytes
      }
      if (!this.#callNext(cid)) throw new ContentError('unreachable', this.#whyNot(cid))
    }
  }

  /** undefined: the guests do not give it, or have left. */
  async #ask(cid: CID, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { guests, bitswap } = this.#init
    const held = [...this.#guests].filter((peer) => guests.hold(peer))
    if (held.length === 0) {
      // They were there, and nothing was wanted for so long that they left: they are called again.
      if (this.#guests.size > 0) this.#calls.clear()
      this.#guests.clear()
      return undefined
    }
    try {
      return await this.#limiter.run(() => bitswap.want(cid, signal))
    } catch (error) {
      if (signal.aborted) throw error
      return undefined
    } finally {
      for (const peer of held) guests.release(peer)
    }
  }

  /** Calls more providers: the origins, then those of the root, then those of the block itself. False: all were called. */
  #callNext(cid: CID): boolean {
    const { root, origins, routers } = this.#init
    if (origins.length > 0 && !this.#calls.has('origins')) {
      this.#call('origins', async (found) => origins.forEach(found))
      return true
    }
    if (routers.none) return false
    for (const one of [root, cid]) {
      const name = nameOf(one.multihash.bytes)
      if (this.#calls.has(name) || this.#calls.size >= callsMax) continue
      this.#call(name, async (found) => {
        this.#silent = await routers.find(one, AbortSignal.timeout(findMs), found)
      })
      return true
    }
    return false
  }

  /** Settles when the first provider is there, or none is to be had; the others go on being dialled. */
  #call(name: string, find: (found: (target: PeerInfo | string) => void) => Promise<void>): void {
    const first = Promise.withResolvers<void>()
    const dialling: Promise<void>[] = []
    const found = (target: PeerInfo | string): void => {
      if (dialling.length < dialsMax) dialling.push(this.#invite(target, first.resolve))
    }
    this.#calls.set(name, first.promise)
    void find(found)
      .then(() => Promise.all(dialling))
      .finally(first.resolve)
  }

  async #invite(target: PeerInfo | string, joined: () => void): Promise<void> {
    if (this.#guests.size >= providersMax) return
    const peer = await this.#init.guests.invite(target)
    if (peer === undefined || this.#guests.size >= providersMax || this.#guests.has(peer)) return
    this.#guests.add(peer)
    this.#joined++
    joined()
  }

  #whyNot(cid: CID): string {
    if (this.#guests.size > 0) return `Nobody outside the mesh gives the block ${cid}`
    const why = this.#silent.length === 0 ? '' : `; ${this.#silent.join(', ')} cannot be asked`
    return `Nobody outside the mesh is known to have ${cid}${why}`
  }
}
