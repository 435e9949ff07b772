// Direct pins of a Kubo, of whomever: every recursive pin that is made by `pin/add`, or removed, asks whether one stands, for Kubo takes
// it away then. Hardly any Kubo has many, so all who ask at the same time share one listing instead of a call each; a Kubo that
// has many is asked for each.

import type { CID } from 'multiformats/cid'
import { Gathered } from './gathered.ts'
import type { KuboApi } from './kubo-api.ts'

/** Pins of a listing: with more, one look at an index costs less than a share of it. */
const listedMax = 100
/** Ms until a Kubo that had more is listed again. */
const againMs = 600_000

export class DirectPins {
  readonly #api: KuboApi
  readonly #listing = new Gathered(async () => this.#list())
  /** mono ms */
  #manyUntil = 0

  constructor(api: KuboApi) {
    this.#api = api
  }

  /** Undefined: none stands. */
  async of(cid: CID, signal: AbortSignal): Promise<{ name: string } | undefined> {
    const listed = performance.now() < this.#manyUntil ? undefined : await this.#listing.ask(cid, signal)
    if (listed === undefined) return this.#api.pinOf(cid, 'direct', signal)
    const name = listed.get(cid.toString())
    return name === undefined ? undefined : { name }
  }

  /** CID → name; undefined: there are too many. It ends by itself: a silent Kubo fails it. */
  async #list(): Promise<ReadonlyMap<string, string> | undefined> {
    const names = new Map<string, string>()
    let many = false
    const { signal } = new AbortController()
    await this.#api.pins('direct', { names: true, signal }, ({ cid, name }) => {
      many = names.size === listedMax
      names.set(cid, name)
      return !many
    })
    if (many) this.#manyUntil = performance.now() + againMs
    return many ? undefined : names
  }
}
