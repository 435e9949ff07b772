// A peer on another machine: by --api with a token, from a flag, a file or the environment; and the tokens themselves.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createApiServer } from '@pinmesh/api'
import { cids, type FakeNode, fakeNode, peer } from '@pinmesh/node/fake'
import { createProgram } from '../src/program.ts'
import { addedTo, folder, mesh, served } from './command.ts'
import type { Given, Ran } from './command.ts'

interface Remote {
  node: FakeNode
  url: string
  token: string
  /** Another machine: its home has nothing. */
  run(words: readonly string[], given?: Given): Promise<Ran>
}

async function remote(t: TestContext): Promise<Remote> {
  const node = fakeNode()
  const listen = { host: '127.0.0.1', port: 0 }
  const server = await createApiServer(node, { listen, tokenFile: join(await folder(t), 'api.token') })
  const at = await server.start()
  t.after(() => server.stop())
  assert.ok('port' in at)
  const nothing = await folder(t)
  const run = async (words: readonly string[], given?: Given): Promise<Ran> =>
    mesh([...words, '--home', join(nothing, 'home')], given)
  return { node, url: `http://127.0.0.1:${at.port}`, token: server.token, run }
}

function code({ objects, exit }: Ran): [unknown, number] {
  return [(objects.at(-1)?.error as { code?: string } | undefined)?.code, exit]
}

test('every command that asks a peer works from another machine', async (t) => {
  const { url, token, node, run } = await remote(t)
  const at = ['--api', url, '--token', token]
  const file = join(await folder(t), 'photo.jpg')
  await writeFile(file, 'abc')
  const words = [
    ['id'],
    ['peers'],
    ['pin', cids[1]!],
    ['add', file],
    ['ls'],
    ['status'],
    ['status', cids[1]!],
    ['unpin', cids[1]!],
    ['peers', 'vouch', peer],
    ['writers', 'add', peer],
    ['token', 'new', 'a'],
    ['token', 'ls'],
    ['token', 'rm', 'a']
  ]
  for (const some of words) {
    const ran = await run([...at, ...some])
    assert.equal(ran.exit, 0, `${some.join(' ')}: ${ran.err}`)
  }
  assert.deepEqual(addedTo(node).files, [['photo.jpg', 'abc']])
  assert.equal((await run(['id', '-q', ...at])).out, `${peer}\n`, 'the flags may stand behind the command')
})

/** Those that work on the machine that they run on. */
const here = /^(?:init|start|join|version|completion|service \w+|doctor|root (?:im|ex)port)$/
const words: Record<string, string> = {
  cid: cids[1]!,
  old: cids[2]!,
  new: cids[3]!,
  peer,
  name: 'zone',
  value: 'cellar',
  invitation: '1'
}
/** What a command wants besides. */
const besides: Record<string, string[]> = { 'policy set': ['--replicas', '2'] }

function leaves(command: ReturnType<typeof createProgram>, path: string[]): string[][] {
  const args = command.registeredArguments.map((one) => one.name())
  const yes = command.options.some(({ long }) => long === '--yes') ? ['--yes'] : []
  const isLeaf = command.commands.length === 0 || args.length > 0
  const own = isLeaf ? [[...path, ...args.map((name) => `<${name}>`), ...yes]] : []
  return [...own, ...command.commands.flatMap((one) => leaves(one as typeof command, [...path, one.name()]))]
}

test('no command asks the peer of the home where another is named', async (t) => {
  const home = await served(t)
  const file = join(await folder(t), 'file')
  await writeFile(file, 'abc')
  const to = ['--api', 'http://127.0.0.1:1', '--token', 'A'.repeat(43), '--json']
  for (const leaf of leaves(
    createProgram(() => async () => {}),
    []
  )) {
    const name = leaf.filter((word) => /^\w/.test(word)).join(' ')
    if (here.test(name)) continue
    const line = leaf.map((word) => (word === '<path>' ? file : (words[/^<(.*)>$/.exec(word)?.[1] ?? ''] ?? word)))
    assert.ok(!line.some((word) => word.startsWith('<')), `give this test a word for ${line.join(' ')}`)
    const ran = await home.run([...line, ...(besides[name] ?? []), ...to])
    assert.match(ran.err, /No peer answers at 127\.0\.0\.1:1\. \(MESH_NOT_RUNNING\)/, line.join(' '))
  }
  assert.deepEqual(home.node.asked, [])
})

