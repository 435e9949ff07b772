/**
 * Content as a program asks for it: files become blocks here and pins of the mesh, blocks become files again.
 */
import type { Content } from '@pinmesh/ipfs'
import { answers, bareCid } from './answers.ts'
import { meshErrorOf } from './errors.ts'
import type { AddEntry, Added, AddOptions, ContentEntry, MeshContent } from './mesh-content.ts'
import { MeshError } from './mesh-error.ts'
import type { MeshPins, PinAnswer } from './mesh-pins.ts'
import { wishOf } from './peer-pins.ts'
import type { PeerParts } from './peer.ts'

export class PeerContent implements MeshContent {
  readonly #parts: PeerParts
  readonly #pins: MeshPins

  constructor(parts: PeerParts, pins: MeshPins) {
    this.#parts = parts
    this.#pins = pins
  }

  async add(entries: AsyncIterable<AddEntry>, options: AddOptions): Promise<Added> {
    const { content, core, shell } = this.#parts
    if (options.pin !== undefined && !core.isWriter) await this.#refuseEarly()
    const { budgetBytes, usedBytes } = core.space
    try {
      const added = await content.add(await sourceOf(entries, options.wrap), {
        bytesMax: Math.max(0, budgetBytes - usedBytes),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress })
      })
      if (options.pin === undefined) return added
      const wish = { ...wishOf({ ...options.pin, cid: added.cid }), bytes: added.bytes, heldHere: true }
      const [answer] = answers<PinAnswer>(await shell.command({ do: 'pin', wishes: [wish] }), 'pin')
      if (answer === undefined || 'error' in answer) {
        await content.release(added.cid)
        throw answer?.error ?? new MeshError('MESH_INTERNAL', 'The pin was not answered.')
      }
      return { ...added, ...answer }
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason
      throw meshErrorOf(error)
    } finally {
      const { usedBytes: now } = await content.space()
      shell.step({ kind: 'released', cid: '', usedBytes: now })
    }
  }

  async *get(cid: string, signal: AbortSignal): AsyncIterable<ContentEntry> {
    const { content, transport, shell, core } = this.#parts
    const bare = bareCid(cid)
    const sources = await this.#sources(bare)
    await Promise.all(sources.map(async (peer) => shell.dial(peer, core.addressesOf(peer))))
    try {
      yield* content.get(bare, { sources: sources.length > 0 ? sources : transport.connections(), signal })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw meshErrorOf(error)
    }
  }

  /** Throws what a pin would be refused with, before anything is added. */
  async #refuseEarly(): Promise<void> {
    const reply = await this.#parts.shell.command({ do: 'pin', wishes: [{ cid: 'bafkqaaa', anyway: true }] })
    const [answer] = answers<PinAnswer>(reply, 'pin')
    if (answer !== undefined && 'error' in answer) throw answer.error
  }

  /** Who is said to hold it, this peer left out; nobody where it is not pinned. */
  async #sources(cid: string): Promise<string[]> {
    try {
      const { peers } = await this.#pins.status(cid)
      return peers
        .filter((one) => one.state === 'held' && one.peer !== this.#parts.transport.peer)
        .map((one) => one.peer)
    } catch (error) {
      if (error instanceof MeshError && error.code === 'MESH_NOT_PINNED') return []
      throw error
    }
  }
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
