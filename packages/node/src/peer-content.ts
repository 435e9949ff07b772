/**
 * Content as a program asks for it: files become blocks here and pins of the mesh, blocks become files again.
 */
import type { AddOptions as PortOptions, Content, GetOptions as ReadOptions, Imported } from '@pinmesh/ipfs'
import { CustomProgressEvent } from 'progress-events'
import { answers, bareCid } from './answers.ts'
import { meshErrorOf } from './errors.ts'
import type { CallOptions } from './mesh-call.ts'
import type {
  AddEntry,
  Added,
  AddOptions,
  AddProgress,
  CarOptions,
  Collected,
  ContentEntry,
  GcOptions,
  GetOptions,
  ListOptions,
  MeshContent,
  PinUse,
  SpaceUse
} from './mesh-content.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshPins, PinAnswer, Refused } from './mesh-pins.ts'
import { wishOf } from './pin-wishes.ts'
import { readOptions, resolved } from './reading.ts'
import { PeerSpace } from './peer-space.ts'
import type { PeerParts } from './peer.ts'

export class PeerContent implements MeshContent {
  readonly #parts: PeerParts
  readonly #pins: MeshPins
  readonly #space: PeerSpace

  constructor(parts: PeerParts, pins: MeshPins) {
    this.#parts = parts
    this.#pins = pins
    this.#space = new PeerSpace(parts)
  }

  async add(entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added> {
    const { chunker } = options
    const [added] = await this.#arrive(options, async (port) => {
      const source = await sourceOf(entries, options.wrap)
      return [await this.#parts.content.add(source, chunker === undefined ? port : { ...port, chunker })]
    })
    if (added === undefined) throw new MeshError('MESH_INTERNAL', 'The pin was not answered.')
    if ('error' in added) throw added.error
    return added
  }

  async addCar(car: AsyncIterable<Uint8Array>, options: CarOptions): Promise<(Added | Refused)[]> {
    return this.#arrive(options, async (port) => this.#parts.content.importCar(car, port))
  }

  async *get(cid: string, options: ListOptions = {}): AsyncIterable<ContentEntry> {
    const { from } = options
    yield* this.#read(cid, options, (found, port) => this.#parts.content.get(found, { ...port, from }))
  }

  async *getCar(cid: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    yield* this.#read(cid, options, (found, port) => this.#parts.content.exportCar(found, port))
  }

  async gc(options: GcOptions = {}): Promise<Collected> {
    return this.#space.gc(options)
  }

  async space(options?: CallOptions): Promise<SpaceUse> {
    return this.#space.use(options)
  }

  spaceOfPins(options?: CallOptions): AsyncIterable<PinUse[]> {
    return this.#space.uses(options)
  }

  /** Brings content in and pins it. What then is not pinned, though it should be, does not stay. */
  async #arrive(options: CarOptions, bring: (port: PortOptions) => Promise<Imported[]>): Promise<(Added | Refused)[]> {
    const { core, shell } = this.#parts
    const { pin, signal, onProgress } = options
    signal?.throwIfAborted()
    if (pin !== undefined) await this.#refuseEarly(pin)
    const { budgetBytes, usedBytes, reservedBytes } = core.space
    const arrival = shell.arrivals.begin()
    let unpinned: string[] = []
    try {
      const brought = await bring({
        bytesMax: Math.max(0, budgetBytes - usedBytes - reservedBytes),
        onRoot: (cid) => arrival.add(cid),
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onProgress: (bytes) => onProgress(added(bytes)) })
      })
      if (pin === undefined) return brought
      unpinned = brought.map(({ cid }) => cid)
      await arrival.undisturbed()
      signal?.throwIfAborted()
      const pinned = await this.#pin(brought, pin)
      unpinned = pinned.flatMap((one) => ('error' in one ? [one.cid] : []))
      return pinned
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : meshErrorOf(error)
    } finally {
      arrival.end()
      await this.#space.drop(unpinned)
      await this.#space.refresh()
    }
  }

  async #pin(brought: readonly Imported[], pin: NonNullable<CarOptions['pin']>): Promise<(Added | Refused)[]> {
    const wishes = brought.map(({ cid, bytes }) => ({ ...wishOf({ ...pin, cid }), bytes, heldHere: true }))
    const answered = answers<PinAnswer>(await this.#parts.shell.command({ do: 'pin', wishes }), 'pin')
    return answered.map((answer, at) => ('error' in answer ? answer : { ...brought[at], ...answer })) as (
      | Added
      | Refused
    )[]
  }

  /** Finds who is said to hold it, and what lies at the path. */
  async *#read<T>(
    text: string,
    { path = '', signal = this.#parts.shell.stopped }: GetOptions,
    read: (cid: string, port: ReadOptions) => AsyncIterable<T>
  ): AsyncGenerator<T> {
    const { content } = this.#parts
    const cid = bareCid(text)
    const port = await readOptions(this.#parts, this.#pins, { cid, signal })
    try {
      const found = await resolved(content, { cid, path }, port)
      yield* read(found, port)
    } catch (error) {
      throw signal.aborted ? signal.reason : meshErrorOf(error)
    }
  }

  /** Throws what a pin would be refused with, before anything is added. */
  async #refuseEarly(pin: NonNullable<CarOptions['pin']>): Promise<void> {
    const wish = { ...wishOf({ ...pin, cid: 'bafkqaaa' }), dry: true }
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: [wish] })
    const [answer] = answers<PinAnswer>(reply, 'pin')
    if (answer !== undefined && 'error' in answer) throw answer.error
  }
}

function added(bytes: number): AddProgress {
  return new CustomProgressEvent('pinmesh:add:bytes', { bytes })
}

/** One file alone is added as it is; anything else as a folder. */
async function sourceOf(entries: AsyncIterable<AddEntry>, wrap: boolean): Promise<Parameters<Content['add']>[0]> {
  const from = entries[Symbol.asyncIterator]()
  const first = await from.next()
  if (first.done === true) return { folder: [] }
  const single = !wrap && !first.value.path.includes('/') && first.value.content !== undefined
  if (single) return first.value.content as AsyncIterable<Uint8Array>
  const rest = async function* (): AsyncIterable<AddEntry> {
    yield first.value
    for (let next = await from.next(); next.done !== true; next = await from.next()) yield next.value
  }
  return { folder: rest() }
}
