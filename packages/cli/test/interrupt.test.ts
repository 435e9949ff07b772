// Ctrl-C ends whatever waits: for the peer, here one that takes requests and never answers, and for whoever reads the output.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { cids, peer } from '@pinmesh/node/fake'
import { Interrupted } from '../src/failure.ts'
import { tokenFileOf, writeApiFile } from '../src/home.ts'
import { run } from '../src/run.ts'
import { folder, mesh, served, worldOf } from './command.ts'

const [cid = '', another = ''] = cids
let asked = Promise.withResolvers<void>()
const silent = createServer(() => asked.resolve())

before(async () => new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve)))
after(() => silent.close())

const commands: readonly string[][] = [
  ['ls'],
  ['status'],
  ['status', cid],
  ['peers'],
  ['id'],
  ['watch'],
  ['du'],
  ['du', '--pins'],
  ['gc'],
  ['get', cid, '-o', '-'],
  ['get', cid, '-o', '-', '--car', '--timeout', '1h'],
  ['add', '-'],
  ['add', '-', '--wait', '--timeout', '1h'],
  ['pin', cid],
  ['pin', cid, '--wait', '--timeout', '1h'],
  ['pin', 'update', cid, another],
  ['unpin', cid],
  ['retry'],
  ['leave'],
  ['leave', '--stay'],
  ['invite'],
  ['invite', 'ls'],
  ['limbo', 'ls'],
  ['limbo', 'adopt', cid],
  ['writers', 'ls'],
  ['writers', 'add', peer],
  ['peers', 'vouch', peer],
  ['policy', 'show'],
  ['config', 'list'],
  ['token', 'ls'],
  ['doctor']
]

for (const words of commands) {
  test(`mesh ${words.join(' ')}`, { timeout: 60_000 }, async (t) => {
    const home = await folder(t)
    await writeFile(join(home, 'mesh.json'), '{}')
    await writeFile(tokenFileOf(home), `${'t'.repeat(43)}\n`, { mode: 0o600 })
    await writeApiFile(home, { host: '127.0.0.1', port: (silent.address() as { port: number }).port })
    const stop = new AbortController()
    asked = Promise.withResolvers()
    const door = { keptKubo: async () => undefined, keptSpace: async () => 1 }
    const ended = mesh([...words, '--home', home], { signal: stop.signal, stdin: 'some bytes', door })
    await Promise.race([asked.promise, ended])
    stop.abort(new Interrupted())
    const { exit, err } = await ended
    assert.equal(exit, 130, err)
    assert.match(err, /MESH_INTERRUPTED/)
  })
}

test('a list that nobody reads', { timeout: 60_000 }, async (t) => {
  const { home } = await served(t, {
    pins: {
      async *ls() {
        for (;;) yield Array.from({ length: 1000 }, () => ({ cid, want: 1, min: 1 }))
      }
    }
  })
  const stop = new AbortController()
  const stdout = new PassThrough()
  const waits = Promise.withResolvers<void>()
  const ended = run(['ls', '--home', home], worldOf({ signal: stop.signal }, stdout, new PassThrough().resume()))
  stdout.on('newListener', (event) => event === 'drain' && waits.resolve())
  await waits.promise
  stop.abort(new Interrupted())
  assert.equal(await ended, 130)
})
