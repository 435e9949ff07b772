// Frames out and in again: whatever the files and however the bytes are cut on the way, the same comes out; and no cut
// or changed byte makes the reader hang or throw anything but a refusal.

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader } from '../src/frame-reader.ts'
import { FrameWriter } from '../src/frame-writer.ts'
import { collect, cut } from './started.ts'

type File = { path: string; pieces: Uint8Array[] | undefined }

const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !/[/\0]|^\.\.?$/.test(text))
const files: fc.Arbitrary<File[]> = fc.array(
  fc.record({
    path: fc.array(name, { maxLength: 4 }).map((names) => names.join('/')),
    pieces: fc.option(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), { nil: undefined })
  }),
  { maxLength: 6 }
)

test('what is written is read, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 200 }), async (list, pieceBytes) => {
      const read = await readAll(cut(await bytesOf(list), pieceBytes))
      const expected = list.map(({ path, pieces }) => [path, pieces && Buffer.concat(pieces).toString('hex')])
      assert.deepEqual(read, expected)
    })
  )
})

test('a cut or changed stream is read or refused, never more', async () => {
  const changes = fc.record({ at: fc.nat(), to: fc.nat(255), end: fc.option(fc.nat()) })
  await fc.assert(
    fc.asyncProperty(files, changes, async (list, { at, to, end }) => {
      const bytes = await bytesOf(list)
      bytes[at % bytes.length] = to
      const sent = end === null ? bytes : bytes.subarray(0, end % bytes.length)
      try {
        await readAll(cut(sent, 50))
        assert.equal(end, null, 'a cut stream was taken for whole')
      } catch (error) {
        assert.match((error as { code: string }).code, /^MESH_/)
      }
    }),
    { numRuns: 500 }
  )
})

async function bytesOf(list: File[]): Promise<Buffer> {
  const through = new PassThrough()
  const all = collect<Buffer>(through)
  const frames = new FrameWriter(through)
  for (const { path, pieces } of list) {
    const content =
      pieces &&
      (async function* () {
        yield* pieces
      })()
    await frames.entry({ path, kind: pieces === undefined ? 'folder' : 'file' }, content)
  }
  await frames.end()
  through.end()
  return Buffer.concat(await all)
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<(string | undefined)[][]> {
  const all: (string | undefined)[][] = []
  for await (const { path, content } of new FrameReader(source).entries()) {
    all.push([path, content && Buffer.concat(await collect(content)).toString('hex')])
  }
  return all
}
