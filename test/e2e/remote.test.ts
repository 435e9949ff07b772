// A peer as an operator runs it: asked from elsewhere with a token over TCP, configured, looked at while it runs and while
// it does not.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { absentCid } from '../kit/cids.ts'
import { writeBytes } from '../kit/files.ts'
import { Lab } from '../kit/lab.ts'
import { type Ran, runMesh } from '../kit/mesh.ts'
import type { PeerProcess } from '../kit/peer.ts'
import { freePort } from '../kit/ports.ts'
import { until } from '../kit/until.ts'

const lab = new Lab('remote')
let a: PeerProcess
let port: number

before(async () => {
  port = await freePort()
  a = await lab.found('a', { flags: ['--api', `127.0.0.1:${port}`] })
})
after(async () => lab.close())

/** `mesh` on a machine that has no home. */
async function elsewhere(words: readonly string[], token: string): Promise<Ran> {
  const file = join(lab.folder, 'token')
  writeFileSync(file, token)
  const at = ['--api', `http://127.0.0.1:${port}`, '--token-file', file, '--home', lab.homeOf('nothing')]
  return runMesh([...words, ...at, '--json'])
}

function codeOf({ lines }: Ran): unknown {
  return (lines.at(-1)?.error as { code?: string } | undefined)?.code
}

async function checks(): Promise<Map<string, unknown>> {
  const { lines } = await a.try(['doctor'])
  return new Map(lines.map(({ name, state }) => [String(name), state]))
}

test('a token opens from elsewhere what it is for, until it is ended', async () => {
  const [{ token } = {}] = await a.run(['token', 'new', 'laptop', '--scope', 'pin'])
  const as = async (...words: string[]): Promise<Ran> => elsewhere(words, String(token))
  const cid = absentCid('remote')
  assert.equal((await as('pin', cid, '-r', '1')).lines[0]?.cid, cid)
  const file = writeBytes(join(lab.folder, 'file'), 'remote', 1_000_000)
  const [added] = (await as('add', file, '-r', '1')).lines
  const target = join(lab.folder, 'back')
  assert.equal((await as('get', String(added?.cid), '-o', target)).lines[0]?.bytes, 1_000_000)
  assert.equal((await as('ls')).lines.length, 2)
  assert.equal((await as('unpin', cid)).code, 0)
  for (const words of [
    ['token', 'ls'],
    ['config', 'set', 'zone', 'x'],
    ['peers', 'vouch', a.peer]
  ]) {
    const refused = await as(...words)
    assert.deepEqual([codeOf(refused), refused.code], ['MESH_API_SCOPE', 2], words.join(' '))
  }
  await a.run(['token', 'rm', 'laptop'])
  assert.equal(codeOf(await as('ls')), 'MESH_API_TOKEN')
  const bare = await runMesh(['ls', '--json', '--api', `http://192.0.2.7:${port}`, '--token', String(token)])
  assert.deepEqual([codeOf(bare), bare.code], ['MESH_API_INSECURE', 1])
})

test('a command that asks a peer starts without the heavy parts of Node', () => {
  const command = fileURLToPath(new URL('../../packages/cli/bin/mesh.cjs', import.meta.url))
  const tell = 'process.on("exit", () => console.error(process.moduleLoadList.join(" ")))'
  const words = ['--import', `data:text/javascript,${tell}`, command, 'ls', '--home', a.home]
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stderr, / http( |$)/m)
  for (const heavy of ['undici', 'http2', 'tls', 'child_process']) {
    assert.doesNotMatch(stderr, new RegExp(`NativeModule (internal/deps/${heavy}/)?${heavy}( |$)`, 'm'), heavy)
  }
})

test('the budget changes while the peer runs, other settings with its next start', async () => {
  await a.run(['config', 'set', 'space', '123MB'])
  assert.equal((await a.client.info()).spaceBytes, 123e6)
  await a.run(['config', 'set', 'zone', 'cellar'])
  const [before] = await a.run(['config', 'get', 'zone'])
  assert.deepEqual([before?.source, before?.value, before?.next], ['default', undefined, 'cellar'])
  await a.stop()
  await a.run(['config', 'set', 'space', '124MB'])
  a = await lab.start('a', { flags: ['--api', `127.0.0.1:${port}`] })
  const [now] = await a.run(['config', 'get', 'zone'])
  assert.deepEqual([now?.source, now?.value, now?.next], ['config', 'cellar', undefined])
  const rows = await a.run(['config', 'list'])
  const source = (name: string): unknown => rows.find((row) => row.name === name)?.source
  assert.deepEqual([source('api'), source('listen'), source('serve')], ['flag', 'flag', 'default'])
  assert.equal((await a.client.info()).spaceBytes, 124e6)
})

test('doctor finds a peer well while it runs, with others and alone, and while it does not', async () => {
  const alone = await checks()
  assert.deepEqual([alone.get('peer'), alone.get('store'), alone.get('ports')], ['ok', 'ok', 'ok'])
  assert.deepEqual([alone.get('clock'), alone.get('reachability')], ['unknown', 'unknown'])
  const b = await lab.join('b', a)
  await lab.meet([a, b])
  await until('b has connected to a, and a hears its clock', 20_000, async () => {
    const seen = await checks()
    return seen.get('reachability') === 'ok' && seen.get('clock') === 'ok'
  })
  await b.stop()
  await a.stop()
  const doors = (await lab.doorsOf('a')).map(({ port, tail }) => `/ip4/127.0.0.1/tcp/${port}${tail}`)
  await a.run(['config', 'set', 'listen', ...doors])
  const stopped = await checks()
  assert.deepEqual([stopped.get('peer'), stopped.get('store'), stopped.get('ports')], ['warn', 'ok', 'ok'])
  writeFileSync(join(a.home, 'store', 'CURRENT'), 'nonsense\n')
  const damaged = await a.try(['doctor'])
  assert.equal(damaged.code, 3)
  assert.equal(damaged.lines.find(({ name }) => name === 'store')?.state, 'fail')
})
