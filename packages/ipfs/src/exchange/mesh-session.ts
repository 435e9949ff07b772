// One acquisition's or reading's way to a block: the listed sources in order, by bitswap whoever is connected, and then,
// where that is wanted, strangers. What a source sent is checked here, so a source that lies is noticed at once and not
// asked again. A source that keeps quiet is not waited for: the next is asked beside it, and the first to answer counts.

import type { CID } from 'multiformats/cid'
import { settledOrAborted } from '../aborting.ts'
import { ContentError } from '../content-error.ts'
import { matches } from '../dag/digest.ts'
import type { BlockSession } from '../fetcher.ts'
import type { OutsideSession } from '../outside/outside-session.ts'
import type { Bitswap } from './bitswap.ts'
import type { Links } from './links.ts'

/** Ms that connected members have for a block that might also come from outside. */
const membersFirstMs = 5000

export interface MeshSessionInit {
  sources: readonly string[]
  /** The addresses of each source that keeps its blocks elsewhere: asked by bitswap. */
  backEnds: readonly (readonly string[])[]
  links: Links
  bitswap: Bitswap
  meet(addresses: readonly string[]): Promise<void>
  /** undefined: nobody outside the mesh is asked. */
  outside: (() => Promise<OutsideSession>) | undefined
}

export class MeshSession implements BlockSession {
  readonly #init: MeshSessionInit
  readonly #links: Links
  readonly #bitswap: Bitswap
  #sources: string[]
  #met: Promise<unknown> | undefined
  #outside: Promise<OutsideSession> | undefined
  /** The last block came from outside: the next is asked for there first. */
  #fromOutside = false

  constructor(init: MeshSessionInit) {
    this.#init = init
    this.#links = init.links
    this.#bitswap = init.bitswap
    this.#sources = [...init.sources]
  }

  async block(cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const lacking = new Set<string>()
    const bytes = await this.#bySources(cid, lacking, signal)
    if (bytes !== undefined) return bytes
    // Once: what could not be reached is not dialled anew for each block.
    this.#met ??= Promise.all(this.#init.backEnds.map((addresses) => this.#init.meet(addresses)))
    await settledOrAborted(this.#met, signal)
    let failure = new ContentError('unreachable', `Nobody gives the block ${cid}`)
    for (const ask of this.#others(cid, lacking, signal)) {
      try {
        return await ask()
      } catch (error) {
        if (signal.aborted || !(error instanceof ContentError)) throw error
        failure = error
      }
    }
    throw failure
  }

  /** Whom to ask when no source gives it, one after the other. */
  #others(cid: CID, lacking: ReadonlySet<string>, signal: AbortSignal): (() => Promise<Uint8Array>)[] {
    const connected = this.#bitswap.peers().some((peer) => !lacking.has(peer))
    const members = connected ? [() => this.#bitswap.want(cid, signal)] : []
    const { outside } = this.#init
    if (outside === undefined) return members
    const strangers = async (): Promise<Uint8Array> => {
      this.#outside ??= outside()
      const bytes = await (await this.#outside).block(cid, signal)
      this.#fromOutside = true
      return bytes
    }
    if (this.#fromOutside || !connected) return [strangers, ...members]
    const soon = AbortSignal.any([signal, AbortSignal.timeout(membersFirstMs)])
    return [() => this.#bitswap.want(cid, soon), strangers, ...members]
  }

  /** One source after another; undefined when none gives it. Adds to `lacking` those that said so. */
  async #bySources(cid: CID, lacking: Set<string>, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const turns: Promise<void>[] = []
    let given: Uint8Array | undefined
    const first = Promise.withResolvers<void>()
    for (const peer of this.#sources) {
      if (!this.#sources.includes(peer)) continue
      const turn = this.#ask(peer, cid, signal).then((answer) => {
        if (answer === 'missing') {
          lacking.add(peer)
          // Asked last from now on: what lacks one block of a DAG often lacks the rest.
          this.#postpone(peer)
        } else if (answer !== undefined) {
          given ??= answer
          first.resolve()
        }
      })
      turns.push(turn)
      const quiet = Promise.withResolvers<void>()
      const heard = this.#links.whenQuiet(peer, () => {
        this.#postpone(peer)
        quiet.resolve()
      })
      await Promise.race([turn, first.promise, quiet.promise]).finally(heard)
      if (given !== undefined) return given
    }
    await Promise.race([Promise.all(turns), first.promise])
    return given
  }

  #postpone(peer: string): void {
    if (this.#sources.includes(peer)) this.#sources = [...this.#sources.filter((one) => one !== peer), peer]
  }

  /** undefined: the source failed and is out for this session. */
  async #ask(peer: string, cid: CID, signal: AbortSignal): Promise<Uint8Array | 'missing' | undefined> {
    try {
      const bytes = await this.#links.want(peer, cid, signal)
      if (bytes === undefined) return 'missing'
      if (matches(cid.multihash.bytes, bytes)) return bytes
      await this.#links.drop(peer, 'The source sent wrong bytes')
    } catch (error) {
      if (signal.aborted) throw error
    }
    this.#sources = this.#sources.filter((one) => one !== peer)
    return undefined
  }
}
