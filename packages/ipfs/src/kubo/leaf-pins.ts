// Pins of one block each, which most small files are, in one call of Kubo's: `pin/update` from a pin of ours, the pattern.
// It looks whether a recursive pin stands and refuses if one does, else it makes one with the pattern's name, and nobody can come in
// between; `pin/add` would take away what stands, so it needs a look before it, and a pin that somebody makes after the look is lost
// all the same. Somebody's direct pin stays where it is, beside ours. The pattern is an inline CID that spells our mark: it needs no
// block, and an operator can read whose it is.

import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { settledOrAborted } from '../aborting.ts'
import { ContentError } from '../content-error.ts'
import { rawCode } from '../dag/links.ts'
import { Gathered } from './gathered.ts'
import type { KuboApi } from './kubo-api.ts'
import { KuboError } from './kubo-error.ts'

export interface LeafPinsInit {
  api: KuboApi
  /** The name of each pin that is made. */
  mark: string
  /** Ms without the block after which it is `unreachable`. */
  stallMs: number
}

export class LeafPins {
  readonly #init: LeafPinsInit
  readonly #pattern: CID
  readonly #sizes: Gathered<CID, ReadonlyMap<string, number>>
  /** Whether this Kubo lets us, and hands a pin's name on, which its older versions do not; undefined: not looked for yet. */
  #able: Promise<boolean> | undefined

  constructor(init: LeafPinsInit) {
    this.#init = init
    this.#pattern = inline(init.mark)
    this.#sizes = new Gathered(async (cids) => this.#sizesOf(cids))
  }

  /** Can pins be made so on this Kubo? */
  async able(signal: AbortSignal): Promise<boolean> {
    return settledOrAborted((this.#able ??= this.#prepare()), signal)
  }

  /** Bytes of the block; undefined: nothing was changed, for a recursive pin stands there or this Kubo cannot do it so. */
  async pin(cid: CID, signal: AbortSignal): Promise<number | undefined> {
    // Somebody may have taken the pattern away.
    for (let tries = 0; tries < 2 && (await this.able(signal)); tries++) {
      const outcome = await this.#pinLike(cid, signal)
      if (outcome === 'stands') return undefined
      if (outcome === 'pinned') return this.#size(cid, signal)
      this.#able = undefined
    }
    return undefined
  }

  /** Takes the pattern away, until the next pin. */
  async end(signal: AbortSignal): Promise<void> {
    this.#able = undefined
    await this.#init.api.pinRemove(this.#pattern, 'recursive', signal)
  }

  async #prepare(): Promise<boolean> {
    try {
      return await this.#tryPattern(new AbortController().signal)
    } catch (error) {
      // It refuses some of it: what is wrong the longer way tells.
      if (error instanceof KuboError) return false
      this.#able = undefined
      throw error
    }
  }

  /** Makes the pattern if there is none, and a pin like it to see what name that one gets. It ends by itself. */
  async #tryPattern(signal: AbortSignal): Promise<boolean> {
    const { api, mark, stallMs } = this.#init
    if ((await api.pinOf(this.#pattern, 'recursive', signal))?.name !== mark) {
      await api.pinAdd(this.#pattern, { mode: 'recursive', name: mark, bytesMax: Infinity, signal, stallMs })
    }
    const copy = inline(`${mark} copy`)
    await api.pinLike(this.#pattern, copy, { signal, stallMs })
    const made = await api.pinOf(copy, 'recursive', signal)
    await api.pinRemove(copy, 'recursive', signal)
    return made?.name === mark
  }

  async #pinLike(cid: CID, signal: AbortSignal): Promise<'pinned' | 'stands' | 'no-pattern'> {
    const { api, stallMs } = this.#init
    try {
      return await api.pinLike(this.#pattern, cid, { signal, stallMs })
    } catch (error) {
      // Nobody gives the block; or it is Kubo that says nothing, and then it does not answer this either.
      if (error instanceof ContentError && error.code === 'unreachable')
        await api.pinOf(this.#pattern, 'recursive', signal)
      throw error
    }
  }

  async #size(cid: CID, signal: AbortSignal): Promise<number> {
    const sizes = await this.#sizes.ask(cid, signal)
    return sizes.get(cid.toString()) ?? this.#init.api.dagBytes(cid, signal)
  }

  /** None where one of them is missing: then each is asked for alone, and fails alone. */
  async #sizesOf(cids: readonly CID[]): Promise<ReadonlyMap<string, number>> {
    try {
      return await this.#init.api.blockSizes(cids, new AbortController().signal)
    } catch (error) {
      if (error instanceof KuboError) return new Map()
      throw error
    }
  }
}

function inline(text: string): CID {
  return CID.createV1(rawCode, identity.digest(new TextEncoder().encode(text)))
}
