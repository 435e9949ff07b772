// The content of the fake node: what was added comes back, under the paths that it was added with. A CAR is one file like
// others. What is told of space and trash is made up.

import { createHash } from 'node:crypto'
import type { Added, ContentEntry, MeshContent } from '../mesh-content.ts'
import { MeshError } from '../mesh-error.ts'
import type { PinRequest, Refused } from '../mesh-pins.ts'
import { pinOne } from './pins.ts'
import { cids, type FakeFiles, type FakeState } from './state.ts'

const pieceBytes = 100_000

export function fakeContent(state: FakeState): MeshContent {
  const { contents, asked } = state
  const keep = (files: FakeFiles, pin: Omit<PinRequest, 'cid'> | undefined): Added | Refused => {
    const cid = cidOf(files)
    contents.set(cid, files)
    let bytes = 0
    for (const one of files.values()) bytes += one?.length ?? 0
    return { bytes, cid, ...(pin && pinOne(state, { ...pin, cid })) }
  }
  return {
    async add(entries, { onProgress, signal: _signal, ...options }) {
      asked.push(options)
      const files: FakeFiles = new Map()
      let bytes = 0
      const counted = (piece: Uint8Array): void => {
        bytes += piece.length
        onProgress?.({ type: 'pinmesh:add:bytes', detail: { bytes } })
      }
      for await (const { path, content } of entries) files.set(path, content ? await whole(content, counted) : null)
      const added = keep(files, options.pin)
      if ('error' in added) throw added.error
      return added
    },
    async addCar(car, { pin }) {
      const bytes = await whole(car)
      asked.push({ car: bytes.length, pin })
      return [keep(new Map([['', bytes]]), pin)]
    },
    async *get(cid, { path, from } = {}) {
      const files = filesOf(contents, cid, path)
      const first = from === undefined ? 0 : files.findIndex(([at]) => at === from.path)
      if (first < 0) throw new MeshError('MESH_CONTENT_REFUSED', 'There is no such place.', { exit: 2 })
      for (const [at, bytes] of files.slice(first)) yield entryOf(at, bytes, at === from?.path ? from.offset : 0)
    },
    async *getCar(cid, { path } = {}) {
      for (const [, bytes] of filesOf(contents, cid, path)) yield* cut(bytes)
    },
    async gc({ onProgress, now } = {}) {
      asked.push({ now })
      onProgress?.({ type: 'pinmesh:gc:deleted', detail: { deleted: 3 } })
      await new Promise((resolve) => setImmediate(resolve))
      const until = Date.UTC(2030, 0, 1)
      return { pins: 2, copies: 1, freedBytes: 3e6, stays: [{ why: 'promised', pins: 4, bytes: 8e6, until }] }
    },
    space: async () => ({
      budgetBytes: 10e9,
      usedBytes: 4e9,
      reservedBytes: 1e9,
      held: { pins: 3, bytes: 4.5e9 },
      trash: { pins: 1, bytes: 2e6 },
      limbo: { pins: 0, bytes: 0 },
      copies: { pins: 0, bytes: 0 }
    }),
    async *spaceOfPins() {
      yield [{ cid: cids[0]!, bytes: 3e9, state: 'held' }]
      yield [{ cid: cids[1]!, bytes: 2e6, state: 'trash' }]
    }
  }
}

async function whole(content: AsyncIterable<Uint8Array>, counted?: (piece: Uint8Array) => void): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) {
    counted?.(piece)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** That of one raw block: where one small file was added without a folder, the very one that any peer gives it. */
function cidOf(files: FakeFiles): string {
  const hash = createHash('sha256')
  for (const [path, bytes] of files) {
    if (files.size > 1) hash.update(JSON.stringify([path, bytes?.length]))
    hash.update(bytes ?? '')
  }
  const digits = (BigInt(`0x01551220${hash.digest('hex')}`) << 2n).toString(32).padStart(58, '0')
  return `b${digits.replace(/./g, (digit) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(digit, 32)]!)}`
}

/** MESH_CONTENT_UNREACHABLE, MESH_PATH_MISSING. */
function filesOf(contents: FakeState['contents'], cid: string, below?: string): [string, Uint8Array | null][] {
  const files = contents.get(cid)
  if (files === undefined)
    throw new MeshError('MESH_CONTENT_UNREACHABLE', 'Nobody has it.', { exit: 3, remedy: 'Add it.' })
  if (below === undefined) return [...files]
  const found = [...files].filter(([path]) => path === below || path.startsWith(`${below}/`))
  if (found.length === 0) throw new MeshError('MESH_PATH_MISSING', 'There is nothing at that path.', { exit: 1 })
  return found.map(([path, bytes]) => [path.slice(below.length + 1), bytes])
}

function entryOf(path: string, bytes: Uint8Array | null, offset: number): ContentEntry {
  if (bytes === null) return { path, kind: 'folder', size: 0 }
  return { path, kind: 'file', size: bytes.length, content: cut(bytes.subarray(offset)) }
}

async function* cut(bytes: Uint8Array | null): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; bytes !== null && start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes)
}
