// How far a call is, told in events.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type AddEntry, createNode, initHome } from '@pinmesh/node'

const home = mkdtempSync(join(tmpdir(), 'pinmesh-progress-'))
after(() => rmSync(home, { recursive: true, force: true }))

async function* oneFile(bytes: number): AsyncGenerator<AddEntry> {
  const content = (async function* () {
    for (let left = bytes; left > 0; left -= 1_000_000) yield new Uint8Array(Math.min(left, 1_000_000)).fill(left % 251)
  })()
  yield { path: 'file', content }
}

test('an add tells the bytes written so far, a clearing what it has deleted', async () => {
  await initHome({ home, open: true, profile: 'test', spaceBytes: 1e8 })
  const node = await createNode({ home, listen: ['/ip4/127.0.0.1/tcp/0'], profile: 'test' })
  try {
    const written: number[] = []
    const { bytes } = await node.content.add(oneFile(3_500_000), {
      wrap: false,
      onProgress: ({ type, detail }) => {
        assert.equal(type, 'pinmesh:add:bytes')
        written.push(detail.bytes)
      }
    })
    assert.ok(written.length > 1 && written.every((one, n) => n === 0 || one > written[n - 1]!))
    assert.equal(written.at(-1), bytes)
    const deleted: object[] = []
    await node.content.gc({ onProgress: ({ type, detail }) => deleted.push({ type, ...detail }) })
    assert.deepEqual(deleted.at(-1), { type: 'pinmesh:gc:deleted', deleted: 1 })
  } finally {
    await node.stop()
  }
})
