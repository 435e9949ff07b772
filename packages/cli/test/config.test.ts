// Settings: the first of flag, environment and config that says something; kept in the home; told with where they come
// from.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fakeNode } from '@pinmesh/node/fake'
import { Interrupted } from '../src/failure.ts'
import type { NodeDoor, StartSettings } from '../src/node-door.ts'
import { run } from '../src/run.ts'
import { settings, variableOf } from '../src/settings.ts'
import { folder, mesh, served, worldOf } from './command.ts'
import type { Ran } from './command.ts'

/** A home that has a mesh, and a door that knows its budget. */
async function homeAlone(t: TestContext): Promise<{ home: string; door: Partial<NodeDoor> }> {
  const home = await folder(t)
  await writeFile(join(home, 'mesh.json'), '{}')
  let bytes = 5e9
  const keepSpace = async (_home: string, to = 10e9): Promise<number> => (bytes = to)
  const door = { keptSpace: async () => bytes, keepSpace, keptKubo: async () => undefined }
  return { home, door }
}

function code({ objects, exit }: Ran): [unknown, number] {
  return [(objects.at(-1)?.error as { code?: string } | undefined)?.code, exit]
}

/** What a start on this home asks of the node. */
async function startedWith(home: string, words: string[], env: Record<string, string>): Promise<StartSettings> {
  const stopping = new AbortController()
  const asked: StartSettings[] = []
  const createNode = async ({ signal: _signal, ...wanted }: StartSettings): Promise<ReturnType<typeof fakeNode>> => {
    asked.push(wanted)
    return fakeNode()
  }
  const stdout = new PassThrough()
  const world = worldOf({ door: { createNode }, signal: stopping.signal, env }, stdout, new PassThrough())
  const ended = run(['start', '--home', home, '--json', ...words], world)
  await Promise.race([once(stdout, 'data'), ended])
  stopping.abort(new Interrupted())
  assert.equal(await ended, 0)
  return asked[0]!
}

test('with a running peer and without, what is set is kept, listed with its source, and forgotten again', async (t) => {
  const running = await served(t)
  const alone = await homeAlone(t)
  for (const [home, door, applies] of [
    [running.home, {}, 'start'],
    [alone.home, alone.door, 'now']
  ] as const) {
    const config = async (...words: string[]): Promise<Ran> =>
      mesh(['config', ...words, '--json', '--home', home], { door })
    assert.deepEqual((await config('set', 'zone', 'cellar')).objects, [{ name: 'zone', value: 'cellar', applies }])
    assert.deepEqual((await config('set', 'listen', '/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2/ws')).exit, 0)
    assert.equal((await stat(join(home, 'config.json'))).mode & 0o777, 0o600)
    const [zone] = (await config('get', 'zone')).objects
    const { unit, why } = settings.find(({ name }) => name === 'zone')!
    const about = { unit, default: 'none', why }
    assert.deepEqual(
      zone,
      applies === 'now'
        ? { name: 'zone', value: 'cellar', source: 'config', ...about }
        : { name: 'zone', source: 'default', next: 'cellar', ...about }
    )
    const listed = (await config('list')).objects
    assert.deepEqual(
      listed.map(({ name }) => name),
      settings.map(({ name }) => name)
    )
    assert.deepEqual((await config('unset', 'zone')).objects, [{ name: 'zone', applies }])
    assert.equal((await config('get', 'zone')).objects[0]?.source, 'default')
    const text = await mesh(['config', 'list', '--home', home], { door })
    assert.match(text.out, /^gossip +on +default\n {2}on, off; default: on\. Off, everything travels by sync/m)
  }
})

test('a Kubo that was told once, at a start or a join, is listed as what the home keeps', async (t) => {
  const { home, door } = await homeAlone(t)
  const api = '/ip4/127.0.0.1/tcp/5001'
  const get = async (): Promise<unknown> => {
    const given = { door: { ...door, keptKubo: async () => api } }
    const [row] = (await mesh(['config', 'get', 'kubo', '--json', '--home', home], given)).objects
    return [row?.value, row?.source]
  }
  assert.deepEqual(await get(), [api, 'config'])
  await mesh(['config', 'set', 'kubo', 'off', '--home', home], { door })
  assert.deepEqual(await get(), ['off', 'config'])
})

test('an empty value is refused with the way back to the default', async (t) => {
  const { run } = await served(t)
  const { exit, err } = await run(['config', 'set', 'zone', ''])
  assert.equal(exit, 1)
  assert.match(err, /mesh config unset zone[^]*\(MESH_BAD_VALUE\)|\(MESH_BAD_VALUE\)[^]*mesh config unset zone/)
})

test('space changes at once where a peer runs, and in the home where none does', async (t) => {
  const { run: ask, node } = await served(t)
  const set = await ask(['config', 'set', 'space', '200GB', '--json'])
  assert.deepEqual(set.objects, [{ name: 'space', value: 200e9, applies: 'now' }])
  assert.deepEqual(node.asked, [{ bytes: 200e9 }])
  assert.equal((await ask(['config', 'set', 'space', '1GiB'])).out, 'space is 1.07 GB.\n')

  const { home, door } = await homeAlone(t)
  await mesh(['config', 'set', 'space', '7GB', '--home', home], { door })
  assert.equal((await mesh(['config', 'get', 'space', '--home', home], { door })).out, '7000000000\n')
  await mesh(['config', 'unset', 'space', '--home', home], { door })
  assert.equal((await mesh(['config', 'get', 'space', '--home', home], { door })).out, '10000000000\n')
})

