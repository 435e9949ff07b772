// What all commands share: help, usage, the home, and how whatever goes wrong is told.

import assert from 'node:assert/strict'
import { mkdir, rmdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { cids } from '@pinmesh/node/fake'
import { homeOf } from '../src/home.ts'
import { createProgram } from '../src/program.ts'
import { version } from '../src/version.ts'
import { folder, mesh, served } from './command.ts'

test('help teaches by example and is no error', async () => {
  for (const words of [['--help'], ['pin', '--help'], ['peers', '--help'], ['writers', 'add', '-h']]) {
    const { exit, out, err } = await mesh(words)
    assert.deepEqual([exit, err], [0, ''])
    assert.match(out, /mesh \w+/)
    assert.match(out, /Example|first peer/)
  }
})

test('a command is found whether its part of the program is made alone or with all others', () => {
  const act = () => async (): Promise<void> => {}
  const all = createProgram(act).commands.map((command) => command.name())
  assert.ok(all.length > 20)
  for (const name of all) {
    const made = createProgram(act, {}, ['--json', name]).commands.map((command) => command.name())
    assert.ok(made.includes(name), name)
    if (name !== 'completion') assert.ok(made.length < all.length / 2, `${name} is in no part of its own`)
  }
  for (const words of [['nonsense'], ['--help', 'ls'], ['ls', '-h'], ['completion', 'ls'], ['--token', 'ls']])
    assert.equal(createProgram(act, {}, words).commands.length, all.length)
})

test('without a command there is help on stderr, and exit code 1', async () => {
  for (const words of [[], ['writers']]) {
    const { exit, out, err } = await mesh(words)
    assert.deepEqual([exit, out], [1, ''])
    assert.match(err, /^Usage: mesh/)
    const asJson = await mesh([...words, '--json'])
    const { code } = asJson.objects[0]!.error as { code: string }
    assert.deepEqual([asJson.exit, code], [1, 'MESH_USAGE'])
  }
})

test('wrong usage is a sentence with a guess', async () => {
  const wrong: [string[], RegExp][] = [
    [['pni'], /^mesh: Unknown command 'pni'\. \(MESH_USAGE\)\n {2}Did you mean pin\?\n$/],
    [['ls', '--jsn'], /^mesh: Unknown option '--jsn'\. \(MESH_USAGE\)\n {2}Did you mean --json\?\n$/],
    [['pin'], /^mesh: Missing required argument 'cid'\. \(MESH_USAGE\)/],
    [['peers', 'vuoch'], /MESH_USAGE/],
    [['start', '--gossip', 'maybe'], /Allowed choices are on, off\. \(MESH_USAGE\)/],
    [['start', '--space', 'much'], /^mesh: "much" is not a size\. \(MESH_BAD_VALUE\)\n {2}Give/],
    [['pin', '--wait', '0', cids[0]!], /MESH_BAD_VALUE/],
    [['pin', '-', '-'], /MESH_USAGE/]
  ]
  for (const [words, expected] of wrong) {
    const { exit, out, err } = await mesh(words)
    assert.deepEqual([exit, out], [1, ''], words.join(' '))
    assert.match(err, expected)
  }
})

test('with --json an error stands on stdout too', async (t) => {
  const home = await folder(t)
  const { exit, objects, err } = await mesh(['--json', 'ls', '--home', home])
  assert.equal(exit, 2)
  const { code, message, remedy } = objects[0]!.error as { code: string; message: string; remedy: string }
  assert.equal(code, 'MESH_NOT_RUNNING')
  assert.equal(err, `mesh: ${message} (${code})\n  ${remedy}\n`)
  assert.deepEqual((await mesh(['ls', '--', '--json'])).out, '')
})

test('a home that may not be looked into is told from one without a peer', async (t) => {
  const home = await folder(t)
  await writeFile(join(home, 'mesh.json'), '{}')
  for (const [name, words] of [
    ['api.json', ['ls']],
    ['config.json', ['config', 'list']]
  ] as const) {
    await mkdir(join(home, name)) // root, too, cannot read that as a file
    const { exit, err } = await mesh([...words, '--home', home])
    assert.equal(exit, 2)
    assert.match(err, new RegExp(`${name} cannot be read \\(EISDIR\\)\\. \\(MESH_HOME_DENIED\\)`))
    await rmdir(join(home, name))
  }
})

test('no peer: neither a file, nor a socket, nor a token', async (t) => {
  const home = await folder(t)
  const file = join(home, 'api.json')
  const listens = [
    '',
    'null',
    '{}',
    '{"listen":{"host":"127.0.0.1"}}',
    JSON.stringify({ listen: { socketPath: join(home, 'no.sock') } })
  ]
  for (const text of listens) {
    await writeFile(file, text)
    assert.match((await mesh(['id', '--home', home])).err, /MESH_NOT_RUNNING/, text)
  }
  await writeFile(join(home, 'api.token'), `${'A'.repeat(43)}\n`)
  assert.match((await mesh(['id', '--home', home])).err, /No peer runs on the home .* \(MESH_NOT_RUNNING\)/)
})

test('the home is told by flag, by environment, or stands below the own folder', () => {
  const world = { env: {}, userFolder: '/nowhere' }
  assert.equal(homeOf(world), resolve('/nowhere/.pinmesh'))
  assert.equal(homeOf({ ...world, env: { MESH_HOME: '/srv/a' } }), resolve('/srv/a'))
  assert.equal(homeOf({ ...world, env: { MESH_HOME: '' } }), resolve('/nowhere/.pinmesh'))
  assert.equal(homeOf({ ...world, env: { MESH_HOME: '/srv/a' } }, 'b'), resolve('b'))
})

test('a bug is one sentence; its details are in a file', async (t) => {
  const home = await folder(t)
  const initHome = async (): Promise<never> => {
    throw new TypeError('x is not a function')
  }
  const { exit, err, out } = await mesh(['init', '--home', home], { door: { initHome } })
  assert.deepEqual([exit, out], [2, ''])
  assert.equal(
    err,
    `mesh: Something went wrong inside pinmesh. (MESH_INTERNAL)\n  Please report it, with what stands in ${join(home, 'mesh-errors.log')}.\n`
  )
  assert.match(await readFile(join(home, 'mesh-errors.log'), 'utf8'), /TypeError: x is not a function\n {4}at /)
})

test('an error with a code of ours keeps it', async (t) => {
  const { run } = await served(t, {
    pins: {
      add: async () => {
        throw Object.assign(new Error('The store failed.'), { code: 'MESH_STORE_FAILED' })
      }
    }
  })
  assert.equal((await run(['pin', cids[0]!])).err, 'mesh: The store failed. (MESH_STORE_FAILED)\n')
})

test('the version is that of the package', async () => {
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  assert.equal(version, manifest.version)
  assert.equal((await mesh(['--version'])).out, `${version}\n`)
  assert.deepEqual((await mesh(['version', '--json'])).objects, [{ version, node: process.versions.node }])
})