test('the token comes by flag, by file or from the environment, in this order', async (t) => {
  const { url, token, run } = await remote(t)
  const tokenFile = join(await folder(t), 'token')
  await writeFile(tokenFile, `${token}\n`)
  const wrong = 'A'.repeat(43)
  const id = ['id', '--json', '--api', url]
  const good: [string[], Record<string, string>][] = [
    [[...id, '--token', token], { MESH_TOKEN: wrong }],
    [[...id, '--token-file', tokenFile], { MESH_TOKEN: wrong }],
    [id, { MESH_TOKEN: token }],
    [id, { MESH_TOKEN: token, MESH_API_URL: 'https://elsewhere.invalid' }]
  ]
  for (const [words, env] of good) assert.equal((await run(words, { env })).objects[0]?.peer, peer, words.join(' '))
  const named = { MESH_TOKEN: token, MESH_API_URL: url }
  assert.equal((await mesh(['id', '--json'], { env: named })).objects[0]?.peer, peer)
  assert.deepEqual(code(await run(['id', '--json'], { env: named })), ['MESH_NOT_RUNNING', 2], 'a named home is meant')
  const bad: [string[], Record<string, string>, string, number][] = [
    [[...id, '--token', wrong], {}, 'MESH_API_TOKEN', 2],
    [id, {}, 'MESH_TOKEN_MISSING', 1],
    [id, { MESH_TOKEN: '' }, 'MESH_TOKEN_MISSING', 1],
    [id, { MESH_TOKEN: 'secret' }, 'MESH_BAD_VALUE', 1],
    [[...id, '--token-file', '/nowhere/token'], {}, 'MESH_BAD_VALUE', 1],
    [['ls', '--json'], { MESH_TOKEN: token }, 'MESH_NOT_RUNNING', 2]
  ]
  for (const [words, env, expected, exit] of bad) {
    const ran = await run(words, { env })
    assert.deepEqual(code(ran), [expected, exit], `${words.join(' ')} ${JSON.stringify(env)}`)
    assert.doesNotMatch(ran.err + ran.out, /secret|AAAA/, 'a token is not told')
  }
})

test('plain HTTP to another machine needs --insecure; loopback and https do not', async (t) => {
  const { url, token, run } = await remote(t)
  const ask = async (api: string, more: string[] = []): Promise<unknown> =>
    code(await run(['id', '--json', '--api', api, '--token', token, ...more]))[0]
  assert.equal(await ask('http://mesh.invalid:4103'), 'MESH_API_INSECURE')
  assert.equal(await ask('http://127.0.0.1.mesh.invalid'), 'MESH_API_INSECURE')
  assert.equal(await ask('http://mesh.invalid:4103', ['--insecure']), 'MESH_API_UNREACHABLE')
  assert.equal(await ask('https://mesh.invalid'), 'MESH_API_UNREACHABLE')
  assert.equal(await ask(url), undefined)
  assert.equal(await ask(url.replace('127.0.0.1', 'localhost')), undefined)
  assert.equal(await ask('http://127.0.0.1:1'), 'MESH_NOT_RUNNING')
  for (const no of ['127.0.0.1:4103', 'ftp://a', 'https://me:secret@a', 'https://a/?token=b', 'nonsense']) {
    assert.equal(await ask(no), 'MESH_BAD_VALUE', no)
  }
})

test('what makes no sense from elsewhere is refused', async (t) => {
  const { url, token, run } = await remote(t)
  assert.deepEqual(code(await run(['init', '--json', '--api', url, '--token', token])), ['MESH_USAGE', 1])
})

test('tokens are made, listed and ended, with a running peer and without', async (t) => {
  const running = await served(t)
  const alone = await folder(t)
  await writeFile(join(alone, 'mesh.json'), '{}')
  for (const home of [running.home, alone]) {
    const token = async (...words: string[]): Promise<Ran> => mesh(['token', ...words, '--home', home, '--json'])
    const made = (await token('new', 'laptop', '--scope', 'pin', '--expire-in', '90d')).objects[0]!
    assert.match(String(made.token), /^[\w-]{43}$/)
    assert.equal(Number(made.expiresAt) - Number(made.createdAt), 90 * 86_400_000)
    const { token: _token, ...info } = made
    await token('new', 'monitoring')
    const [first, second] = (await token('ls')).objects
    assert.deepEqual([first, second?.name, second?.scope], [info, 'monitoring', 'read'])
    assert.deepEqual(code(await token('new', 'laptop')), ['MESH_TOKEN_TAKEN', 2])
    assert.deepEqual((await token('rm', 'laptop')).objects, [{ name: 'laptop', removed: true }])
    assert.deepEqual(code(await token('rm', 'laptop')), ['MESH_TOKEN_UNKNOWN', 2])
    for (const name of ['', '../x', 'a b']) assert.deepEqual(code(await token('new', name)), ['MESH_BAD_VALUE', 1])
    const text = await mesh(['token', 'ls', '--home', home])
    assert.match(text.out, /^monitoring +read +made \d{4}-/)
  }
  const quiet = await running.run(['token', 'new', 'q', '-q'])
  assert.match(quiet.out, /^[\w-]{43}\n$/)
  assert.equal(quiet.err, '')
  const nowhere = await mesh(['token', 'ls', '--json', '--home', join(alone, 'none')])
  assert.deepEqual(code(nowhere), ['MESH_HOME_MISSING', 1])
})

test('a token made while no peer ran is good once it does, for its scope', async (t) => {
  const { run } = await served(t)
  const { out } = await run(['token', 'new', 'reader', '-q'])
  const as = ['--json', '--token', out.trim()]
  assert.equal((await run(['ls', ...as])).exit, 0)
  const refused = await run(['pin', cids[0]!, ...as])
  assert.deepEqual(code(refused), ['MESH_API_SCOPE', 2])
  assert.match(refused.err, /The token reader is for read; this needs one for pin\. \(MESH_API_SCOPE\)\n.*--scope pin/)
})