test('flag goes before environment, environment before config, config before default', async (t) => {
  const { home } = await homeAlone(t)
  const write = async (text: object): Promise<void> =>
    writeFile(join(home, 'config.json'), JSON.stringify({ version: 1, settings: text }))
  assert.equal((await startedWith(home, [], {})).zone, undefined)
  await write({ zone: ['from config'], gossip: ['off'], mdns: ['on'], announce: ['/ip4/192.0.2.7/tcp/1'] })
  const config = await startedWith(home, [], {})
  assert.deepEqual([config.zone, config.gossip, config.mdns], ['from config', false, true])
  assert.deepEqual(config.announce, ['/ip4/192.0.2.7/tcp/1'])
  const env = { MESH_ZONE: 'from env', MESH_GOSSIP: 'on', MESH_ANNOUNCE: '/ip4/192.0.2.8/tcp/1 /ip4/192.0.2.9/tcp/1' }
  const environment = await startedWith(home, [], env)
  assert.deepEqual([environment.zone, environment.gossip], ['from env', true])
  assert.deepEqual(environment.announce, ['/ip4/192.0.2.8/tcp/1', '/ip4/192.0.2.9/tcp/1'])
  assert.equal((await startedWith(home, ['--zone', 'from flag'], env)).zone, 'from flag')
  assert.equal((await startedWith(home, [], { MESH_ZONE: '' })).zone, 'from config', 'an empty variable says nothing')
})

test('a wrong value is refused wherever it stands, and says where that is', async (t) => {
  const { home, door } = await homeAlone(t)
  const start = async (env: Record<string, string> = {}): Promise<Ran> =>
    mesh(['start', '--json', '--home', home], { env })
  const wrong: Record<string, string> = {
    space: 'much',
    gossip: 'maybe',
    listen: 'here',
    announce: 'there',
    profile: 'fast',
    routing: 'on',
    router: 'ftp://example.org',
    serve: 'all',
    mdns: '1',
    zone: 'x'.repeat(33),
    kubo: '127.0.0.1:5001',
    sharedBackend: 'perhaps',
    api: 'nowhere'
  }
  for (const setting of settings) {
    const { name } = setting
    const value = wrong[name]!
    const expected = ['listen', 'announce', 'kubo'].includes(name) ? 'MESH_BAD_ADDRESS' : 'MESH_BAD_VALUE'
    const set = await mesh(['config', 'set', name, value, '--json', '--home', home], { door })
    assert.deepEqual(code(set), [expected, 1], name)
    const started = await start({ [variableOf(setting)]: value })
    assert.deepEqual(code(started), [expected, 1], name)
    assert.match(started.err, new RegExp(variableOf(setting)))
    if (name === 'space') continue // it is not kept there
    await writeFile(join(home, 'config.json'), JSON.stringify({ version: 1, settings: { [name]: [value] } }))
    const kept = await start()
    assert.deepEqual(code(kept), [expected, 1], name)
    assert.match(kept.err, /config\.json/)
    await writeFile(join(home, 'config.json'), '{"version":1,"settings":{}}')
  }
  for (const words of [['set', 'zone', 'a', 'b'], ['set', 'zone'], ['get']]) {
    assert.deepEqual(code(await mesh(['config', ...words, '--json', '--home', home], { door })), ['MESH_USAGE', 1])
  }
})

test('settings that are not known are refused, at the door and in the file', async (t) => {
  const { home, door } = await homeAlone(t)
  const { run: ask } = await served(t)
  for (const words of [
    ['get', 'colour'],
    ['set', 'colour', 'red'],
    ['unset', 'colour'],
    ['set', '__proto__', 'x']
  ]) {
    const alone = await mesh(['config', ...words, '--json', '--home', home], { door })
    assert.deepEqual(code(alone), ['MESH_UNKNOWN_SETTING', 1], words.join(' '))
    assert.deepEqual(code(await ask(['config', ...words, '--json'])), ['MESH_UNKNOWN_SETTING', 1], words.join(' '))
  }
  const damaged = ['', '{', '[]', 'null', '{"version":2,"settings":{}}', '{"version":1}']
  const unknown = ['{"colour":["red"]}', '{"space":["1GB"]}', '{"zone":"a"}', '{"zone":[]}', '{"zone":[1]}']
  for (const text of [...damaged, ...unknown.map((some) => `{"version":1,"settings":${some}}`)]) {
    await writeFile(join(home, 'config.json'), text)
    for (const words of [['start'], ['config', 'list'], ['config', 'set', 'zone', 'a']]) {
      const ran = await mesh([...words, '--json', '--home', home], { door })
      assert.deepEqual(code(ran), ['MESH_HOME_DAMAGED', 2], `${words.join(' ')} with ${text}`)
    }
    assert.equal(await readFile(join(home, 'config.json'), 'utf8'), text, 'it is left as it is')
  }
})

test('there is nothing to configure where there is no mesh', async (t) => {
  const home = await folder(t)
  const ran = await mesh(['config', 'list', '--json', '--home', join(home, 'none')])
  assert.deepEqual(code(ran), ['MESH_HOME_MISSING', 1])
})
