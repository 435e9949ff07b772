// The examples that end by themselves do what they say. The demo takes half a minute and four processes: `npm run demo`.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

test('two peers in one process keep a file twice and give it back', async () => {
  const example = fileURLToPath(new URL('../examples/library.ts', import.meta.url))
  const run = promisify(execFile)
  const { stdout, stderr } = await run(process.execPath, ['--conditions=@pinmesh/source', example], { timeout: 90_000 })
  assert.equal(stderr, '')
  assert.match(stdout, /^Two peers are in the mesh "example"\.\n/)
  assert.match(stdout, /^2 of 2 copies of baf\w+$/m)
  assert.match(stdout, /^The other peer says: Hello, mesh!\n$/m)
})
