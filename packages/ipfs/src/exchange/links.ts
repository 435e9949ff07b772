// One link for each source, opened when first needed and shared by all acquisitions. A source that sends nothing for a
// while is quiet: nobody has to wait for it who can ask another.

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { settledOrAborted } from '../aborting.ts'
import { ContentError } from '../content-error.ts'
import { Link } from './link.ts'
import { blocksProtocol } from './wire.ts'

/** A source is quiet after this share of the time after which it is given up. */
const quietShare = 10

export class Links {
  readonly #libp2p: Libp2p
  readonly #stallMs: number
  readonly #links = new Map<string, Promise<Link>>()
  readonly #heardAt = new Map<string, number>()
  readonly #quiet = new Set<string>()
  readonly #closing = new AbortController()

  constructor(libp2p: Libp2p, stallMs: number) {
    this.#libp2p = libp2p
    this.#stallMs = stallMs
  }

  /** As Link.want; a link that had broken while nobody used it is opened anew. */
  async want(peer: string, cid: CID, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const known = this.#links.has(peer)
    const link = await settledOrAborted(this.#open(peer), signal)
    try {
      return await link.want(cid, signal)
    } catch (error) {
      if (!known || signal.aborted || !link.broken) throw error
      const fresh = await settledOrAborted(this.#open(peer), signal)
      if (fresh === link) throw error
      return fresh.want(cid, signal)
    }
  }

  /** It sent nothing for a while when it was last asked, and nothing since. */
  isQuiet(peer: string): boolean {
    return this.#quiet.has(peer)
  }

  /** Calls back once the source has sent nothing for a while, counted from now at the earliest; the answer ends the wait. */
  whenQuiet(peer: string, quiet: () => void): () => void {
    const from = performance.now()
    let timer: NodeJS.Timeout
    const look = (): void => {
      const leftMs = Math.max(from, this.#heardAt.get(peer) ?? 0) + this.#stallMs / quietShare - performance.now()
      if (leftMs > 0) {
        timer = setTimeout(look, leftMs)
        return
      }
      this.#quiet.add(peer)
      quiet()
    }
    look()
    return () => clearTimeout(timer)
  }

  /** Breaks the link to a source that lied. */
  async drop(peer: string, reason: string): Promise<void> {
    const link = await this.#links.get(peer)?.catch(() => undefined)
    this.#links.delete(peer)
    link?.break(reason)
  }

  async stop(): Promise<void> {
    this.#closing.abort(new ContentError('aborted', 'Content was stopped'))
    await Promise.all([...this.#links.keys()].map((peer) => this.drop(peer, 'Content was stopped')))
  }

  #heard(peer: string): void {
    this.#heardAt.set(peer, performance.now())
    this.#quiet.delete(peer)
  }

  async #open(peer: string): Promise<Link> {
    const known = this.#links.get(peer)
    if (known !== undefined && !(await known).broken) return known
    const opening = this.#links.get(peer)
    // Several may have waited for the same broken link: the first of them opens the next.
    if (opening !== undefined && opening !== known) return opening
    const next = this.#dial(peer)
    this.#links.set(peer, next)
    next.catch(() => {
      if (this.#links.get(peer) === next) this.#links.delete(peer)
    })
    return next
  }

  async #dial(peer: string): Promise<Link> {
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), this.#stallMs)
    try {
      const signal = AbortSignal.any([timeout.signal, this.#closing.signal])
      const id = await this.#peerId(peer, signal)
      const stream = await this.#libp2p.dialProtocol(id, blocksProtocol, { signal })
      return new Link(stream, this.#stallMs, () => this.#heard(peer))
    } catch (error) {
      throw new ContentError('unreachable', `${peer} cannot be asked for blocks`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  /** A peer that is neither connected nor in the peer store could not be dialled anyway. */
  async #peerId(peer: string, signal: AbortSignal): Promise<PeerId> {
    const connected = this.#libp2p.getPeers().find((id) => id.toString() === peer)
    if (connected !== undefined) return connected
    const known = await this.#libp2p.peerStore.all({ signal })
    const found = known.find(({ id }) => id.toString() === peer)?.id
    if (found === undefined) throw new ContentError('unreachable', `No address of ${peer} is known`)
    return found
  }
}
