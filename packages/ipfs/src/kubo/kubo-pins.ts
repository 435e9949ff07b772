// Making and unmaking one pin on a Kubo that is not ours alone. A call of pin() or unpin() has its CID to itself.
//
// Whose a pin is, is known twice: from the journal, which notes before the first call whether the pin stood already; and
// from the pin's name in Kubo, which is our mark. Kubo gives a pin that is made once more the newer name, so a pin
// that somebody made on top of ours no longer bears our mark, and stays when ours goes.
// Peers of two meshes on one Kubo know nothing of one another: who finds the other's mark puts a common one in its place,
// which neither removes. (Within a mesh the core releases nothing that another member on the same Kubo claims.)
//
// Order: a row first, then Kubo, then the row as pinned. After a crash in between the row is partial, and both ways
// on (pin again, unpin) begin by looking at what Kubo has.

import type { CID } from 'multiformats/cid'
import type { PinMode } from '../content.ts'
import { ContentError } from '../content-error.ts'
import { inlineBytes } from '../dag/digest.ts'
import { rawCode } from '../dag/links.ts'
import { DirectPins } from './direct-pins.ts'
import type { KuboApi } from './kubo-api.ts'
import { kuboFailure } from './kubo-error.ts'
import type { KuboJournal, KuboRecord } from './kubo-journal.ts'
import { LeafPins } from './leaf-pins.ts'

const commonMark = 'pinmesh'

export interface KuboPinsInit {
  api: KuboApi
  journal: KuboJournal
  mesh: string
  /** This peer: with the mesh it tells our pins from those of any other program, and of any other peer. */
  peer: string
  stallMs: number
}

export interface KuboPinOptions {
  mode: PinMode
  bytesMax: number
  signal: AbortSignal
  onProgress?: ((bytes: number) => void) | undefined
}

interface Standing {
  recursive: { name: string } | undefined
  direct: { name: string } | undefined
}

export class KuboPins {
  readonly #init: KuboPinsInit
  readonly #meshMark: string
  readonly #mark: string
  readonly #direct: DirectPins
  readonly #leaves: LeafPins

  constructor(init: KuboPinsInit) {
    this.#init = init
    this.#meshMark = `${commonMark} ${init.mesh} `
    this.#mark = `${this.#meshMark}${init.peer}`
    this.#direct = new DirectPins(init.api)
    this.#leaves = new LeafPins({ api: init.api, mark: this.#mark, stallMs: init.stallMs })
  }

  async pin(cid: CID, options: KuboPinOptions): Promise<{ bytes: number }> {
    const before = this.#init.journal.record(cid)
    if (before === undefined && options.mode === 'recursive' && isPlainBlock(cid)) {
      const made = await this.#makeLeaf(cid, options)
      if (made !== undefined) return made
    }
    const standing = await this.#look(cid, before, options)
    const found = options.mode === 'recursive' ? standing.recursive : (standing.direct ?? standing.recursive)
    const whole = before?.state === 'pinned' && before.mode === options.mode && found !== undefined
    if (whole) return within(cid, before.bytes, options.bytesMax)
    // A direct wish where our own recursive pin stands: that pin has to go.
    const narrower = options.mode === 'direct' && this.#isOurs(standing.recursive)
    if (found !== undefined && !narrower) return this.#takeStanding(cid, options, { before, standing, found })
    return this.#make(cid, options, { before, standing })
  }

  async unpin(cid: CID, signal: AbortSignal): Promise<void> {
    const { api, journal } = this.#init
    const record = journal.record(cid)
    if (record === undefined) return
    if (record.maker === 'us') {
      if (record.state === 'pinned') await journal.write(cid, { ...record, state: 'partial', bytes: 0 })
      const standing = await api.pinOf(cid, record.mode, signal)
      const ours = this.#isOurs(standing)
      const replaced = ours ? await this.#replaced(cid, record, signal) : record.replaced
      if (ours) await api.pinRemove(cid, record.mode, signal)
      // Of a partial row ours may be gone already, and theirs not back yet.
      const gone = ours || (standing === undefined && record.state === 'partial')
      if (gone && replaced !== undefined) await this.#putBack(cid, replaced, signal)
    }
    await journal.remove(cid)
    if (await journal.isEmpty()) await this.#leaves.end(signal).catch(() => {})
  }

  /** Did somebody take this pin away from Kubo? Then it is pinned no longer, and the next pin() makes it again. */
  async lost(cid: CID, signal: AbortSignal): Promise<boolean> {
    const { journal } = this.#init
    const record = journal.record(cid)
    if (record?.state !== 'pinned') return false
    const { recursive, direct } = await this.#standing(cid, signal)
    if (recursive !== undefined || (record.mode === 'direct' && direct !== undefined)) return false
    await journal.write(cid, { ...record, state: 'partial', bytes: 0 })
    return true
  }

  /** Kubo has the pin already: ours from before, or somebody's. It must not be added again (see kubo-api.ts). */
  async #takeStanding(
    cid: CID,
    { mode, bytesMax, signal }: KuboPinOptions,
    { before, standing, found }: { before: KuboRecord | undefined; standing: Standing; found: { name: string } }
  ): Promise<{ bytes: number }> {
    const { api, journal, stallMs } = this.#init
    const bytes =
      mode === 'recursive' ? await api.dagBytes(cid, signal) : (await api.block(cid, signal, stallMs)).length
    if (bytes > bytesMax && before === undefined) await journal.remove(cid)
    within(cid, bytes, bytesMax)
    const maker = this.#isOurs(found) ? 'us' : 'others'
    const anotherMeshs = found.name.startsWith(`${commonMark} `) && !found.name.startsWith(this.#meshMark)
    if (anotherMeshs) {
      const standingMode = standing.direct === found ? 'direct' : 'recursive'
      await api.pinAdd(cid, { mode: standingMode, name: commonMark, bytesMax: Infinity, signal, stallMs })
    }
    await journal.write(cid, { state: 'pinned', mode, bytes, maker, replaced: before?.replaced })
    return { bytes }
  }

  /** Undefined: a pin stands there, or this Kubo does not make pins so, and the longer way has to be gone. */
  async #makeLeaf(cid: CID, { mode, bytesMax, signal }: KuboPinOptions): Promise<{ bytes: number } | undefined> {
    if (!(await this.#leaves.able(signal))) return undefined
    await this.#note(cid, mode)
    return this.#orLeave(cid, async () => {
      const bytes = await this.#leaves.pin(cid, signal)
      return bytes === undefined ? undefined : this.#made(cid, { ...firstOf(mode), bytes }, bytesMax)
    })
  }

  async #make(
    cid: CID,
    options: KuboPinOptions,
    { before, standing }: { before: KuboRecord | undefined; standing: Standing }
  ): Promise<{ bytes: number }> {
    const { api, journal, stallMs } = this.#init
    const { mode, bytesMax, signal } = options
    const theirs = this.#isOurs(standing.direct) ? undefined : standing.direct?.name
    const replaced = theirs ?? before?.replaced
    const record: KuboRecord = { ...firstOf(mode), replaced }
    if (before !== undefined || replaced !== undefined) await journal.write(cid, record)
    return this.#orLeave(cid, async () => {
      if (standing.recursive !== undefined) await api.pinRemove(cid, 'recursive', signal)
      const { bytes } = await api.pinAdd(cid, { ...options, stallMs, name: this.#mark })
      return this.#made(cid, { ...record, bytes }, bytesMax)
    })
  }

  async #made(cid: CID, record: KuboRecord, bytesMax: number): Promise<{ bytes: number }> {
    const { bytes } = within(cid, record.bytes, bytesMax)
    // What stands there now is partial, whoever wrote it.
    await this.#init.journal.write(cid, { ...record, state: 'pinned' }, 0)
    return { bytes }
  }

  async #orLeave<T>(cid: CID, make: () => Promise<T>): Promise<T> {
    try {
      return await make()
    } catch (error) {
      await this.#leave(cid, kuboFailure(error))
      throw error
    }
  }

  /** What will not be tried again as it is leaves nothing behind; else the row stays, for Kubo may have made the pin yet. */
  async #leave(cid: CID, error: ContentError): Promise<void> {
    if (error.code !== 'limit' && error.code !== 'bad-dag' && error.code !== 'no-space') return
    try {
      await this.unpin(cid, AbortSignal.timeout(this.#init.stallMs))
    } catch {
      // The row stays partial: release() tries again.
    }
  }

  /** What stands in Kubo; meanwhile a first row is written, which spares small pins the wait for the disk. */
  async #look(cid: CID, before: KuboRecord | undefined, { mode, signal }: KuboPinOptions): Promise<Standing> {
    const noting = before === undefined ? this.#note(cid, mode) : Promise.resolve()
    const [standing] = await Promise.all([this.#standing(cid, signal), noting])
    return standing
  }

  /** The first row claims nothing: as long as the pin in Kubo does not bear our mark, unpin() leaves it. */
  async #note(cid: CID, mode: PinMode): Promise<void> {
    await this.#init.journal.write(cid, firstOf(mode), 0)
  }

  async #standing(cid: CID, signal: AbortSignal): Promise<Standing> {
    const [recursive, direct] = await Promise.all([
      this.#init.api.pinOf(cid, 'recursive', signal),
      this.#direct.of(cid, signal)
    ])
    return { recursive, direct }
  }

  /** The name of the direct pin that goes with ours: Kubo takes one that stands beside it away too, so that is noted first. */
  async #replaced(cid: CID, record: KuboRecord, signal: AbortSignal): Promise<string | undefined> {
    const beside = record.mode === 'recursive' ? await this.#direct.of(cid, signal) : undefined
    if (beside === undefined) return record.replaced
    await this.#init.journal.write(cid, { ...record, state: 'partial', bytes: 0, replaced: beside.name })
    return beside.name
  }

  /** Somebody's direct pin, unless it stands. */
  async #putBack(cid: CID, name: string, signal: AbortSignal): Promise<void> {
    const { api, stallMs } = this.#init
    if ((await this.#direct.of(cid, signal)) !== undefined) return
    await api.pinAdd(cid, { mode: 'direct', name, bytesMax: Infinity, signal, stallMs })
  }

  #isOurs(standing: { name: string } | undefined): boolean {
    return standing?.name === this.#mark
  }
}

function firstOf(mode: PinMode): KuboRecord {
  return { state: 'partial', mode, bytes: 0, maker: 'us', replaced: undefined }
}

/** Bytes without links, which Kubo has to store. */
function isPlainBlock(cid: CID): boolean {
  return cid.code === rawCode && inlineBytes(cid) === undefined
}

function within(cid: CID, bytes: number, bytesMax: number): { bytes: number } {
  if (bytes <= bytesMax) return { bytes }
  throw new ContentError('limit', `${cid} has ${bytes} bytes, more than the ${bytesMax} allowed`)
}
